"""Refuse calls and texts in the quiet hours that the operator sets for a country."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ringbolt.app.policies import LimitPolicy
from ringbolt.core.errors import RateLimited
from ringbolt.core.humanise import span
from ringbolt.core.phone import SCRIPTED, region_of
from ringbolt.core.quiet_hours import (
    QuietHours,
    of_country,
    parse_quiet_hours,
    quiet_until_ms,
)

_UNKNOWN = "Etc/Unknown"


def check_quiet_hours(limits: LimitPolicy, number: str, now_ms: int) -> None:
    """Raises ``RateLimited`` in quiet hours, with the time that they last."""
    found = _quiet(limits, number, now_ms)
    if found is None:
        return
    hours, until_ms = found
    why = _why(hours)
    raise RateLimited(
        f"{why[0].upper()}{why[1:]}.",
        code="QUIET_HOURS",
        suggestion=f"Order it in {span(until_ms - now_ms)}. Nothing was charged.",
        retry_after_s=-(-(until_ms - now_ms) // 1000),
    )


def _quiet(limits: LimitPolicy, number: str, now_ms: int) -> tuple[QuietHours, int] | None:
    if not limits.abuse.quiet_hours or SCRIPTED.fullmatch(number):
        return None
    all_hours = _parsed(limits.abuse.quiet_hours)
    hours = of_country(all_hours, region_of(number))
    until_ms = None if hours is None else quiet_until_ms(hours, zones_of(number), now_ms)
    return None if hours is None or until_ms is None else (hours, until_ms)


def _why(hours: QuietHours) -> str:
    return f"it is between {hours}, the quiet hours, in a time zone of this number"


@lru_cache(maxsize=8)
def _parsed(written: tuple[str, ...]) -> tuple[QuietHours, ...]:
    return tuple(map(parse_quiet_hours, written))


def zones_of(number: str) -> tuple[ZoneInfo, ...]:
    """The time zones that a number may be in: one for most, all of the country for a mobile
    number of a large one."""
    import phonenumbers  # noqa: PLC0415 - large tables, which only few shops need
    from phonenumbers.timezone import time_zones_for_number  # noqa: PLC0415

    names = time_zones_for_number(phonenumbers.parse(number, None))
    return tuple(zone for name in names if (zone := _zone(name)) is not None)


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo | None:
    """None for an unknown zone, or one that this system does not have."""
    try:
        return None if name == _UNKNOWN else ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return None
