"""Queries and forms: pairs of texts (application/x-www-form-urlencoded)."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from ringbolt.core.errors import InvalidInput

MAX_FIELDS: Final = 64


def read_pairs(raw: bytes, where: str = "query", code: str = "INVALID_QUERY") -> dict[str, str]:
    """The fields of a query or form; the last of repeated ones counts. Raises ``InvalidInput``."""
    if not raw:
        return {}
    try:
        pairs = parse_qsl(
            raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:  # UnicodeError is one
        raise InvalidInput(
            f"The {where} cannot be read: it is not UTF-8 in percent-encoding, or has more than "
            f"{MAX_FIELDS} fields.",
            code=code,
            suggestion="Encode it as application/x-www-form-urlencoded, UTF-8.",
        ) from None
    return dict(pairs)
