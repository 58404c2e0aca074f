"""Wait for an order's result, telling the agent of every change meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from ringbolt.core.order import DELIVERED, FINAL, NOT_DELIVERED, OrderState
from ringbolt.mcp import results
from ringbolt.mcp.door import Answer, Door
from ringbolt.mcp.results import Result, is_going_on

Tell = Callable[[float, float, str], Awaitable[None]]
"""Is told how many seconds have passed, of how many at most, and what is happening."""

_ONE_POLL_S: Final = 10
"""How long one request waits: a client that gets a notification that often keeps waiting."""
_LEAST_PAUSE_S: Final = 0.2


async def wait_for(door: Door, order_id: str, seconds: int, tell: Tell) -> Result:
    """The order as soon as it has its result, or as it is after ``seconds``."""
    now = asyncio.get_running_loop().time
    begun = now()
    fields: dict[str, Any] = {"orderId": order_id}
    while True:
        answer = await door.ask("GET", "/orderstatus", fields, {})
        passed = now() - begun
        if answer.is_success:
            document = answer.document
            # Told of a result, too: whoever asks for progress hears at least once.
            await tell(min(passed, seconds), seconds, _words(document))
            if _has_result(document) or passed >= seconds or door.is_closing:
                return results.order_result(order_id, document)
            left = max(1, int(seconds - passed))
            fields = {
                "orderId": order_id,
                "wait": min(_ONE_POLL_S, left),
                "since": document.get("timestamp", 0),
            }
        elif not answer.retry_after_s or passed >= seconds:
            return results.refused(answer)
        else:
            await asyncio.sleep(_pause_s(answer))


def _pause_s(answer: Answer) -> float:
    return max(_LEAST_PAUSE_S, min(float(answer.retry_after_s), _ONE_POLL_S))


def _has_result(document: dict[str, Any]) -> bool:
    """Whether what the buyer waits for is there. A call that is answered is delivered and paid for,
    but its keys come while it goes on; a rented number is there, and its texts come."""
    state = OrderState(document["state"])
    if state in NOT_DELIVERED or document.get("textMasked"):
        return True
    if is_going_on(document):
        return False
    if document.get("isRental") and "number" in document:
        return True
    return state in FINAL or state in DELIVERED


def _words(document: dict[str, Any]) -> str:
    told = [str(document["state"]).replace("_", " ")]
    if document.get("callStatus"):
        told.append(f"call {document['callStatus']}")
    if document.get("number") and "code" not in document and "callStatus" not in document:
        told.append(f"number +{document['number']}")
    return ", ".join(told)
