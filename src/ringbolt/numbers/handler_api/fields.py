"""Single values of the protocol's documents: numbers of telephones, times, codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from ringbolt.core.countries import COUNTRIES

_HOUR_MS: Final = 3_600_000
_AHEAD_MS: Final = 300_000
"""How far a provider's clock may be ahead of ours."""
_DAY_MS: Final = 86_400_000
_MOST: Final = 40
MOST_ITEMS: Final = 5000
"""Of one list: several times what any provider has services, and a shop has leases."""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
_CODE: Final = re.compile(r"(?=.*[0-9])[A-Za-z0-9]{3,12}", re.ASCII)


def text_of(value: object) -> str:
    """A field that providers write as text, number or null."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return ""
    # Python refuses to write out an integer of more than 4,300 digits.
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**_MOST):
        return str(value)
    return ""


def lease_id_of(value: object) -> str:
    """A provider's id of a lease; '' if it is none."""
    found = text_of(value)
    return found if _ID.fullmatch(found) else ""


def items_of(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list, or of an object by index, as PHP writes lists; ``MOST_ITEMS`` at
    most."""
    found: Iterable[object] = value.values() if isinstance(value, Mapping) else ()
    if isinstance(value, list):
        found = value
    return [item for item in islice(found, MOST_ITEMS) if isinstance(item, Mapping)]


def code_of(value: object) -> str:
    """A code as the provider read it out of its text; '' for what is no code: some put the text
    there if they find none."""
    found = text_of(value)
    if len(found) <= _MOST:
        digits = found.replace("-", "").replace(" ", "")
        found = digits if digits.isdigit() else found
        if _CODE.fullmatch(found):
            return found
    return ""


def number_of(value: object, country: int | None) -> str:
    """A telephone number in E.164; '' if it is none.

    Providers write it without '+', some without the calling code of ``country``.
    """
    digits = text_of(value).removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 15):
        return ""
    region = "" if country is None or country not in COUNTRIES else COUNTRIES[country].region
    if region and not is_of(f"+{digits}", region):
        national = _parsed(digits, region)
        if national is not None and phonenumbers.is_valid_number(national):
            return phonenumbers.format_number(national, PhoneNumberFormat.E164)
    return f"+{digits}"


def is_of(number: str, region: str) -> bool:
    """Whether a number in E.164 has the calling code of a region (ISO 3166)."""
    return number.startswith(f"+{phonenumbers.country_code_for_region(region)}")


def _parsed(digits: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(digits, region)
    except NumberParseException:
        return None


def time_ms(value: object, now_ms: int) -> int | None:
    """When something happened, ms UTC; None if it cannot be read. See ``times_ms``."""
    return times_ms([value], now_ms)[0]


def times_ms(values: Sequence[object], now_ms: int) -> list[int | None]:
    """When each of several things happened that one document tells of. What is dated ahead,
    happened now.

    Most providers write the local time of a zone that they do not name. All of these are whole
    hours from UTC, so the last of the times is taken for the latest one that is not in the future:
    right if it was within the last hour. The others are as long before it as they say.
    """
    times = [_time(value) for value in values]
    local_ms = [_utc_ms(each) for each in times if each is not None and each.tzinfo is None]
    shift_ms = 0
    if local_ms:
        shift_ms = (now_ms + _AHEAD_MS - max(local_ms)) // _HOUR_MS * _HOUR_MS
    return [
        None
        if each is None
        else min(now_ms, _utc_ms(each) + (shift_ms if each.tzinfo is None else 0))
        for each in times
    ]


def end_ms(value: object) -> int | None:
    """When something is going to end, ms UTC; None without a zone: then no hour is the right
    one."""
    found = _time(value)
    return None if found is None or found.tzinfo is None else _utc_ms(found)


def lasts_ms(start: object, end: object) -> int | None:
    """The time between two times that a provider wrote in the same zone; None if either is
    missing, or if it is no time that an activation lasts."""
    first, last = _time(start), _time(end)
    if first is None or last is None or (first.tzinfo is None) is not (last.tzinfo is None):
        return None
    lasts = _utc_ms(last) - _utc_ms(first)
    return lasts if 0 < lasts <= _DAY_MS else None


def _time(value: object) -> datetime | None:
    text = text_of(value)
    if len(text) > _MOST:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _utc_ms(found: datetime) -> int:
    at = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return round(at.timestamp() * 1000)
