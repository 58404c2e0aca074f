"""Hours without calls and texts, by the clock of the number's own country."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

_WRITTEN: Final = re.compile(
    r"(?:([A-Z]{2}) )?([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII
)
_LOOKS: Final = 12


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``from_minute`` to before ``to_minute`` of the day, over midnight if that is earlier;
    never if they are the same. ``country``: ISO 3166 alpha-2, '' for every other one."""

    country: str
    from_minute: int
    to_minute: int

    def __str__(self) -> str:
        return f"{_clock(self.from_minute)} and {_clock(self.to_minute)}"

    def is_quiet(self, minute: int) -> bool:
        if self.from_minute <= self.to_minute:
            return self.from_minute <= minute < self.to_minute
        return minute >= self.from_minute or minute < self.to_minute


def parse_quiet_hours(text: str) -> QuietHours:
    """``21:00-08:00``, or ``US 21:00-08:00`` for one country. Raises ``ValueError``."""
    found = _WRITTEN.fullmatch(" ".join(text.split()))
    if found is None:
        raise ValueError(f"write {text!r} as 21:00-08:00, or US 21:00-08:00 for one country")
    country, *times = found.groups()
    hour, minute, to_hour, to_minute = map(int, times)
    return QuietHours(country or "", hour * 60 + minute, to_hour * 60 + to_minute)


def of_country(all_hours: Sequence[QuietHours], country: str) -> QuietHours | None:
    """Those of a country: its own, else those of every other one; None if there are none."""
    by_country = {hours.country: hours for hours in all_hours}
    return by_country.get(country) or by_country.get("")


def quiet_until_ms(hours: QuietHours, zones: Sequence[tzinfo], now_ms: int) -> int | None:
    """When the quiet hours are over in all ``zones``, ms UTC; None if they are over now.

    A day from now for zones so far apart that it is always quiet in one of them.
    """
    at = datetime.fromtimestamp(now_ms / 1000, UTC)
    for look in range(_LOOKS):
        ends = [end for zone in zones if (end := _quiet_until(hours, zone, at)) is not None]
        if not ends:
            return None if look == 0 else _ms(at)
        at = max(ends)
    return now_ms + 86_400_000


def _quiet_until(hours: QuietHours, zone: tzinfo, at: datetime) -> datetime | None:
    local = at.astimezone(zone)
    if not hours.is_quiet(local.hour * 60 + local.minute):
        return None
    end = local.replace(
        hour=hours.to_minute // 60, minute=hours.to_minute % 60, second=0, microsecond=0
    )
    if end <= local:
        end = (end.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    return max(end.astimezone(UTC), at + timedelta(minutes=1))  # clocks may be put back


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
