"""What a request says, wherever it says it: query, form or JSON.

sms4sats' clients send JSON, forms and queries alike. Where a field stands in more than one place
the body wins. Fields of a query or form are texts; those of a JSON body have a type.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ringbolt.core.canonical import canonical_json
from ringbolt.core.errors import InvalidInput
from ringbolt.core.json_errors import json_error

MAX_FIELDS = 64
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_JSON_BEGINS = b'{["'

_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Parameters:
    """``typed``: from a JSON body. ``texts``: from query and form."""

    typed: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """The field as it came; None if it is absent or null."""
        value = self.typed.get(name)
        return self.texts.get(name) if value is None else value

    def is_text(self, name: str) -> bool:
        """Whether the field stands in a query or form, where everything is text."""
        return self.typed.get(name) is None and name in self.texts

    def canonical(self) -> bytes:
        """The same bytes for the same request, whatever the order of its fields."""
        return canonical_json({**self.texts, **self.typed})


def from_request(
    query: bytes, body: bytes, content_type: str, content_encoding: str = ""
) -> Parameters:
    """Raises ``InvalidInput`` for what cannot be read."""
    texts = _form(query, "query") if query else {}
    body = body.removeprefix(_BYTE_ORDER_MARK).strip()  # RFC 8259 lets a parser ignore the mark
    if not body:
        return Parameters({}, texts)
    if content_encoding.strip().lower() not in ("", "identity"):
        raise InvalidInput(
            f"The body is compressed (Content-Encoding: {content_encoding[:20]}), which is not read"
            " here.",
            code="INVALID_BODY",
            suggestion="Send it as it is.",
        )
    kind = content_type.partition(";")[0].strip().lower()
    # ``curl -d '{...}'`` calls its JSON a form; some say nothing of what they send.
    if kind in ("application/x-www-form-urlencoded", "") and body[:1] not in _JSON_BEGINS:
        return Parameters({}, {**texts, **_form(body, "form")})
    if kind == "multipart/form-data":
        raise InvalidInput(
            "The body is multipart/form-data, which is not read here.",
            code="INVALID_BODY",
            suggestion="Send a JSON object, or application/x-www-form-urlencoded.",
        )
    return Parameters(_json(body), texts)


def _json(body: bytes) -> dict[str, Any]:
    try:
        document = _decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError) as error:
        raise InvalidInput(
            f"The body is not valid JSON: {json_error(error, body)}.",
            code="INVALID_JSON",
            suggestion="Send a JSON object, UTF-8, without NaN or comments, or a form as"
            " application/x-www-form-urlencoded.",
        ) from None
    if not isinstance(document, dict):
        raise InvalidInput(
            "The body must be a JSON object.",
            code="INVALID_JSON",
            suggestion="Wrap the fields in { }.",
        )
    if len(document) > MAX_FIELDS:
        raise InvalidInput(
            f"The body has {len(document)} fields; at most {MAX_FIELDS} are read.",
            code="TOO_MANY_FIELDS",
            suggestion="Send only the documented fields.",
        )
    return document


def _form(raw: bytes, where: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:  # UnicodeError is one
        raise InvalidInput(
            f"The {where} cannot be read: it is not UTF-8 in percent-encoding, or has more than "
            f"{MAX_FIELDS} fields.",
            code="INVALID_BODY" if where == "form" else "INVALID_QUERY",
            suggestion="Encode it as application/x-www-form-urlencoded, UTF-8.",
        ) from None
    return dict(pairs)
