"""What a server answered, as a document and in words."""

from __future__ import annotations

from typing import Any, Final

import httpx

from ringbolt_client.errors import ClientError, Refused

NOT_YET: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers of a server, or of a proxy before it, that is not able to answer now."""


def document_of(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; empty if it has none."""
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def refusal_of(answer: httpx.Response) -> ClientError:
    """A refusal, in the words of the server."""
    document = document_of(answer)
    said = document.get("error") or document.get("detail") or document.get("reason")
    words = said if isinstance(said, str) else _unread(answer)
    code = answer.headers.get("x-error-code") or document.get("error_code") or ""
    suggestion = document.get("suggestion")
    return Refused(
        words,
        code=code if isinstance(code, str) else "",
        suggestion=suggestion if isinstance(suggestion, str) else "",
        status=answer.status_code,
        document=document,
    )


def retry_after_s(answer: httpx.Response, most_s: float) -> float:
    """Seconds to wait as the answer says, ``most_s`` at most; 0 if it does not say."""
    said = answer.headers.get("retry-after", "")
    return min(float(said), most_s) if said.isdecimal() else 0.0


def _unread(answer: httpx.Response) -> str:
    return f"The server answered HTTP {answer.status_code}. {answer.text[:200]}".strip()
