"""``ringbolt call`` follows a paid call over a restart of the shop, and never loses its address."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ringbolt.cli.buyer.errors import PurchaseError
from ringbolt.cli.buyer.purchase import follow

STATUS_URL = "http://shop.example/api/l402/calls/7819"
OVER = {"status": "completed", "order_state": "settled", "digits": ""}


def lost(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("", request=request)


def answers(status: int, document: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, json=document)


def shop(*handlers: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    """A shop that answers each request by the next of ``handlers``."""
    left = iter(handlers)

    def answer(request: httpx.Request) -> httpx.Response:
        return next(left)(request)

    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


async def test_a_shop_that_is_restarted_is_asked_again() -> None:
    told: list[dict[str, Any]] = []
    ringing = {**OVER, "status": "ringing", "order_state": "in_progress"}
    unavailable = answers(503, {"error": "Not ready"})
    async with shop(answers(200, ringing), lost, unavailable, answers(200, OVER)) as http:
        assert await follow(http, STATUS_URL, told.append) == OVER

    assert told == [ringing, OVER]


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (lost, "The shop does not answer: ReadError."),
        (answers(503, {"error": "Not ready"}), "503 Not ready"),
    ],
)
async def test_a_shop_that_stays_away_leaves_the_address_of_the_status(
    handler: Callable[[httpx.Request], httpx.Response], said: str
) -> None:
    async with shop(handler) as http:
        with pytest.raises(PurchaseError) as failed:
            await follow(http, STATUS_URL, lambda _: None, patience_s=0)

    assert str(failed.value) == f"{said}\nThe call is paid. Its status: {STATUS_URL}"


async def test_a_definite_refusal_is_not_repeated() -> None:
    async with shop(answers(404, {"error": "There is no such call."})) as http:
        with pytest.raises(PurchaseError, match=r"404 There is no such call\."):
            await follow(http, STATUS_URL, lambda _: None)
