"""JSON in a body, which every family reads in the same way."""

from __future__ import annotations

from json import JSONDecoder
from typing import Any, Final

import msgspec

from ringbolt.core.errors import InvalidInput
from ringbolt.core.json_errors import json_error

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""RFC 8259 lets a parser ignore it; Windows adds it."""

_decode = msgspec.json.Decoder().decode


def read_object(body: bytes, *, empty: str, or_else: str = "", unique: bool = False) -> Any:
    """The JSON object in ``body``. Raises ``InvalidInput``.

    ``empty`` is the suggestion where there is no body, ``or_else`` what may be sent instead of
    JSON; ``unique``: a field that is repeated in one object is refused.
    """
    body = body.removeprefix(BYTE_ORDER_MARK)
    if not body.strip():
        raise InvalidInput("The request has no body.", code="INVALID_JSON", suggestion=empty)
    try:
        document = _decode(body)
        if unique:
            _check_keys(body.decode())
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError) as error:
        raise InvalidInput(
            f"The body is not valid JSON: {json_error(error, body)}.",
            code="INVALID_JSON",
            suggestion=f"Send a JSON object, UTF-8, without NaN or comments{or_else}.",
        ) from None
    if not isinstance(document, dict):
        raise InvalidInput(
            "The body must be a JSON object.",
            code="INVALID_JSON",
            suggestion="Wrap the fields in { }.",
        )
    return document


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise InvalidInput(
                f"{key[:64]} is given twice in one object of the body.",
                code="DUPLICATE_FIELD",
                field=key[:64],
                suggestion="Send every field once.",
            )
        seen.add(key)


# msgspec silently keeps the last of two. Numbers stay texts: only the keys matter here.
_check_keys = JSONDecoder(object_pairs_hook=_refuse_repeated, parse_int=str, parse_float=str).decode
