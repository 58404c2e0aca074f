"""What a provider behind ``handler_api.php`` may answer, and what we take it for."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.pricing.amount import Amount
from ringbolt.core.pricing.exchange import Exchange
from ringbolt.numbers.handler_api.account import Account
from ringbolt.numbers.handler_api.dialect import DIALECTS
from ringbolt.numbers.handler_api.provider import HandlerApiProvider, handler_api_provider
from ringbolt.numbers.provider import (
    Acquired,
    AcquireNumber,
    Cancelled,
    HasText,
    SupportsActiveLeases,
    TooEarly,
)
from support.contracts.numbers import FAST, GERMANY, USA, Book
from support.servers.stubs import Stub, scripted

WAITS = "STATUS_WAIT_CODE"
BOUGHT = "ACCESS_NUMBER:17:4915112345678"


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with scripted() as stub:
        stub.say("getStatus", WAITS)
        yield stub


def provider_of(stub: Stub, dialect: str = "sms-activate", **more: Any) -> HandlerApiProvider:
    account = Account("provider", stub.url, "s3cret", FAST[dialect], **more)
    return handler_api_provider(account, SystemClock(), Book())


@pytest.fixture
async def provider(stub: Stub) -> AsyncIterator[HandlerApiProvider]:
    provider = provider_of(stub)
    yield provider
    await provider.close()


def wanted(country: int = GERMANY, **more: Any) -> AcquireNumber:
    return AcquireNumber("attempt", "tg", country, **more)


def document(**more: Any) -> str:
    return json.dumps({"activationId": 17, "phoneNumber": "4915112345678", **more})


# A purchase


@pytest.mark.parametrize(
    "answer",
    [
        BOUGHT,
        document(),
        document(activationId="17", phoneNumber="+4915112345678", countryCode="43"),
        document(phoneNumber=4915112345678),
        document(phoneNumber="15112345678"),  # without its calling code
        (201, "\ufeff " + document() + "\n"),
        (200, json.dumps(BOUGHT)),
    ],
)
async def test_a_number_is_leased_however_it_is_written(
    provider: HandlerApiProvider, stub: Stub, answer: Any
) -> None:
    stub.say("getNumberV2", answer)
    acquired = await provider.acquire(wanted())
    assert isinstance(acquired, Acquired)
    assert (acquired.lease_id, acquired.number) == ("17", "+4915112345678")
    assert (acquired.country, acquired.unfit) == (GERMANY, "")


@pytest.mark.parametrize(
    ("answer", "permanent"),
    [
        ("NO_NUMBERS", True),
        ("WRONG_MAX_PRICE:0.31", True),
        ("BAD_SERVICE", True),
        ((404, '{"title":"NO_NUMBERS","details":"No numbers"}'), True),
        ('{"status":"error","message":"OUT_OF_STOCK"}', True),
        ("NO_BALANCE", False),
        ("BAD_KEY", False),
        ("BANNED:2027-01-01 00:00:00", False),
        ((402, '{"title":"NO_BALANCE"}'), False),
        ((429, "<html>slow down</html>"), False),
        ((403, "<html>a proxy refuses</html>"), True),
        ((400, "SOMETHING_NEW"), True),
    ],
)
async def test_a_definite_no(
    provider: HandlerApiProvider, stub: Stub, answer: Any, permanent: bool
) -> None:
    stub.say("getNumberV2", answer)
    result = await provider.acquire(wanted())
    assert isinstance(result, Rejected), result
    assert result.permanent is permanent


@pytest.mark.parametrize(
    "answer",
    [
        (0, ""),
        (500, ""),
        (502, "<html>Bad gateway</html>"),
        (200, "<html>Just a moment...</html>"),
        (200, ""),
        (200, "{"),
        (200, "[" * 5000),
        (200, '{"success":true}'),
        "SOMETHING_NEW",
        "ERROR_SQL",
        "SERVER ERROR",
        "ORDER_ALREADY_EXISTS",
        (200, '{"status":"error"}'),
        (200, '{"activationId":{},"phoneNumber":"4915112345678"}'),
        (408, ""),
    ],
)
async def test_an_answer_that_leaves_it_open(
    provider: HandlerApiProvider, stub: Stub, answer: Any
) -> None:
    stub.say("getNumberV2", answer)
    assert isinstance(await provider.acquire(wanted()), Unknown)
    assert len(stub.asked_for("getNumberV2")) == 1


async def test_a_429_says_how_long_to_wait(provider: HandlerApiProvider, stub: Stub) -> None:
    stub.say("getNumberV2", (429, ""))
    result = await provider.acquire(wanted())
    assert isinstance(result, Rejected)
    assert result.retry_after_ms == 7000


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (document(phoneNumber="12025550123"), "another country"),
        (document(countryCode=187, phoneNumber="12025550123"), "another country"),
        (document(phoneNumber="no number"), "no telephone number"),
        (document(phoneNumber=None), "no telephone number"),
    ],
)
async def test_a_number_that_nobody_can_have_is_leased_but_unfit(
    provider: HandlerApiProvider, stub: Stub, answer: str, why: str
) -> None:
    stub.say("getNumberV2", answer)
    acquired = await provider.acquire(wanted())
    assert isinstance(acquired, Acquired)
    assert why in acquired.unfit


async def test_a_number_that_shows_a_code_already_is_unfit(
    provider: HandlerApiProvider, stub: Stub
) -> None:
    stub.say("getNumberV2", BOUGHT)
    stub.say("getStatus", "STATUS_OK:48010")
    acquired = await provider.acquire(wanted())
    assert isinstance(acquired, Acquired)
    assert "earlier buyer" in acquired.unfit


async def test_no_more_is_paid_than_the_buyer_pays(
    provider: HandlerApiProvider, stub: Stub
) -> None:
    stub.say("getNumberV2", document(activationCost="0.25", currency=840))
    exchange = Exchange({"USD": 1000})

    acquired = await provider.acquire(
        wanted(most=lambda currency: exchange.units(333_333, currency))
    )

    assert stub.asked_for("getNumberV2")[0]["maxPrice"] == "0.3333"
    assert isinstance(acquired, Acquired)
    assert acquired.cost == Amount(250_000, "USD")


async def test_the_providers_own_number_of_a_country_is_asked_for(
    provider: HandlerApiProvider, stub: Stub
) -> None:
    listed = [{"id": 1003, "eng": "Germany"}, {"id": 12, "eng": "USA", "visible": 1}]
    stub.say("getCountries", json.dumps(listed))
    stub.say("getNumberV2", document(countryCode="1003"))

    acquired = await provider.acquire(wanted())

    assert isinstance(acquired, Acquired)
    assert (acquired.country, acquired.unfit) == (GERMANY, "")
    assert stub.asked_for("getNumberV2")[0]["country"] == "1003"
    assert await provider.countries() == (GERMANY, USA)


# Ends


async def test_a_last_look_before_a_cancel(provider: HandlerApiProvider, stub: Stub) -> None:
    stub.say("getStatus", "STATUS_OK:48010")
    result = await provider.cancel("17")
    assert isinstance(result, HasText)
    assert [text.code for text in result.texts] == ["48010"]
    assert stub.asked_for("setStatus") == []


@pytest.mark.parametrize("refusal", ["BAD_STATUS", (409, '{"title":"OTP_RECEIVED"}'), "NEW_WORD"])
async def test_a_code_that_comes_while_it_is_cancelled_counts(
    provider: HandlerApiProvider, stub: Stub, refusal: Any
) -> None:
    stub.say("getStatus", WAITS, "STATUS_OK:48010")
    stub.say("setStatus", refusal)
    assert isinstance(await provider.cancel("17"), HasText)


@pytest.mark.parametrize("answer", ["NO_ACTIVATION", "STATUS_CANCEL", (404, "NO_ACTIVATION")])
async def test_what_is_over_is_cancelled(
    provider: HandlerApiProvider, stub: Stub, answer: Any
) -> None:
    stub.say("getStatus", answer)
    assert await provider.cancel("17") == Cancelled()
    assert await provider.texts("17") == ()


async def test_a_cancel_that_is_too_early_is_tried_again_later(
    provider: HandlerApiProvider, stub: Stub
) -> None:
    stub.say("setStatus", (400, "EARLY_CANCEL_DENIED"))
    assert isinstance(await provider.cancel("17"), TooEarly)


@pytest.mark.parametrize(
    "answer",
    ["<html>", (500, ""), (0, ""), "BAD_KEY", "ERROR_SQL", "SOMETHING_NEW", '{"a":1}', (429, "")],
)
async def test_what_is_not_understood_ends_nothing(
    provider: HandlerApiProvider, stub: Stub, answer: Any
) -> None:
    stub.say("getStatus", answer)
    for ask in (provider.cancel("17"), provider.texts("17")):
        with pytest.raises(Unavailable) as refused:
            await ask
        assert "s3cret" not in refused.value.message
    assert stub.asked_for("setStatus") == []


# After a lost answer


@pytest.mark.parametrize(
    "answer",
    [
        *("<html>", (500, ""), '{"status":"success"}', "BAD_ACTION", "[17]", '[{"id":17}]'),
        json.dumps({"data": [{"phoneNumber": "4915112345678"}]}),
        json.dumps([{"id": n, "phone": "4915112345678"} for n in range(5001)]),
    ],
)
async def test_a_list_that_cannot_be_read_is_no_empty_list(
    provider: HandlerApiProvider, stub: Stub, answer: Any
) -> None:
    stub.say("getActiveActivations", answer)
    assert isinstance(provider, SupportsActiveLeases)
    with pytest.raises(Unavailable):
        await provider.active(rentals=False)


@pytest.mark.parametrize(
    "answer",
    ['{"status":"error","error":"NO_ACTIVATIONS"}', '{"status":"success","data":[]}', "[]"],
)
async def test_there_are_no_active_leases(
    provider: HandlerApiProvider, stub: Stub, answer: str
) -> None:
    stub.say("getActiveActivations", answer)
    assert isinstance(provider, SupportsActiveLeases)
    assert await provider.active(rentals=False) == ()


async def test_a_list_whose_pages_repeat_themselves_is_no_list(stub: Stub) -> None:
    provider = provider_of(stub, "hero-sms")
    page = [{"activationId": n, "phoneNumber": "4915112345678"} for n in range(100)]
    stub.say("getActiveActivations", json.dumps({"status": "success", "data": page}))
    assert isinstance(provider, SupportsActiveLeases)
    with pytest.raises(Unavailable):
        await provider.active(rentals=False)
    assert [each["start"] for each in stub.asked_for("getActiveActivations")] == ["0", "100"]
    await provider.close()


async def test_providers_that_list_nothing_are_never_asked_again(stub: Stub) -> None:
    for name, dialect in DIALECTS.items():
        provider = provider_of(stub, name)
        lists = isinstance(provider, SupportsActiveLeases)
        assert lists is bool(dialect.listing)
        assert provider.recovery is (Recovery.LOOKUP if lists else Recovery.NONE)
        await provider.close()


# Prices and balance


@pytest.mark.parametrize(
    ("leaf", "cost", "free"),
    [
        ({"cost": 0.2, "count": 17, "physicalCount": 3}, 200_000, 17),
        ({"cost": "0.20", "count": "17"}, 200_000, 17),
        ({"0.3": 5, "0.2": 12, "0.1": 0}, 200_000, 17),
    ],
)
async def test_prices_and_counts(
    provider: HandlerApiProvider, stub: Stub, leaf: Any, cost: int, free: int
) -> None:
    stub.say("getServicesList", '{"status":"success","services":[{"code":"tg","name":"Tele"}]}')
    stub.say("getPrices", json.dumps({str(GERMANY): {"tg": leaf}}))

    (offer,) = await provider.offers(GERMANY)

    assert (offer.code, offer.name, offer.count) == ("tg", "Tele", free)
    quote = provider.quote("tg", GERMANY, 0)
    assert (quote.cost, quote.free, quote.closed) == (Amount(cost, "USD"), free, "")
    assert provider.quote("wa", GERMANY, 0).free == 0


async def test_a_low_balance_closes_the_sales_until_it_is_topped_up(stub: Stub) -> None:
    provider = provider_of(stub, low_balance=1.0)
    stub.say("getBalance", "ACCESS_BALANCE:0.99")
    assert await provider.balance() == Amount(990_000, "USD")
    assert "0.99 USD: top it up" in provider.quote("tg", GERMANY, 0).closed

    stub.say("getBalance", "ACCESS_BALANCE:25")
    await provider.balance()

    assert provider.quote("tg", GERMANY, 0).closed == ""
    await provider.close()


async def test_a_refusal_for_want_of_money_closes_the_sales(stub: Stub) -> None:
    provider = provider_of(stub, low_balance=1.0)
    stub.say("getBalance", "ACCESS_BALANCE:25")
    await provider.balance()
    stub.say("getNumberV2", "NO_BALANCE")

    await provider.acquire(wanted())

    assert "down to 0.00 USD" in provider.quote("tg", GERMANY, 0).closed
    await provider.close()


@pytest.mark.parametrize(
    ("answer", "state"),
    [("ACCESS_BALANCE:3", "ok"), ("BAD_KEY", "wrong"), ("<html>Wait</html>", "wrong")],
)
async def test_the_doctor_sees_the_key(
    provider: HandlerApiProvider, stub: Stub, answer: str, state: str
) -> None:
    stub.say("getBalance", answer)
    first = (await provider.check())[0]
    assert (first.state, bool(first.fix)) == (state, state == "wrong")


async def test_the_doctor_sees_a_low_balance(stub: Stub) -> None:
    provider = provider_of(stub, low_balance=1.0)
    stub.say("getBalance", "ACCESS_BALANCE:0.99")
    [low] = [each for each in await provider.check() if each.subject == "balance"]
    assert (low.state, bool(low.fix)) == ("wrong", True)
    await provider.close()


async def test_a_plain_provider_tells_only_the_code(stub: Stub) -> None:
    provider = provider_of(stub, "plain")
    stub.say("getStatus", "STATUS_WAIT_RETRY:070051")
    (text,) = await provider.texts("17")
    assert (text.text, text.code, text.event_id) == ("070051", "070051", "17:070051")
    stub.say("getStatus", "STATUS_OK:Welcome to Acme")
    (text,) = await provider.texts("17")
    assert (text.text, text.code) == ("Welcome to Acme", "")
    await provider.close()


async def test_a_whole_text_is_the_same_event_as_its_code(stub: Stub) -> None:
    dialect = replace(FAST["onlinesim"], url=stub.url)
    account = Account("provider", stub.url, "key", dialect)
    provider = handler_api_provider(account, SystemClock(), Book())
    stub.say("getStatus", "STATUS_OK:48010")
    stub.say("getFullSms", "FULL_SMS:Your code is 48010")
    (text,) = await provider.texts("17")
    assert (text.text, text.code, text.event_id) == ("Your code is 48010", "48010", "17:48010")
    await provider.close()
