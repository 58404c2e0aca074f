"""What a server answered, as a document and in words."""

from __future__ import annotations

from typing import Any

import httpx


def document_of(answer: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object; empty if it is none."""
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def reason_of(answer: httpx.Response) -> str:
    """Why a server refused, in its own words."""
    document = document_of(answer)
    if not document:
        return f"The server answered {answer.status_code}: {answer.text[:200]}"
    text = f"{document.get('error', answer.text[:200])}"
    if document.get("suggestion"):
        text += f" {document['suggestion']}"
    return f"{answer.status_code} {text}"


def links_of(document: dict[str, Any]) -> list[str]:
    """The links by which a refund can be withdrawn: LNURL, then its plain address."""
    refund = document.get("refund")
    if not isinstance(refund, dict):
        return []
    return [str(refund[name]) for name in ("lnurl_withdraw", "withdraw_url") if refund.get(name)]
