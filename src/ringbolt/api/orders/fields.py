"""Readers of the fields that are more than a text, a number or a boolean.

Each raises ``InvalidInput`` that names the field.
"""

from __future__ import annotations

import re
from typing import Final

from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.style import shown
from ringbolt.app.shop import Shop
from ringbolt.core.countries import AUTO_SELECT, Country, resolve_country
from ringbolt.core.lightning.lnurl import LnurlError, parse_lightning_address
from ringbolt.core.phone import EXAMPLE, is_e164
from ringbolt.core.services import Service, resolve_service

MAX_NAME_CHARS: Final = 64
NO_MESSAGE: Final = "It is the text to send, and cannot be empty."
_ORDER_ID: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)

CountryInput = int | float | str


def country(fields: Fields, name: str) -> CountryInput | None:
    """A country as clients write it: 187, "187", "USA", "us"."""
    value = fields.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**6:
        return value
    if not isinstance(value, str):
        raise fields.wrong(
            name,
            f"must be a number, a name or an ISO code, not {shown(value)}.",
            "INVALID_TYPE",
            'For example 187, "USA" or "us"; 999 for any.',
        )
    return fields.line(name, MAX_NAME_CHARS) or None


def country_of(written: CountryInput | None) -> Country:
    """The country that is meant; any, if none is written. Raises ``InvalidInput``."""
    return AUTO_SELECT if written is None else resolve_country(written)


def service_of(shop: Shop, written: str) -> Service | None:
    """A service by code or name; None for ''. Raises ``InvalidInput``."""
    if not written:
        return None
    return resolve_service(written, scripted_allowed=shop.number_providers.has_simulated)


def checked_message(fields: Fields, message: str, max_chars: int) -> str:
    """The message to send; its length is counted in code points."""
    if not message.strip():
        raise fields.missing("message", NO_MESSAGE)
    if len(message) > max_chars:
        raise fields.wrong(
            "message",
            f"has {len(message)} characters; at most {max_chars} are sent.",
            "MESSAGE_TOO_LONG",
            "Shorten it, or send it as several orders.",
        )
    return message


def own_number(fields: Fields, name: str) -> str:
    """One of the shop's own numbers, E.164 as the operator registered it."""
    number = fields.line(name, 32)
    if not is_e164(number):
        raise fields.wrong(
            name,
            f"is not a number in E.164 format: {number!r}.",
            "MISSING_FIELD",
            f"Send it as {EXAMPLE}.",
        )
    return number


def referrer(fields: Fields, name: str) -> str:
    """A Lightning Address, checked by its form only; '' if absent."""
    value = fields.line(name, 320)
    if not value:
        return ""
    try:
        return str(parse_lightning_address(value))
    except LnurlError as error:
        raise fields.wrong(
            name,
            f"is not a Lightning Address: {error}",
            "INVALID_REF",
            "Write it like an e-mail address (name@domain), or leave it out.",
        ) from None


def order_id(fields: Fields, name: str) -> str:
    """An order's id in lower case, '' for anything else."""
    value = fields.get(name)
    return canonical_id(value) if isinstance(value, str) else ""


def canonical_id(written: str) -> str:
    """An order's id in lower case, '' for anything else."""
    lowered = written.strip().lower()
    return lowered if _ORDER_ID.fullmatch(lowered) else ""
