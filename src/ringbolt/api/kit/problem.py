"""RFC 9457 problem documents, all in the same form."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ringbolt.api.kit.words import Worded
from ringbolt.core.errors import RingboltError


class Problem(msgspec.Struct, kw_only=True):
    """An error (RFC 9457), with Sats4AI's names and the standard's; other members may follow."""

    type: str
    title: str
    status: int
    detail: str
    error: str
    error_code: str
    suggestion: str | UnsetType = UNSET
    field: str | UnsetType = UNSET
    charged: bool | UnsetType | None = UNSET


def problem_document(
    status: int, code: str, title: str, detail: str, **more: Any
) -> dict[str, Any]:
    """``error`` and ``error_code`` are Sats4AI's names for ``detail`` and ``type``."""
    return {
        "type": f"urn:ringbolt:error:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "error": detail,
        "error_code": code,
        **more,
    }


def of_error(error: RingboltError, worded: Worded, **more: Any) -> dict[str, Any]:
    """The document of an error; ``field`` is there if one is at fault."""
    members = {"suggestion": worded.suggestion, **more}
    if worded.field is not None:
        members["field"] = worded.field
    return problem_document(error.status, error.code, error.title, worded.message, **members)


def shown_problem(error: RingboltError) -> dict[str, Any]:
    """An error as an example shows it."""
    return of_error(error, Worded(error.message, error.message, error.suggestion, error.field))
