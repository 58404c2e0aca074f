"""The fields of a call that are more than a text, a number or a boolean.

Each raises ``InvalidInput`` that names the field.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ringbolt.api.kit.fields import Fields
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import check_webhook_url
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.errors import InvalidInput

MAX_URL_CHARS: Final = 2048
MAX_METADATA_BYTES: Final = 4096
MAX_PLAN_CHARS: Final = 32 * 1024
METHODS: Final = ("POST", "GET")
encode_json = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def audio_url(fields: Fields, name: str) -> str:
    """What is to be played, '' for nothing."""
    url = fields.line(name, MAX_URL_CHARS)
    if url and not url.lower().startswith(("https://", "http://")):
        raise fields.wrong(
            name,
            "must be an http(s) URL.",
            "INVALID_AUDIO_URL",
            "Give the public address of an MP3 or WAV file.",
        )
    return url


def plan(fields: Fields, name: str) -> str | None:
    """A plan in JSON; one that is the body itself is read as XML only."""
    if name in fields.texts:
        text: str = fields.get(name)
        return text
    return fields.text(name, MAX_PLAN_CHARS).strip() or None


def method(fields: Fields, name: str) -> str:
    """POST or GET."""
    found = fields.line(name, 16).upper() or METHODS[0]
    if found not in METHODS:
        raise fields.wrong(name, "must be POST or GET.", "INVALID_TYPE", "Send POST or GET.")
    return found


def status(fields: Fields, name: str) -> CallStatus | None:
    """A status of calls; None for all."""
    word = fields.line(name, 32).lower()
    if not word:
        return None
    try:
        return CallStatus(word)
    except ValueError:
        raise fields.wrong(
            name,
            "is not a status of a call.",
            "INVALID_STATUS",
            f"Choose one of {', '.join(CallStatus)}.",
        ) from None


def metadata(fields: Fields, name: str) -> dict[str, Any] | None:
    """The client's own object; None if there is none."""
    value: Any = fields.get(name)
    if value == "":
        return None
    if isinstance(value, str):  # a query has only texts
        value = _decoded(value)
    if not isinstance(value, dict):
        raise fields.wrong_kind(
            name, "a JSON object", 'Send an object, for example {"order": "17"}, or leave it out.'
        )
    try:
        size = len(encode_json(value))
    except (msgspec.MsgspecError, UnicodeError, OverflowError, RecursionError, ValueError):
        raise fields.wrong(
            name, "has a value that JSON cannot represent.", "INVALID_TYPE", "Put it in quotes."
        ) from None
    if size > MAX_METADATA_BYTES:
        raise fields.wrong(
            name,
            f"has {size} bytes; at most {MAX_METADATA_BYTES} are kept.",
            "TOO_LONG",
            "Store it yourself, and send only a reference to it.",
        )
    return value


def check_callback(shop: Shop, fields: Fields, name: str, url: str) -> str:
    """``url``, if callbacks may be sent to it. Raises ``InvalidInput``."""
    if url:
        try:
            _check_url(shop, url)
        except InvalidInput as error:
            error.call_it(fields.written(name), fields.label(name))
            raise
    return url


def _check_url(shop: Shop, url: str) -> None:
    """Raises ``InvalidInput``; a host that is not public is reported before a missing https, which
    would not help."""
    try:
        check_webhook_url(shop, url)
    except InvalidInput:
        scheme, _, rest = url.partition("://")
        if scheme.lower() == "http":
            check_webhook_url(shop, f"https://{rest}")
        raise


def _decoded(text: str) -> Any:
    """A text decoded as JSON; the text itself if it is not JSON."""
    try:
        return _decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
        return text
