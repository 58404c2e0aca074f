"""RFC 9457 problem documents, in the one form that all of them have here."""

from __future__ import annotations

from typing import Any


def problem_document(
    status: int, code: str, title: str, detail: str, **more: Any
) -> dict[str, Any]:
    """``error`` and ``error_code`` say the same as ``detail`` and ``type``, by Sats4AI's names."""
    return {
        "type": f"urn:ringbolt:error:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "error": detail,
        "error_code": code,
        **more,
    }
