"""What ``ringbolt doctor`` says of carriers, providers of numbers and mail servers, one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringbolt.app.operator.gone_parts import KnownParts, gone_parts
from ringbolt.app.operator.part_kinds import KINDS, Kind, parts_of, served
from ringbolt.bootstrap import context_of, why_unusable
from ringbolt.cli.check_result import CheckResult
from ringbolt.clock import SystemClock
from ringbolt.core.humanise import counted
from ringbolt.core.pricing.amount import SATS
from ringbolt.numbers.types import OWN_NUMBERS
from ringbolt.registry.settings import PartSettings, Priced, VoiceCarrierSettings
from ringbolt.registry.terms import PartTerms
from ringbolt.settings import Settings
from ringbolt.settings.parts import SIMULATED
from ringbolt.store.engine.opening import open_database

_NOT_REAL: Final = (
    "Do not open this shop to the public: buyers pay real money for it. Only the operator's token "
    "(ringbolt token) opens /simulator."
)
_NOT_PAID: Final = "Do not open this shop to the public: it is paid with play money."

_OWN_CALLER_ID: Final = "Set its caller_ids: numbers of your account there."


async def carriers(settings: Settings) -> list[CheckResult]:
    """The carriers of calls and texts, the number providers and the mail servers."""
    context = context_of(settings, "")
    found: list[CheckResult] = []
    for kind in KINDS:
        if not kind.parts(settings):
            found.append(CheckResult(kind.name, "-", "note", "none: nothing of that kind is sold"))
    for kind, part, name in parts_of(settings):
        why = await why_unusable(kind.types, part, context)
        found.append(_part(name, kind, part, why, settings))
        if not why and _calls_from_nobody(part, settings):
            detail = f"calls come from {settings.calls.caller_id}, which is nobody's number"
            found.append(CheckResult(name, "real", "note", detail, _OWN_CALLER_ID))
        if not why and isinstance(part, Priced):
            effect = "simulated" if settings.in_world(part) else "real"
            notes = _costs(part, settings.costs.sats_per)
            found += [CheckResult(name, effect, "note", *note) for note in notes]
    return found


def _costs(part: Priced, sats_per: Mapping[str, float]) -> list[tuple[str, str]]:
    """What a limit of a day's costs does not count, and what is not booked, with the remedies."""
    card = PartTerms.of(part).card
    if card is None:
        if not part.daily_spend:
            return []
        said = "daily_spend counts only what the part itself tells, after the fact: no cost_card"
        return [(said, "Write what it bills into a CSV, and name that in cost_card.")]
    lacking = ", ".join(sorted(card.currencies - {SATS} - sats_per.keys()))
    if not lacking:
        return []
    said = f"its cost_card is in {lacking}, of which no rate is set: nothing of it is booked"
    return [(said, f"Set RINGBOLT_COSTS_SATS_PER={lacking.split(',')[0]}=... (sats for one).")]


def _part(name: str, kind: Kind, part: PartSettings, why: str, settings: Settings) -> CheckResult:
    """``why``: why the part cannot be opened, '' if it can."""
    is_simulated = settings.in_world(part)
    effect = "simulated" if is_simulated else "real"
    named = part.name if part.name == part.type else f"{part.name} (type {part.type})"
    if why:
        fix = "Change its settings: the shop does not start with them."
        return CheckResult(name, effect, "wrong", f"{named}: {why}", fix)
    detail = f"{named}, for {served(part) or kind.everywhere}"
    if isinstance(part, Priced) and part.cost:
        detail += f", cost {part.cost:g}"
    if part.type == SIMULATED:
        detail += f": {kind.world}"
    is_alike = is_simulated == settings.node.simulated
    fix = "" if is_alike else _NOT_REAL if is_simulated else _NOT_PAID
    return CheckResult(name, effect, "ok" if is_alike else "note", detail, fix)


def _calls_from_nobody(part: PartSettings, settings: Settings) -> bool:
    """Whether neither a real carrier nor the shop names a number that calls come from."""
    if not isinstance(part, VoiceCarrierSettings) or settings.in_world(part):
        return False
    return not part.caller_ids and "caller_id" not in settings.calls.model_fields_set


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
