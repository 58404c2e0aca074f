"""The fields that every call has in common, read one by one: number, keys, addresses, metadata.

Each raises ``InvalidInput`` that names the field.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from ringbolt.api.kit.phone_input import international
from ringbolt.api.voice.fields import Fields, kind, shown
from ringbolt.app.checkout.prices import call_price
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import check_webhook_url
from ringbolt.core.errors import InvalidInput
from ringbolt.core.phone import EXAMPLE

MAX_URL_CHARS: Final = 2048
MAX_METADATA_BYTES: Final = 4096
_MAX_NUMBER_CHARS: Final = 64
_FINISH_KEY: Final = re.compile(r"[0-9*#]?", re.ASCII)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def number(shop: Shop, fields: Fields) -> str:
    """The number to call, E.164. Raises ``InvalidInput`` and ``DestinationRefused``."""
    found = _written(fields)
    call_price(shop, found)
    return found


def _written(fields: Fields) -> str:
    """``to`` as clients write it: one text, one number, or a list of one."""
    value = fields.get("to")
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**20:
        value = str(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise fields.missing("to", f"The number to call, in E.164 format, for example {EXAMPLE}.")
    if not isinstance(value, str):
        raise fields.wrong(
            "to",
            f"must be one number, not {kind(value)}.",
            "INVALID_TYPE",
            f'Place one call per number. Example: "{EXAMPLE}".',
        )
    found = international(value.strip()) if len(value) <= _MAX_NUMBER_CHARS else None
    if found is None:
        raise fields.wrong(
            "to",
            f"is not a telephone number: {shown(value)}.",
            "INVALID_PHONE_NUMBER",
            f'Write + and the country code, then the number; one per call. Example: "{EXAMPLE}".',
        )
    return found


def audio_url_of(fields: Fields) -> str:
    """What is to be played, '' for nothing."""
    url = fields.line("audioUrl", MAX_URL_CHARS)
    if url and not url.lower().startswith(("https://", "http://")):
        raise fields.wrong(
            "audioUrl",
            "must be an http(s) URL.",
            "INVALID_AUDIO_URL",
            "Give the public address of an MP3 or WAV file.",
        )
    return url


def finish_key(fields: Fields) -> str:
    """The key that ends the input, '' for none."""
    value = fields.get("finishKey")
    if value is None:
        return "#"
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 9:
        return str(value)
    if isinstance(value, str) and _FINISH_KEY.fullmatch(value.strip()):
        return value.strip()
    raise fields.wrong(
        "finishKey",
        f"must be one of 0 to 9, * and #, or empty, not {shown(value)}.",
        "INVALID_FINISH_KEY",
        'Send one key, for example "#".',
    )


def callback(shop: Shop, fields: Fields, name: str) -> str:
    """A URL that something may be sent to, '' if there is none. Raises ``InvalidInput``."""
    url = fields.line(name, MAX_URL_CHARS)
    if url:
        try:
            _check_url(shop, url)
        except InvalidInput as error:
            error.call_it(fields.written_as(name), fields.label(name))
            raise
    return url


def _check_url(shop: Shop, url: str) -> None:
    """Raises ``InvalidInput``; a host that is not public is told before the missing https, which
    would not help it."""
    try:
        check_webhook_url(shop, url)
    except InvalidInput:
        scheme, _, rest = url.partition("://")
        if scheme.lower() == "http":
            check_webhook_url(shop, f"https://{rest}")
        raise


def metadata_of(fields: Fields) -> str:
    """The client's own object as JSON, '' if there is none. Raises ``InvalidInput``."""
    value: Any = fields.get("metaData")
    if value is None or value == "":
        return ""
    if isinstance(value, str):  # all that a query can say
        value = _decoded(value)
    if not isinstance(value, dict):
        raise fields.wrong(
            "metaData",
            f"must be a JSON object, not {kind(value)}.",
            "INVALID_TYPE",
            'Send an object, for example {"order": "17"}, or leave it out.',
        )
    try:
        encoded = _encode(value)
    except (msgspec.MsgspecError, UnicodeError, OverflowError, RecursionError, ValueError):
        raise fields.wrong(
            "metaData", "holds what JSON cannot say.", "INVALID_TYPE", "Put it in quotes."
        ) from None
    if len(encoded) > MAX_METADATA_BYTES:
        raise fields.wrong(
            "metaData",
            f"has {len(encoded)} bytes; at most {MAX_METADATA_BYTES} are kept.",
            "TOO_LONG",
            "Keep it yourself, and send only a name for it.",
        )
    return encoded.decode()


def _decoded(text: str) -> Any:
    """What JSON a text holds; the text itself if it holds none."""
    try:
        return _decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
        return text
