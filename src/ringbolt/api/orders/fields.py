"""The fields that the family's requests have in common, each checked with plain words.

Every reader names the field at fault. Booleans, numbers and codes come typed in JSON and as text
in queries and forms; clients also send JSON with ``"true"`` or a telephone number without quotes.
"""

from __future__ import annotations

import re
from typing import Any

from ringbolt.api.kit.phone_input import international
from ringbolt.api.orders.parameters import Parameters
from ringbolt.app.checkout.sell_text import text_destination
from ringbolt.app.shop import Shop
from ringbolt.core.countries import Country, resolve_country
from ringbolt.core.errors import InvalidInput
from ringbolt.core.lightning.lnurl import LnurlError, parse_lightning_address
from ringbolt.core.phone import EXAMPLE, Destination
from ringbolt.core.services import Service, resolve_service

MAX_SATS = 100_000_000
MAX_ADDRESS_CHARS = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
MAX_NAME_CHARS = 64
_MAX_TEXT_CHARS = 2048
_MAX_DIGITS = 18

_YES = frozenset({"true", "1", "yes", "on"})
_NO = frozenset({"false", "0", "no", "off", ""})
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ORDER_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


def missing(name: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"{name} is missing. {why}",
        code="MISSING_FIELD",
        field=name,
        suggestion=f"Send {name} in the JSON body, or as a parameter. Nothing was charged.",
    )


def text(fields: Parameters, name: str, max_chars: int = _MAX_TEXT_CHARS) -> str:
    """The field, '' if it is absent. Raises ``InvalidInput``."""
    value = _text(fields, name, max_chars)
    if _CONTROL.search(value):
        raise InvalidInput(
            f"{name} holds control characters, which cannot be sent.",
            code="INVALID_TEXT",
            field=name,
            suggestion="Remove them; line breaks are allowed in messages.",
        )
    return value


def foreign_text(fields: Parameters, name: str, max_chars: int) -> str:
    """A text that whoever hands it in did not write: U+FFFD stands for control characters."""
    return _CONTROL.sub("\ufffd", _text(fields, name, max_chars))


def _text(fields: Parameters, name: str, max_chars: int) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(
            f"{name} must be a text, not {_kind(value)}.",
            code="INVALID_TYPE",
            field=name,
            suggestion=f"Put {name} in quotes.",
        )
    if len(value) > max_chars:
        raise InvalidInput(
            f"{name} has {len(value)} characters; at most {max_chars} are taken.",
            code="TOO_LONG",
            field=name,
            suggestion="Shorten it.",
        )
    return value


def line(fields: Parameters, name: str, max_chars: int = _MAX_TEXT_CHARS) -> str:
    """A text of one line, stripped."""
    value = text(fields, name, max_chars).strip()
    if "\n" in value or "\r" in value:
        raise InvalidInput(
            f"{name} must be one line.",
            code="INVALID_TEXT",
            field=name,
            suggestion="Remove the line breaks.",
        )
    return value


def boolean(fields: Parameters, name: str) -> bool:
    """False if absent. Raises ``InvalidInput`` for what is neither yes nor no."""
    value = fields.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else None
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise InvalidInput(
        f"{name} must be true or false, not {_shown(value)}.",
        code="INVALID_TYPE",
        field=name,
        suggestion=f"Send true or false, or leave {name} out.",
    )


def whole_number(
    fields: Parameters, name: str, least: int, most: int, *, quoted: bool = True
) -> int | None:
    """A whole number between ``least`` and ``most``; None if absent. Raises ``InvalidInput``.

    ``quoted``: whether JSON may have it in quotes, as queries and forms always do.
    """
    value = fields.get(name)
    if value is None or (value == "" and fields.is_text(name)):  # a field left empty in a form
        return None
    if isinstance(value, str) and (quoted or fields.is_text(name)):
        value = _number_of(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(
            f"{name} must be a whole number, not {_shown(fields.get(name))}.",
            code="INVALID_TYPE",
            field=name,
            suggestion=f"Write it without quotes, point or unit, for example {max(least, 1)}.",
        )
    if not least <= value <= most:
        raise InvalidInput(
            f"{name} must be between {least} and {most}, not {_shown(value)}.",
            code="OUT_OF_RANGE",
            field=name,
            suggestion=f"Send a whole number from {least} to {most}.",
        )
    return value


def _number_of(value: str) -> int | str:
    digits = value.strip()
    plain = digits.removeprefix("-")
    if plain.isascii() and plain.isdigit() and len(plain) <= _MAX_DIGITS:
        return int(digits)
    return value


def sats(fields: Parameters, name: str) -> int:
    """An amount of money. Raises ``InvalidInput``."""
    value = whole_number(fields, name, 1, MAX_SATS, quoted=False)
    if value is None:
        raise missing(name, "How many satoshis, for example 5000.")
    return value


def country(fields: Parameters) -> Country | None:
    """``country`` as clients write it: 187, "187", "USA", "us". None if absent.

    Raises ``InvalidInput``.
    """
    value = fields.get("country")
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**6:
        return resolve_country(value)
    if value is not None and not isinstance(value, str):
        raise InvalidInput(
            f"country must be a number, a name or an ISO code, not {_shown(value)}.",
            code="INVALID_TYPE",
            field="country",
            suggestion='For example 187, "USA" or "us"; 999 for any.',
        )
    name = line(fields, "country", MAX_NAME_CHARS)
    return resolve_country(name) if name else None


def service(fields: Parameters, *, scripted_allowed: bool) -> Service | None:
    """``service`` by code or name. None if absent. Raises ``InvalidInput``."""
    name = line(fields, "service", MAX_NAME_CHARS)
    return resolve_service(name, scripted_allowed=scripted_allowed) if name else None


def message(fields: Parameters, max_chars: int) -> str:
    """What is to be sent, counted as a person counts: by code points. Raises ``InvalidInput``."""
    value = text(fields, "message", max(max_chars, _MAX_TEXT_CHARS) * 8)
    if not value.strip():
        raise missing("message", "It is what is sent, and cannot be empty.")
    if len(value) > max_chars:
        raise InvalidInput(
            f"message has {len(value)} characters; at most {max_chars} are sent.",
            code="MESSAGE_TOO_LONG",
            field="message",
            suggestion="Shorten it, or send it as several orders.",
        )
    return value


def phone(shop: Shop, fields: Parameters) -> Destination:
    """The number to text: E.164, with or without '+', or as it is written down.

    Raises ``InvalidInput`` and ``DestinationRefused``.
    """
    value = fields.get("phone")
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**20:
        written = str(value)
    else:
        written = line(fields, "phone", 64)
    if not written:
        raise missing("phone", f"The number to text, in E.164 format, for example {EXAMPLE}.")
    number = international(written)
    if number is None:
        raise InvalidInput(
            f"phone is not a telephone number: {_shown(written)}.",
            code="INVALID_PHONE_NUMBER",
            field="phone",
            suggestion=f'Write + and the country code, then the number. Example: "{EXAMPLE}".',
        )
    return text_destination(shop, number)


def referrer(fields: Parameters) -> str:
    """``ref``: a Lightning Address, checked by its form only; '' if absent."""
    value = line(fields, "ref", 320)
    if not value:
        return ""
    try:
        return str(parse_lightning_address(value))
    except LnurlError as error:
        raise InvalidInput(
            f"ref is not a Lightning Address: {error}",
            code="INVALID_REF",
            field="ref",
            suggestion="Write it like an e-mail address (name@domain), or leave it out.",
        ) from None


def order_id(value: str) -> str:
    """The id in its one form, '' for what is no id of ours."""
    lowered = value.strip().lower()
    return lowered if _ORDER_ID.fullmatch(lowered) else ""


def _shown(value: Any) -> str:
    """A value as it may stand in a reason: short, and never a page of it."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**20:
        return "a number of that size"
    if isinstance(value, str):
        return repr(value[:40]) if len(value) <= 40 else f"{value[:40]!r}..."
    if isinstance(value, dict | list):
        return _kind(value)
    return str(value)[:40].lower() if isinstance(value, bool) else str(value)[:40]


def _kind(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "an object" if isinstance(value, dict) else "a text")
