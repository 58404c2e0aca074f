"""What ``ringbolt doctor`` says of carriers, providers of numbers and mail servers, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringbolt.app.operator.gone_parts import KnownParts, gone_parts
from ringbolt.cli.check_result import CheckResult
from ringbolt.clock import SystemClock
from ringbolt.core.humanise import counted
from ringbolt.numbers.types import OWN_NUMBERS
from ringbolt.registry.settings import PartSettings
from ringbolt.settings import Settings
from ringbolt.store.engine.opening import open_database

_NOT_REAL: Final = "Do not open this shop to the public: buyers pay real money for it."
_NOT_PAID: Final = "Do not open this shop to the public: it is paid with play money."


async def carriers(settings: Settings) -> list[CheckResult]:
    """The carriers of calls and texts, the number providers and the mail servers."""
    leased = "numbers are leased from the simulated world"
    kinds: tuple[tuple[str, tuple[PartSettings, ...], str], ...] = (
        ("voice carrier", settings.calls.carriers, "phones ring in the simulated world"),
        ("SMS carrier", settings.sms.carriers, "texts reach phones of the simulated world"),
        ("number provider", settings.numbers.providers, leased),
        ("mailer", settings.mail.servers, "e-mails reach mailboxes of the simulated world"),
    )
    found: list[CheckResult] = []
    for kind, parts, simulated in kinds:
        found += _each(kind, parts, simulated, play=settings.node.simulated)
    return found


def _each(
    kind: str, parts: tuple[PartSettings, ...], simulated: str, *, play: bool
) -> Iterator[CheckResult]:
    if not parts:
        yield CheckResult(kind, "-", "note", "none: nothing of that kind is sold")
    for part in parts:
        name = kind if len(parts) == 1 else f"{kind} {part.name}"
        if part.simulated:
            state, fix = ("ok", "") if play else ("note", _NOT_REAL)
            yield CheckResult(name, "simulated", state, simulated, fix)
        else:
            state, fix = ("note", _NOT_PAID) if play else ("ok", "")
            yield CheckResult(name, "real", state, f"{part.name} (type {part.type})", fix)


async def gone(settings: Settings) -> list[CheckResult]:
    """Parts that orders wait for, and that are not in the settings any more."""
    known = KnownParts(
        nodes=(settings.node.name,),
        carriers=_names(settings.calls.carriers),
        sms_carriers=_names(settings.sms.carriers),
        number_providers=(*_names(settings.numbers.providers), OWN_NUMBERS.name),
        mailers=_names(settings.mail.servers),
    )
    db = await open_database(settings.database, SystemClock(), readonly=True)
    try:
        found = await db.read(gone_parts, known)
    finally:
        await db.close()
    return [
        CheckResult(
            f"{each.area} {each.name}",
            "-",
            "wrong",
            f"gone from the settings, and {counted(each.count, 'order')} still "
            f"{'waits' if each.count == 1 else 'wait'} for it",
            "Put it back under that name until they are done: no other part is asked about them.",
        )
        for each in found
    ]


def _names(parts: tuple[PartSettings, ...]) -> tuple[str, ...]:
    return tuple(part.name for part in parts)
