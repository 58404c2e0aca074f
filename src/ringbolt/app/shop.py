"""What the use cases work with: the open shop, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ringbolt.app.policies import Policies
from ringbolt.app.provider_success import ProviderSuccess
from ringbolt.app.sales_terms import SalesTerms
from ringbolt.clock import Clock
from ringbolt.core.calls.call import Clip
from ringbolt.core.keys import Keyring, hash_of
from ringbolt.core.notices import Notice
from ringbolt.core.pricing.costs import TextCosts
from ringbolt.core.pricing.prices import PriceList
from ringbolt.core.pricing.rates import RateCard
from ringbolt.lightning.node import LightningNode, SupportsPayments
from ringbolt.lightning.payout import AddressResolver
from ringbolt.mail.mailer import Mailer
from ringbolt.numbers.provider import NumberProvider
from ringbolt.registry.parts import Parts
from ringbolt.settings import Settings
from ringbolt.sms.carrier import SmsCarrier
from ringbolt.speech.engine import Speaker
from ringbolt.store.engine.db import Database
from ringbolt.upstream.fetch.webhook_client import WebhookClient
from ringbolt.voice.carrier import VoiceCarrier


class ProbedAudio(Protocol):
    """What the beginning of an audio file shows."""

    @property
    def duration_ms(self) -> int | None:
        """None if the beginning does not show it."""
        ...


class PlayableAudio(Protocol):
    """Audio behind a URL."""

    async def probe(self, url: str, client: str = "") -> ProbedAudio:
        """Look at its beginning, for ``client``. Raises ``AudioUnplayable`` if it cannot be
        played."""
        ...

    async def load(self, url: str, max_ms: int) -> Clip:
        """Fetch and decode it, no further than ``max_ms``. Raises ``AudioUnplayable``."""
        ...

    async def purge(self, older_than_s: float) -> int:
        """Remove decoded audio that was not used for that long; returns how many files."""
        ...


class NoticeRenderer(Protocol):
    """Renders the notices of an API family's orders for their receivers."""

    def render(self, notice: Notice, sequence: int) -> bytes:
        """The document, JSON; ``sequence`` counts the notices of its topic, from 1."""
        ...

    def finish(self, body: bytes) -> bytes:
        """The body to send of a notice that an earlier version stored, or that was sent before."""
        ...


@dataclass(frozen=True, slots=True)
class Shop:
    """Settings and every part that a use case may need. ``own_numbers`` provides the operator's
    own numbers (None: there are none), ``number_providers`` those of others. ``terms`` change while
    the shop is open.
    ``addresses`` is None where Lightning Addresses cannot be paid. ``base_url`` is the address of
    the shop on the outside, as far as it knows. ``renderers`` are by API family. ``policies`` are
    made of the settings."""

    settings: Settings
    db: Database
    clock: Clock
    keyring: Keyring
    nodes: Parts[LightningNode]
    carriers: Parts[VoiceCarrier]
    speaker: Speaker
    audio: PlayableAudio
    sms_carriers: Parts[SmsCarrier]
    number_providers: Parts[NumberProvider]
    own_numbers: NumberProvider | None
    mailers: Parts[Mailer]
    terms: SalesTerms
    text_costs: TextCosts
    addresses: AddressResolver | None
    caller: WebhookClient
    base_url: str
    renderers: Mapping[str, NoticeRenderer]
    provider_success: ProviderSuccess = field(default_factory=ProviderSuccess)
    policies: Policies = field(init=False)

    def __post_init__(self) -> None:
        policies = Policies.of(self.settings, self.keyring)
        object.__setattr__(self, "policies", policies)  # frozen for everybody else

    @property
    def prices(self) -> PriceList:
        """The prices in force."""
        return self.terms.prices

    @property
    def rates(self) -> RateCard:
        """The rates of calls in force."""
        return self.terms.rates

    def hash_of(self, text: str) -> str:
        """A number, address or client as the store keeps it: recognised, but not readable."""
        return hash_of(self.keyring.current, text)

    def parts_of(self, area: str) -> Parts[Any]:
        """The parts of an area that orders are asked of: ``calls``, ``sms``, ``numbers`` or
        ``mail``."""
        sets: dict[str, Parts[Any]] = {
            "calls": self.carriers,
            "sms": self.sms_carriers,
            "numbers": self.number_providers,
            "mail": self.mailers,
        }
        return sets[area]

    @property
    def node(self) -> LightningNode:
        """The node that makes invoices and pays: the first one."""
        return self.nodes.entries[0].port

    @property
    def node_name(self) -> str:
        return self.nodes.entries[0].name

    def node_named(self, name: str) -> LightningNode | None:
        """The node of an order, a refund or a payout; None if it is gone from the settings. Rows
        of earlier versions name none: theirs is the shop's one."""
        return self.nodes.named(name) if name else self.node

    @property
    def payer(self) -> SupportsPayments | None:
        """None for a node that cannot pay out."""
        node = self.node
        return node if isinstance(node, SupportsPayments) else None

    @property
    def limits(self) -> bool:
        return self.settings.limits == "on"
