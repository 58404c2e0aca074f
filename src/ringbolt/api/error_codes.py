"""``GET /api/error-codes``: every error code, what it means, and what to do about it.

``docs/generate.py`` writes ``error_codes.csv`` and ``docs/errors.md`` from the same source.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Final

import msgspec

from ringbolt.api.kit.cacheable import cacheable
from ringbolt.api.kit.family import Family
from ringbolt.api.kit.http import encode
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import Response
from ringbolt.api.kit.schema import about
from ringbolt.core.tables import entries, shipped_rows

PATH: Final = "/api/error-codes"
_EXAMPLE: Final = {
    "errors": [
        {
            "code": "MISSING_FIELD",
            "statuses": [400],
            "when": "The request",
            "meaning": "A required field is missing, or empty.",
            "what_to_do": "Add it.",
        }
    ]
}


class ErrorCode(msgspec.Struct):
    """One code, as it is in X-Error-Code."""

    code: Annotated[str, about("Stable. An asterisk stands for a number.", "MISSING_FIELD")]
    statuses: Annotated[list[int], about("HTTP; none if it is not in answers, or as named.")]
    when: Annotated[str, about("What it is about.", "The request")]
    meaning: Annotated[str, about("Markdown.")]
    what_to_do: Annotated[str, about("Markdown.")]


class ErrorCodes(msgspec.Struct):
    """Every error code."""

    errors: list[ErrorCode]


@cache
def _document() -> bytes:
    rows = shipped_rows("ringbolt.api", "error_codes.csv")
    return encode(
        ErrorCodes(
            [
                ErrorCode(
                    row["code"],
                    [int(status) for status in entries(row["statuses"])],
                    row["when"],
                    row["meaning"],
                    row["what_to_do"],
                )
                for row in rows
            ]
        )
    )


def add_error_codes(family: Family) -> None:
    async def codes(request: Request[Nothing]) -> Response:
        """Every error code, what it means, and what to do."""
        return cacheable(request, _document())

    options: dict[str, Any] = {"tag": "discovery", "cost": "", "id": "error_codes"}
    family.add("GET", PATH, codes, Nothing, ErrorCodes, answer=_EXAMPLE, **options)
