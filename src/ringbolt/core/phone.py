"""Telephone numbers: E.164 as written, and which of them may be called at all.

A number is never normalised: it is dialled, priced and bound into the credential as the buyer wrote
it. Numbers that collect money from callers, that cannot be ordinary phones, or that no numbering
plan contains are refused: anonymous buyers of telephone time attract toll fraud.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from ringbolt.core.errors import DestinationRefused, InvalidInput, Role

try:  # the same library on a Rust core: a tenth of the time, checked against it in the tests
    import rphonenumbers as phonenumbers
    from rphonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType
except ImportError:  # pragma: no cover - platforms without its wheel
    import phonenumbers
    from phonenumbers import (
        NumberParseException,
        PhoneNumberFormat,
        PhoneNumberType,
    )

E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
EXAMPLE = "+12025550123"

SCRIPTED = re.compile(r"\+12345678[0-9]{2}", re.ASCII)
"""The simulated world's numbers with scripted behaviour; no real numbering plan has them."""

_PAY_PER_CALL = re.compile(r"\+1[0-9]{3}(?:976[0-9]{4}|[2-9]11[0-9]{4})", re.ASCII)
"""North American exchanges that the library treats as ordinary ones: 976 is pay-per-call in every
area, and N11 are service codes (NANPA, central office code assignment guidelines)."""

_SATELLITE = ("+6114", "+7954")
"""Satellite ranges inside national plans, which the library calls mobile numbers."""

_FICTIONAL: Final = {
    "FR": re.compile(r"\+33(?:19900|26191|35301|46571|53649|63998)[0-9]{4}", re.ASCII),
    "GB": re.compile(r"\+447700900[0-9]{3}", re.ASCII),
}
"""Numbers of films, documents and tests, by region, some of which the library does not know (ARCEP,
decision 2018-0881; Ofcom, numbers for drama use). As with 555-0123, nobody has one."""

_REFUSED_TYPES = {
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.TOLL_FREE: "a toll-free number",
    PhoneNumberType.PERSONAL_NUMBER: "a personal number that forwards at the caller's cost",
    PhoneNumberType.UAN: "a universal access number",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.VOICEMAIL: "a voicemail access number",
    PhoneNumberType.UNKNOWN: "not a number of any numbering plan",
}


class Destination(msgspec.Struct, frozen=True):
    """A number that may be called. ``region`` is ISO 3166 alpha-2, or '' for a scripted number."""

    number: str
    region: str
    is_scripted: bool = False


def is_e164(number: str) -> bool:
    return E164.fullmatch(number) is not None


def calling_code(number: str) -> str:
    """The country calling code of a number that ``parse_destination`` accepted, without '+'."""
    return str(phonenumbers.parse(number, None).country_code)


def is_region(region: str) -> bool:
    """Whether ``region`` is the ISO code of a country with telephones of its own (ISO 3166)."""
    return region in phonenumbers.SUPPORTED_REGIONS


def region_of(number: str) -> str:
    """The country of a number that ``parse_destination`` accepted: ISO 3166 alpha-2."""
    region = phonenumbers.region_code_for_number(phonenumbers.parse(number, None))
    return region or _fictional_region(number)


def is_landline(number: str) -> bool:
    """Whether a number that ``parse_destination`` accepted is certainly a landline.

    Where the plan does not distinguish them (North America), it is False.
    """
    if SCRIPTED.fullmatch(number):
        return False
    kind = phonenumbers.number_type(phonenumbers.parse(number, None))
    return bool(kind == PhoneNumberType.FIXED_LINE)


def is_in_a_plan(number: str) -> bool:
    """Whether a numbering plan contains ``number`` ('+' and digits)."""
    try:
        parsed = phonenumbers.parse(number, None)
    except NumberParseException:
        return False
    return bool(phonenumbers.number_type(parsed) != PhoneNumberType.UNKNOWN)


def without_trunk_prefix(number: str) -> str:
    """``number`` ('+' and digits) as it is dialled from abroad: without the zero that its country
    dials only inside. Italy's zero stays, which is part of the number."""
    try:
        parsed = phonenumbers.parse(number, None)
    except NumberParseException:
        return number
    return str(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))


def parse_destination(
    number: str, *, scripted_allowed: bool, for_texts: bool = False
) -> Destination:
    """The number as a destination of calls or texts.

    ``scripted_allowed`` is true only while the carrier is simulated. Raises ``InvalidInput`` for
    what is not E.164 or too short or long for its country, ``DestinationRefused`` for a number
    of a kind that is never called.
    """
    if not is_e164(number):
        raise _not_e164(number)
    if SCRIPTED.fullmatch(number):
        return _scripted(number, scripted_allowed)
    try:
        parsed = phonenumbers.parse(number, None)
    except NumberParseException:
        raise _impossible(number) from None
    if not phonenumbers.is_possible_number(parsed):
        raise _impossible(number)
    fictional = _fictional_region(number)
    if fictional:
        return Destination(number, fictional)
    region = phonenumbers.region_code_for_number(parsed) or ""
    refused = _REFUSED_TYPES.get(phonenumbers.number_type(parsed)) or _refused_range(number, region)
    if refused:
        raise _refused(number, refused, for_texts)
    canonical = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if canonical != number:
        raise _not_as_dialled(number, canonical)
    return Destination(number, region)


def _fictional_region(number: str) -> str:
    found = (region for region, ours in _FICTIONAL.items() if ours.fullmatch(number))
    return next(found, "")


def _refused_range(number: str, region: str) -> str:
    """The kind of a refused number that the library takes for an ordinary one; '' for others."""
    if region in {"", "001"} or number.startswith(_SATELLITE):
        return "a satellite or international-network number"
    return "a pay-per-call or service number" if _PAY_PER_CALL.fullmatch(number) else ""


def _scripted(number: str, allowed: bool) -> Destination:
    if allowed:
        return Destination(number, "", is_scripted=True)
    raise DestinationRefused(
        f"{number} is a test number with scripted behaviour. It exists only while the carrier is "
        "simulated; this shop places real calls.",
        code="TEST_NUMBER",
        role=Role.DESTINATION,
        suggestion="Use a real number, or a shop that runs with the simulated carrier.",
    )


def _not_e164(number: str) -> InvalidInput:
    return InvalidInput.about(
        Role.DESTINATION,
        f"is not in E.164 format: {number[:32]!r}.",
        code="INVALID_PHONE_NUMBER",
        suggestion="Write + and the country code, then the number, digits only, "
        f'without spaces. Example: "{EXAMPLE}".',
    )


def _not_as_dialled(number: str, canonical: str) -> InvalidInput:
    """The library skips a trunk prefix; the rate card does not, and would price another country:
    +4401481... (Guernsey) as Britain, +11242... (the Bahamas) as the United States."""
    return InvalidInput(
        f"{number} is not in E.164 format: it holds a prefix that is dialled only inside the "
        "country.",
        code="INVALID_PHONE_NUMBER",
        role=Role.DESTINATION,
        suggestion=f'Write it as it is dialled from abroad: "{canonical}".',
    )


def _impossible(number: str) -> InvalidInput:
    return InvalidInput(
        f"{number} cannot be a telephone number: the country code is unknown, or the number is "
        "too short or too long for its country.",
        code="IMPOSSIBLE_PHONE_NUMBER",
        role=Role.DESTINATION,
        suggestion="Check the country code and count the digits.",
    )


def _refused(number: str, what: str, for_texts: bool) -> DestinationRefused:
    return DestinationRefused(
        f"{number} is {what}. Such numbers are not {'texted' if for_texts else 'called'}.",
        code="DESTINATION_REFUSED",
        role=Role.DESTINATION,
        suggestion=f"Use an ordinary {'' if for_texts else 'fixed or '}mobile number.",
    )
