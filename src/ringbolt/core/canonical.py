"""The canonical form of a JSON body (RFC 8785) and its digest.

Two bodies that differ in white space or in the order of their keys are the same request.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec
import rfc8785

from ringbolt.core.errors import InvalidInput

_sorted_json = msgspec.json.Encoder(order="sorted").encode
_MAX_EXACT = 2**53


def canonical_json(value: Any) -> bytes:
    """RFC 8785 bytes. Raises ``InvalidInput`` for what it cannot represent (an integer over
    2^53)."""
    try:
        if _is_plain(value):
            return _sorted_json(value)
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise InvalidInput(
            f"The JSON body cannot be put in canonical form: {error}.",
            suggestion="Write numbers over 2^53 as text, and characters whole.",
        ) from None


def _is_plain(value: Any) -> bool:
    """A flat object whose values encode the same way in both: by far the most common body.

    Keys must sort alike by code point and by UTF-16 unit, which ASCII keys do; DEL aside, both
    encoders escape the same characters of a string. Floats are left to RFC 8785.
    """
    if type(value) is not dict:
        return False
    for key, item in value.items():
        if not key.isascii():
            return False
        kind = type(item)
        if kind is str or kind is bool or item is None:
            continue
        if kind is int and -_MAX_EXACT < item < _MAX_EXACT:
            continue
        return False
    return True


def digest(data: bytes) -> str:
    """RFC 9530 form: ``sha-256=:<base64>:``."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"
