"""Readers of the fields that are more than a text, a number or a boolean.

Each raises ``InvalidInput`` that names the field.
"""

from __future__ import annotations

from typing import Final

from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.number_fields import canonical_id
from ringbolt.core.lightning.lnurl import LnurlError, parse_lightning_address
from ringbolt.core.phone import EXAMPLE, is_e164

NO_MESSAGE: Final = "It is the text to send, and cannot be empty."


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
