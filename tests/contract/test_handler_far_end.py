"""The adapter of ``handler_api.php`` at far ends that are silent, slow, or stop in half an answer,
and at prices that it cannot pay or cannot read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.core.pricing.amount import Amount
from ringbolt.core.pricing.exchange import Exchange
from ringbolt.numbers.handler_api import client
from ringbolt.numbers.handler_api.account import Account
from ringbolt.numbers.handler_api.provider import HandlerApiProvider, handler_api_provider
from ringbolt.numbers.provider import (
    ANY_COUNTRY,
    Acquired,
    AcquireNumber,
    AcquireResult,
    SupportsActiveLeases,
)
from ringbolt.upstream.http import HttpClient
from support.contracts.numbers import FAST, GERMANY, Book
from support.servers.far_end import Reply, far_end, hang_up, response, saying, stall
from support.servers.stubs import Stub, scripted

BOUGHT = b"ACCESS_NUMBER:17:4915112345678"
LIMIT_S = 0.3
"""How long the adapter waits here for an answer."""


async def half(n: int, writer: asyncio.StreamWriter) -> bool:
    """Half of an answer, and then nothing more."""
    writer.write(response("200 OK", BOUGHT)[:-7])
    await writer.drain()
    return await stall(n, writer)


async def drop_by_drop(n: int, writer: asyncio.StreamWriter) -> bool:
    """A byte now and then, for ever: no pause is long, but there is no end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"A")
        await writer.drain()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), LIMIT_S / 10)


FAR_ENDS: dict[str, Reply] = {
    "silent": stall,
    "half-open": half,
    "slow": drop_by_drop,
    "hanging up": hang_up,
    "another protocol": saying(b"220 mail.example ESMTP\r\n"),
}


@pytest.mark.parametrize("how", FAR_ENDS)
async def test_a_far_end_without_an_answer_leaves_a_purchase_open_and_ends_nothing(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "BUY_S", LIMIT_S)

    async def reply(n: int, writer: asyncio.StreamWriter) -> bool:
        """The first request is for the list of countries, which it does not have."""
        no_list = saying(response("200 OK", b"BAD_ACTION"))
        return await (no_list if n == 1 else FAR_ENDS[how])(n, writer)

    async with far_end(reply) as end:
        account = Account("provider", end.url, "s3cret", FAST["sms-activate"])
        http = HttpClient(timeout_s=LIMIT_S)
        provider = handler_api_provider(account, SystemClock(), Book(), http)
        assert isinstance(provider, SupportsActiveLeases)

        result = await provider.acquire(wanted())

        assert isinstance(result, Unknown), result
        assert sum(b"getNumberV2" in asked for asked in end.asked) == 1
        for ask in (
            provider.cancel("17"),
            provider.texts("17"),
            provider.finish("rent-17"),
            provider.active(rentals=False),
            provider.balance(),
        ):
            with pytest.raises(Unavailable) as refused:
                await ask
            assert "s3cret" not in refused.value.message
        await provider.close()


async def test_a_provider_that_cannot_be_reached_leases_nothing() -> None:
    async with far_end(hang_up) as end:
        url = end.url
    account = Account("provider", url, "s3cret", FAST["sms-activate"])
    provider = handler_api_provider(account, SystemClock(), Book())
    result = await provider.acquire(wanted())
    assert isinstance(result, Rejected)
    assert not result.permanent
    await provider.close()


async def test_after_a_429_nothing_is_asked_in_turn_for_as_long_as_it_says(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    loop = asyncio.get_running_loop
    monkeypatch.setattr(client, "asyncio", SimpleNamespace(sleep=sleep, get_running_loop=loop))
    provider = provider_of(stub)
    stub.say("getStatus", (429, "<html>slow down</html>"), "STATUS_OK:48010")
    with pytest.raises(Unavailable):
        await provider.texts("17")

    (text,) = await provider.texts("17")

    assert text.code == "48010"
    assert max(slept) == pytest.approx(7, abs=1)
    await provider.close()


# Prices


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with scripted() as stub:
        stub.say("getStatus", "STATUS_WAIT_CODE")
        stub.say("getPrices", json.dumps({str(GERMANY): {"tg": {"cost": 0.4, "count": 9}}}))
        services = {"full": {"cost": 2.0, "quant": {"current": 3, "total": 3}}}
        stub.say("getRentServicesAndCountries", json.dumps({"services": services}))
        stub.say("getNumber", BOUGHT.decode())
        yield stub


def provider_of(stub: Stub, dialect: str = "sms-activate") -> HandlerApiProvider:
    account = Account("provider", stub.url, "s3cret", FAST[dialect])
    return handler_api_provider(account, SystemClock(), Book())


def pays(cents: int) -> Callable[[str], Amount | None]:
    """A buyer who pays so many cents."""
    return lambda currency: Exchange({"USD": 1000}).units(cents * 10_000, currency)


def wanted(service: str = "tg", **more: Any) -> AcquireNumber:
    return AcquireNumber("attempt", service, GERMANY, **more)


async def bought(stub: Stub, dialect: str, request: AcquireNumber) -> AcquireResult:
    provider = provider_of(stub, dialect)
    result = await provider.acquire(request)
    await provider.close()
    return result


@pytest.mark.parametrize(
    ("told", "cost"),
    [
        ({"activationCost": "0.25"}, Amount(250_000, "USD")),
        ({"activationCost": 0.25, "currency": 840}, Amount(250_000, "USD")),
        ({"activationCost": "25.5", "currency": "643"}, Amount(25_500_000, "RUB")),
        ({"activationCost": 0.25, "currency": "EUR"}, Amount(250_000, "EUR")),
        ({"activationCost": 35, "currency": 392}, None),  # a currency that is not known here
        ({"activationCost": "free"}, None),
        ({}, None),
    ],
)
async def test_a_cost_counts_in_the_currency_that_it_was_told_in(
    stub: Stub, told: dict[str, object], cost: Amount | None
) -> None:
    answer = {"activationId": 17, "phoneNumber": "4915112345678", **told}
    stub.say("getNumberV2", json.dumps(answer))
    result = await bought(stub, "sms-activate", wanted())
    assert isinstance(result, Acquired)
    assert result.cost == cost


async def test_a_cost_that_is_not_told_is_that_of_the_list_of_prices(stub: Stub) -> None:
    provider = provider_of(stub, "plain")
    await provider.offers(GERMANY)
    result = await provider.acquire(wanted())
    assert isinstance(result, Acquired)
    assert result.cost == Amount(400_000, "USD")
    await provider.close()


@pytest.mark.parametrize(("cents", "is_bought"), [(39, False), (40, True)])
async def test_a_provider_that_takes_no_highest_price_is_asked_for_nothing_too_dear(
    stub: Stub, cents: int, is_bought: bool
) -> None:
    result = await bought(stub, "plain", wanted(most=pays(cents)))
    assert isinstance(result, Acquired if is_bought else Rejected), result
    assert len(stub.asked_for("getNumber")) == int(is_bought)


@pytest.mark.parametrize(("cents", "is_bought"), [(199, False), (200, True)])
async def test_no_rental_costs_more_than_its_buyer_pays(
    stub: Stub, cents: int, is_bought: bool
) -> None:
    phone = {"id": 17, "endDate": "2027-01-15 08:00:00", "number": "4915112345678"}
    stub.say("getRentNumber", json.dumps({"status": "success", "phone": phone}))
    result = await bought(stub, "sms-activate", wanted("full", hours=4, most=pays(cents)))
    assert isinstance(result, Acquired if is_bought else Rejected), result
    assert len(stub.asked_for("getRentNumber")) == int(is_bought)


async def test_any_country_is_one_of_those_that_the_buyer_can_pay(stub: Stub) -> None:
    listed = {"12": {"tg": {"cost": 9, "count": 1}}, "43": {"tg": {"cost": 0.4, "count": 1}}}
    stub.say("getPrices", json.dumps(listed))
    request = AcquireNumber("attempt", "tg", ANY_COUNTRY, most=pays(50))
    results = [await bought(stub, "plain", request) for _ in range(3)]
    assert all(isinstance(result, Acquired) for result in results), results
    assert {each["country"] for each in stub.asked_for("getNumber")} == {str(GERMANY)}
