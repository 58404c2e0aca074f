"""The answers of the paid URL as they go out: status, headers, document."""

from __future__ import annotations

from typing import Any

from ringbolt.api.kit import http
from ringbolt.api.kit.http import Header, Send
from ringbolt.api.l402.verify import Redeemed
from ringbolt.core.errors import RingboltError
from ringbolt.core.lightning import mpp


async def success(
    send: Send, document: dict[str, Any], redeemed: Redeemed, now_s: int, replayed: bool
) -> None:
    """200 with a receipt of the payment (MPP), and whether the answer was given before."""
    challenge_id = redeemed.challenge_id or redeemed.grant.payment_hash.hex()
    receipt = mpp.receipt(redeemed.grant.payment_hash, challenge_id, now_s)
    headers: list[Header] = [http.JSON, http.NO_STORE, (b"payment-receipt", receipt.encode())]
    if replayed:
        headers.append((b"idempotent-replayed", b"true"))
    await http.respond(send, 200, http.encode(document), headers)


async def failed(send: Send, document: dict[str, Any]) -> None:
    """422: paid for, and failed before anything rang."""
    code = document["error_code"].encode()
    headers = [http.PROBLEM, http.NO_STORE, (b"x-error-code", code)]
    await http.respond(send, 422, http.encode(document), headers)


async def error(send: Send, error: RingboltError, document: dict[str, Any]) -> None:
    headers: list[Header] = [http.PROBLEM, http.NO_STORE, (b"x-error-code", error.code.encode())]
    if "retry_after_seconds" in document:
        headers.append((b"retry-after", str(document["retry_after_seconds"]).encode()))
    if isinstance(error, http.MethodNotAllowed):
        headers.append((b"allow", http.METHODS))
    await http.respond(send, error.status, http.encode(document), headers)
