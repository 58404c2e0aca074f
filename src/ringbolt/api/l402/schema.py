"""The body of ``POST /api/l402/place-call``, checked field by field before anything is charged.

Source: Sats4AI's page on the Automated Phone Call API. Additive fields are ours. A field that we
do not know is ignored and named in the answer, so that nobody pays for a wish that was not read;
one that looks like a misspelt field of ours is refused.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

import msgspec

from ringbolt.api.l402 import fields, options
from ringbolt.api.l402.duration_check import check_fits, takes_longer
from ringbolt.api.l402.options import read_options
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput
from ringbolt.core.json_errors import json_error
from ringbolt.core.lightning.lnurl import LnurlError, parse_lightning_address
from ringbolt.core.pricing.rates import MAX_MINUTES, started_minutes
from ringbolt.speech.language import refusal

MAX_BODY_BYTES = 64 * 1024
MAX_MESSAGE_CHARS = 500
MAX_URL_CHARS = 2048
MAX_FIELDS = 64
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

FIELDS = (
    "phone_number",
    "message",
    "audio_url",
    "duration_minutes",
    "refund_address",
    *options.NAMES,
)
EXAMPLE: dict[str, Any] = {
    "phone_number": "+12025550123",
    "message": "Hello, this is your appointment reminder for tomorrow at 3 PM.",
}
AUDIO_EXAMPLE: dict[str, Any] = {
    "phone_number": "+12025550123",
    "audio_url": "https://example.com/my-audio-message.mp3",
    "duration_minutes": 2,
}
GATHER_EXAMPLE: dict[str, Any] = {
    "phone_number": "+12025550123",
    "message": "Your appointment is tomorrow at 3 PM. Press 1 to confirm it, 2 to cancel it.",
    "repeat": 2,
    "gather": {"max_digits": 1, "timeout_s": 10},
}

_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """A valid request: the document as it came, and what it asks for. ``audio_url`` is the file
    that is played, '' for a text."""

    document: dict[str, Any]
    order: CallOrder
    refund_address: str
    ignored: tuple[str, ...]
    audio_url: str = ""


def decode_body(body: bytes) -> dict[str, Any]:
    """The JSON object in the body. Raises ``InvalidInput``."""
    body = body.removeprefix(_BYTE_ORDER_MARK)  # RFC 8259 lets a parser ignore it; Windows adds it
    if not body.strip():
        raise InvalidInput(
            "The request has no body.",
            code="INVALID_JSON",
            suggestion="Send a JSON object with phone_number and message.",
        )
    try:
        document = _decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InvalidInput(
            f"The body is not valid JSON: {json_error(error, body)}.",
            code="INVALID_JSON",
            suggestion="Send a JSON object, UTF-8, without NaN or comments.",
        ) from None
    if not isinstance(document, dict):
        raise InvalidInput(
            "The body must be a JSON object.",
            code="INVALID_JSON",
            suggestion="Wrap the fields in { }.",
        )
    return document


def parse_place_call(document: dict[str, Any]) -> PlaceCall:
    """Check every field but the number's own rules. Raises ``InvalidInput``."""
    ignored = _unknown_fields(document)
    to = fields.text(document, "phone_number")
    if to is None:
        raise fields.missing("phone_number", "Which number to call, in E.164 format.")
    message = fields.text(document, "message")
    audio_url = fields.text(document, "audio_url")
    duration = _duration(document)
    refund_address = _refund_address(document)
    wished = read_options(document)
    if audio_url is not None and audio_url.strip():
        order = _audio_order(to, audio_url.strip(), duration)
    elif message is not None and message.strip():
        longer = duration if wished.may_be_longer or takes_longer(_speakable(message)) else None
        minutes = 1 if longer is None else started_minutes(longer)
        order = CallOrder(to=to, minutes=minutes, message=message)
    else:
        raise fields.missing(
            "message", "Provide message (text to speak) or audio_url (a file to play)."
        )
    applied = wished.applied(order)
    if order.message:
        check_fits(order.message, applied)
    return PlaceCall(document, applied, refund_address, ignored, order.audio_url)


def _unknown_fields(document: dict[str, Any]) -> tuple[str, ...]:
    unknown = [name for name in document if name not in FIELDS]
    if len(document) > MAX_FIELDS:  # each is compared with ours, which takes time
        raise InvalidInput(
            f"The body has {len(document)} fields; at most {MAX_FIELDS} are read.",
            code="TOO_MANY_FIELDS",
            suggestion=f"Send only {', '.join(FIELDS)}.",
        )
    for name in (name for name in unknown if len(name) <= 64):
        close = difflib.get_close_matches(name.lower(), FIELDS, n=1, cutoff=0.85)
        if close and close[0] not in document:
            raise InvalidInput(
                f"The field {name!r} is not known. Did you mean {close[0]!r}?",
                code="UNKNOWN_FIELD",
                field=name,
                suggestion=f"Rename it to {close[0]!r}, or leave it out.",
            )
    return tuple(name[:64] for name in unknown[:20])


def _speakable(message: str) -> str:
    if len(message) > MAX_MESSAGE_CHARS:
        raise InvalidInput(
            f"message has {len(message)} characters; at most {MAX_MESSAGE_CHARS} are spoken.",
            code="MESSAGE_TOO_LONG",
            field="message",
            suggestion="Shorten it, or record it and send audio_url with duration_minutes.",
        )
    unspeakable = refusal(message)
    if unspeakable:
        raise InvalidInput(
            f"message cannot be spoken. {unspeakable}",
            code="MESSAGE_NOT_SPEAKABLE",
            field="message",
            suggestion="Write it in words.",
        )
    return message


def _audio_order(to: str, url: str, duration: float | None) -> CallOrder:
    if len(url) > MAX_URL_CHARS or not url.lower().startswith(("https://", "http://")):
        raise InvalidInput(
            f"audio_url must be an http(s) URL of at most {MAX_URL_CHARS} characters.",
            code="INVALID_AUDIO_URL",
            field="audio_url",
            suggestion="Give the public address of an MP3 or WAV file.",
        )
    if duration is None:
        raise fields.missing(
            "duration_minutes", "It is required with audio_url: how many minutes to play, 1 to 30."
        )
    minutes = started_minutes(duration)
    return CallOrder(to=to, minutes=minutes, audio_url=url)


def _duration(document: dict[str, Any]) -> float | None:
    value = document.get("duration_minutes")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fields.wrong_type(
            "duration_minutes", value, "a number", "Write it without quotes, for example 2."
        )
    if not 1 <= value <= MAX_MINUTES:
        raise InvalidInput(
            f"duration_minutes must be between 1 and {MAX_MINUTES}, not {str(value)[:32]}.",
            code="INVALID_DURATION",
            field="duration_minutes",
            suggestion="Choose 1 to 30 minutes; started minutes are charged.",
        )
    return float(value)


def _refund_address(document: dict[str, Any]) -> str:
    text = fields.text(document, "refund_address")
    if text is None or not text.strip():
        return ""
    try:
        address = parse_lightning_address(text.strip())
    except LnurlError as error:
        raise InvalidInput(
            f"refund_address is not a Lightning Address: {error}.",
            code="INVALID_REFUND_ADDRESS",
            field="refund_address",
            suggestion="Write it like an e-mail address (name@domain), or leave it out: a refund "
            "can then be withdrawn by LNURL.",
        ) from None
    return f"{address.name}@{address.host}"
