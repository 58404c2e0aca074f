"""What a paid URL sells: one description for each, of everything that differs between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

import msgspec

from ringbolt.api.kit.request import Request
from ringbolt.api.l402.documents import Accepted, FailedWords, Invoiced
from ringbolt.api.l402.paid_request import PaidRequest, Wish
from ringbolt.api.l402.wording import Wording
from ringbolt.app.checkout.order_rows import OrderRow
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.order_report import OrderReport
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

P = TypeVar("P", bound=msgspec.Struct)
Q = TypeVar("Q", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Documented:
    """A paid URL in the OpenAPI document. ``does`` and ``describes``: the summaries of POST and
    GET; ``how``: Markdown; ``unit``: what is charged for; ``quote``: the query of the exact price
    of an example, '' if there is one price only."""

    does: str
    describes: str
    how: str
    unit: str
    quote: str
    examples: Mapping[str, Any]


class PaidService(ABC, Generic[P, Q]):
    """Something that is sold by one request and one payment.

    ``name`` is the service's in the caveats of its credentials, ``path`` its address, and
    ``former_path`` the one that Sats4AI had before, where the same credentials are valid ('' for
    none). ``label`` begins the memos of its invoices; ``sells`` are its names in
    ``closed_sales.SERVICES``. ``conflicts`` are statuses of refusals that only this one has.
    ``takes``, ``quotes``, ``answers`` and ``asks`` are the structs of its body, of the query for
    its price, of its answer, and of its 402.
    """

    name: ClassVar[str]
    path: ClassVar[str]
    former_path: ClassVar[str]
    label: ClassVar[str]
    sells: ClassVar[tuple[str, ...]]
    wording: ClassVar[Wording]
    documented: ClassVar[Documented]
    failed: ClassVar[FailedWords]
    conflicts: ClassVar[tuple[int, ...]] = ()
    takes: type[P]
    quotes: type[Q]
    answers: ClassVar[type[Accepted]]
    asks: ClassVar[type[Invoiced]]

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    @property
    def request(self) -> str:
        """What a credential is bound to, beside the body."""
        return f"POST {self.path}"

    @property
    @abstractmethod
    def deadline_ms(self) -> int:
        """How long after its payment an order is given up."""

    @property
    def at_most(self) -> Mapping[str, int]:
        """Limits of fields that are settings of the shop."""
        return {}

    @abstractmethod
    def read(self, request: Request[P]) -> Wish:
        """What is asked for, every field checked but the destination. Raises ``InvalidInput``."""

    async def wish(self, request: Request[P]) -> Wish:
        """The same, for services that must look something up to know it. Raises ``InvalidInput``,
        ``NotFound``, ``Conflict``."""
        return self.read(request)

    def carried(self, request: PaidRequest) -> str:
        """The order as its credential carries it (``Offer.order``); '' if the body is sent again
        with the credential."""
        return ""

    def order_id(self, nonce: bytes) -> str:
        """The id of the order of a challenge; '' if it gets one when it is paid."""
        return ""

    def named(self, base: str, nonce: bytes) -> dict[str, Any]:
        """What the challenge says of the order that its payment places."""
        return {}

    @abstractmethod
    def check(self, request: PaidRequest) -> int:
        """The price, msat, without reading the store. Raises ``InvalidInput`` and
        ``DestinationRefused`` for what is not sold."""

    @abstractmethod
    async def look(self, request: PaidRequest) -> dict[str, Any]:
        """What the challenge says beside the price; may look at what the buyer refers to."""

    @abstractmethod
    def accepted(self, order: Order, row: OrderRow, common: dict[str, Any]) -> Accepted:
        """The answer for a paid request; ``common`` are the fields that all answers have."""

    @abstractmethod
    def report(self, tx: Tx, order_id: str) -> OrderReport | None:
        """The order as its status document tells it."""

    @abstractmethod
    def describe(self, base: str, quote: Q) -> dict[str, Any]:
        """What it does, takes and costs; with a destination in ``quote`` the exact price. Raises
        ``InvalidInput`` and ``DestinationRefused``."""


ACCESS: Final = {
    "authentication": {
        "protocols": ["L402", "MPP"],
        "header": "Authorization",
        "format": "L402 {macaroon}:{proof_of_payment}",
        "format_mpp": "Payment <base64url_json>",
    }
}
