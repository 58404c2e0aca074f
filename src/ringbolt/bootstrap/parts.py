"""Creates the parts that the settings describe."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from ringbolt.clock import Clock, SystemClock
from ringbolt.core.keys import Keyring
from ringbolt.lightning.node import LightningNode
from ringbolt.lightning.types import NODES
from ringbolt.mail.mailer import Mailer
from ringbolt.mail.types import MAILERS
from ringbolt.numbers.pool import PoolStore
from ringbolt.numbers.provider import LeaseBook, NumberProvider
from ringbolt.numbers.types import OWN_NUMBERS, PROVIDERS, NumbersContext
from ringbolt.registry.parts import Part, Parts
from ringbolt.registry.settings import PartSettings
from ringbolt.registry.types import Context, PartTypes, PartUnusable
from ringbolt.settings import Settings, SettingsError
from ringbolt.settings.secret import load_keyring
from ringbolt.sms.carrier import SmsCarrier
from ringbolt.sms.types import SMS_CARRIERS
from ringbolt.speech.engine import Speaker
from ringbolt.speech.types import SPEAKERS
from ringbolt.voice.carrier import VoiceCarrier
from ringbolt.voice.types import CARRIERS


class _Closable(Protocol):
    async def close(self) -> None: ...


T = TypeVar("T", bound=_Closable)
ContextT = TypeVar("ContextT", bound=Context)


@dataclass(frozen=True, slots=True)
class ShopParts:
    """All external services of a shop."""

    nodes: Parts[LightningNode]
    carriers: Parts[VoiceCarrier]
    speaker: Speaker
    sms_carriers: Parts[SmsCarrier]
    number_providers: Parts[NumberProvider]
    own_numbers: NumberProvider
    mailers: Parts[Mailer]


def context_of(
    settings: Settings,
    world_url: str,
    base_url: str = "",
    clock: Clock | None = None,
    keyring: Keyring | None = None,
    world_token: str = "",
) -> Context:
    """The context that parts are built with; without a ``keyring`` the shop's is read when a part
    needs it. ``world_token``: what the simulated world asks for."""

    def derive(label: str) -> bytes:
        keys = load_keyring(settings, create=False) if keyring is None else keyring
        return keys.derive(f"part {label}")

    return Context(
        clock=clock or SystemClock(),
        data_dir=settings.data_dir,
        world_url=world_url,
        base_url=settings.public_url.rstrip("/") or base_url,
        derive=derive,
        world_token=world_token,
        mail_sender=settings.mail.sender,
    )


def open_parts(
    settings: Settings,
    context: Context,
    own_numbers: PoolStore,
    leases: LeaseBook,
    stack: AsyncExitStack,
) -> ShopParts:
    """Open all parts; the ``stack`` closes each. Raises ``SettingsError``."""
    opener = _Opener(context, stack)
    numbers = NumbersContext(
        context.clock, context.data_dir, context.world_url, context.base_url, context.derive,
        own_numbers, leases, world_token=context.world_token,
    )  # fmt: skip
    numbers_opener = _Opener(numbers, stack)
    providers = numbers_opener.open_all("numbers.providers", PROVIDERS, settings.numbers.providers)
    pool = providers.named(OWN_NUMBERS.name)
    return ShopParts(
        nodes=opener.open_all("node", NODES, [settings.node]),
        carriers=opener.open_all("calls.carriers", CARRIERS, settings.calls.carriers),
        speaker=opener.open("speech", SPEAKERS, settings.speech).port,
        sms_carriers=opener.open_all("sms.carriers", SMS_CARRIERS, settings.sms.carriers),
        number_providers=providers,
        own_numbers=pool or numbers_opener.open("numbers", PROVIDERS, OWN_NUMBERS).port,
        mailers=opener.open_all("mail.servers", MAILERS, settings.mail.servers),
    )


class _Opener:
    """Opens parts with one context. ``where`` names the setting in error messages."""

    def __init__(self, context: Any, stack: AsyncExitStack) -> None:
        self._context = context
        self._stack = stack

    def open(self, where: str, types: PartTypes[Any, T], settings: PartSettings) -> Part[T]:
        part = _opened(where, types, settings, self._context)
        self._stack.push_async_callback(part.port.close)
        return part

    def open_all(
        self, where: str, types: PartTypes[Any, T], settings: Iterable[PartSettings]
    ) -> Parts[T]:
        parts = [self.open(where, types, each) for each in settings]
        return Parts(parts, self._context.clock.now_ms)


def open_node(settings: Settings, context: Context) -> LightningNode:
    """Open only the configured node. Raises ``SettingsError``."""
    return _opened("node", NODES, settings.node, context).port


def open_speaker(settings: Settings, context: Context) -> Speaker:
    """Open only text to speech. Raises ``SettingsError``."""
    return _opened("speech", SPEAKERS, settings.speech, context).port


async def why_unusable(
    types: PartTypes[Any, _Closable], settings: PartSettings, context: Context
) -> str:
    """Why a shop could not open this part; '' if it could. Connects to nothing. The part must not
    use ``context`` after it is built."""
    try:
        part = types.open(settings, _without_leases(context, lambda _: bytes(32)))
    except PartUnusable as error:
        return str(error)
    await part.port.close()
    return ""


@asynccontextmanager
async def open_alone(
    types: PartTypes[Any, _Closable], settings: PartSettings, context: Context
) -> AsyncIterator[Part[Any]]:
    """One part without a shop, to be checked or tested: it must not lease numbers. Raises
    ``SettingsError``."""
    part: Part[Any] = _opened(settings.type, types, settings, _without_leases(context))
    try:
        yield part
    finally:
        await part.port.close()


def _without_leases(
    context: Context, derive: Callable[[str], bytes] | None = None
) -> NumbersContext:
    return NumbersContext(
        context.clock, context.data_dir, context.world_url, context.base_url,
        derive or context.derive,
        cast("PoolStore", None), cast("LeaseBook", None),  # nothing is leased
        world_token=context.world_token, mail_sender=context.mail_sender,
    )  # fmt: skip


def _opened(
    where: str, types: PartTypes[ContextT, T], settings: PartSettings, context: ContextT
) -> Part[T]:
    try:
        return types.open(settings, context)
    except PartUnusable as error:
        raise SettingsError(f"{where} ({settings.name}): {error}") from None
