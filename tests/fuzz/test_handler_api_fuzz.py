"""Whatever a provider behind ``handler_api.php`` answers, to whatever it was asked: no exception
but ``Unavailable``, no number sold that is none, and no time that grows faster than the answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ringbolt.clock import SystemClock
from ringbolt.core.callback import CallbackRequest
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.numbers.handler_api import callbacks
from ringbolt.numbers.handler_api.account import Account
from ringbolt.numbers.handler_api.catalogue import country_ids
from ringbolt.numbers.handler_api.fields import code_of, lasts_ms, number_of, text_of, time_ms
from ringbolt.numbers.handler_api.prices import by_country, micros_of
from ringbolt.numbers.handler_api.provider import HandlerApiProvider, handler_api_provider
from ringbolt.numbers.handler_api.reply import read
from ringbolt.numbers.handler_api.texts import of_listed, of_rental, of_status_document
from ringbolt.numbers.provider import Acquired, AcquireNumber, SupportsActiveLeases
from ringbolt.upstream.exchange import Answer, Exchange
from ringbolt.upstream.http import MAX_ANSWER_BYTES, HttpClient
from support.contracts.numbers import FAST, GERMANY, Book
from support.growth import LINEAR, growth

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000
HUGE = int("9" * 4299)
NAMES = (
    *("status", "message", "error", "title", "data", "values", "activeActivations", "services"),
    *("activationId", "id", "phoneNumber", "phone", "number", "countryCode", "serviceCode"),
    *("activationCost", "currency", "activationTime", "activationEndTime", "endDate", "date"),
    *("smsCode", "smsText", "code", "text", "sms", "call", "from", "dateTime", "phoneFrom"),
    *("43", "tg", "cost", "count", "price", "quant", "countries", "eng", "visible", "balance"),
)
WORDS = (
    *("ACCESS_NUMBER", "ACCESS_BALANCE", "STATUS_OK", "STATUS_WAIT_CODE", "STATUS_WAIT_RETRY"),
    *("STATUS_CANCEL", "FULL_SMS", "NO_NUMBERS", "NO_BALANCE", "BAD_KEY", "ACCESS_CANCEL"),
    *("NO_ACTIVATION", "EARLY_CANCEL_DENIED", "ERROR_SQL", "BAD_STATUS", "SOMETHING_NEW"),
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(HUGE)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(
        [
            *("4915112345678", "17", "success", "0.25", "1E+999999999", "840", "\ud800", "٣٤٥٦٧٨"),
            *("2027-01-15 08:00:00", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00-23:59"),
        ]
    )
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner),
    max_leaves=20,
)
said = st.builds("{}:{}".format, st.sampled_from(WORDS), st.text() | st.just("17:4915112345678"))
bodies = (
    st.binary()
    | (st.sampled_from(WORDS) | said).map(lambda text: text.encode("utf-8", "replace"))
    | documents.map(lambda document: json.dumps(document).encode())
)
dialects = st.sampled_from(["sms-activate", "hero-sms", "onlinesim", "plain"])


class Answering(HttpClient):
    """Answers every request the same."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer

    async def once(self, *asked: Any, **options: Any) -> Exchange:
        return self.answer

    async def ask(self, *asked: Any, **options: Any) -> Exchange:
        return self.answer


def provider_of(answer: Answer, dialect: str) -> HandlerApiProvider:
    account = Account("provider", "http://provider.example/x", "key", FAST[dialect])
    return handler_api_provider(account, SystemClock(), Book(), Answering(answer))


async def everything(provider: HandlerApiProvider) -> list[str]:
    """Each request that a shop makes; why the provider counts as unavailable."""
    refused = []
    asks: list[Callable[[], Awaitable[object]]] = [
        provider.countries,
        lambda: provider.offers(GERMANY),
        provider.balance,
        provider.check,
        *(
            lambda lease=lease, ask=ask: ask(lease)
            for lease in ("17", "rent-17")
            for ask in (provider.texts, provider.cancel, provider.finish, provider.request_text)
        ),
    ]
    if isinstance(provider, SupportsActiveLeases):
        listing = provider
        asks += [lambda: listing.active(rentals=False), lambda: listing.active(rentals=True)]
    for ask in asks:
        try:
            await ask()
        except Unavailable as error:
            refused.append(error.message)
    for hours in (0, 4):
        provider.quote("tg", GERMANY, hours)
    await provider.close()
    return refused


@given(status=st.integers(100, 599), body=bodies, dialect=dialects)
@example(200, b'{"status":' + b"[" * 900 + b"]" * 900 + b"}", "plain")
@example(200, b"[" * 100_000, "plain")
@example(200, b'{"services":{"tg":{"cost":' + b"9" * 5000 + b"}}}", "plain")
@settings(deadline=None)
def test_any_answer_to_anything_is_read_or_says_nothing(
    status: int, body: bytes, dialect: str
) -> None:
    refused = asyncio.run(everything(provider_of(Answer(status, body), dialect)))
    assert all(len(why) < 300 and "api_key" not in why for why in refused)


async def bought(answer: Answer, dialect: str, wanted: AcquireNumber) -> object:
    provider = provider_of(answer, dialect)
    try:
        return await provider.acquire(wanted)
    finally:
        await provider.close()


@given(status=st.integers(100, 599), body=bodies, dialect=dialects, hours=st.sampled_from([0, 4]))
@settings(deadline=None)
def test_any_answer_to_a_purchase_is_a_number_a_no_or_unknown(
    status: int, body: bytes, dialect: str, hours: int
) -> None:
    wanted = AcquireNumber("attempt", "tg", GERMANY, hours)
    now_ms = SystemClock().now_ms()
    result = asyncio.run(bought(Answer(status, body), dialect, wanted))
    assert isinstance(result, Acquired | Rejected | Unknown)
    if isinstance(result, Acquired):
        assert result.lease_id.removeprefix("rent-")
        assert result.unfit or result.number.startswith("+49")
        assert now_ms < result.until_ms < now_ms + 2 * DAY_MS


# Single fields


@given(value=documents)
@example(10**5000)
@example(float("nan"))
@example(float("-inf"))
def test_any_value_is_a_field_or_none(value: object) -> None:
    assert isinstance(text_of(value), str)
    assert len(code_of(value)) <= 12
    number = number_of(value, GERMANY)
    assert not number or (number[1:].isdigit() and len(number) <= 16)
    assert (micros_of(value) or 0) >= 0
    assert (lasts_ms(value, value) or 1) > 0


@given(value=st.datetimes(timezones=st.none() | st.timezones()).map(str) | documents)
@example("9999-12-31T23:59:59-23:59")
@example("0001-01-01T00:00:00+23:59")
def test_no_time_is_in_the_future(value: object) -> None:
    found = time_ms(value, NOW_MS)
    assert found is None or found <= NOW_MS


@given(body=st.binary() | bodies, query=st.lists(st.tuples(st.text(), st.text())))
def test_any_callback_names_leases_or_none(body: bytes, query: list[tuple[str, str]]) -> None:
    request = CallbackRequest("POST", "https://x/y", {}, tuple(query), {}, body)
    assert all(len(each) <= 45 for each in callbacks.lease_ids(request))


@given(item=st.dictionaries(st.sampled_from(NAMES), documents))
def test_any_item_shows_texts_or_none(item: dict[str, Any]) -> None:
    found = (
        *of_listed("17", "+49", item, NOW_MS),
        *of_rental("17", "+49", item, NOW_MS),
        *of_status_document("17", "+49", item, NOW_MS),
    )
    assert all(text.text and text.at_ms <= NOW_MS for text in found)
    by_country(item)
    by_country(item, "tg")
    country_ids(item)


# Long answers


def _listed(count: int, **item: object) -> bytes:
    return json.dumps([item] * count).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"A_" * 1_000_000,
        b"A" * 2_000_000,
        b"STATUS_OK:" + b":" * 2_000_000,
        b'{"status":"error","message":"' + b"A " * 500_000 + b'"}',
        b'"' + b"\\ud800" * 300_000 + b'"',
        b"\xff" * 2_000_000,
    ],
    ids=["words", "letters", "colons", "a message", "half pairs", "no text"],
)
def test_a_long_answer_takes_time_as_it_is_long(body: bytes) -> None:
    assert growth(read, body[: len(body) // 4], body) < LINEAR


@pytest.mark.parametrize("dialect", ["sms-activate", "hero-sms"])
@pytest.mark.parametrize(
    "body",
    [
        _listed(80_000, id=1, phone=1202555, smsCode=1),
        json.dumps([{"id": 1, "phone": 12025550123, "smsCode": list(range(400_000))}]).encode(),
        json.dumps({"values": [{"text": "x", "date": "2026-01-01"}] * 100_000}).encode(),
        json.dumps({"status": "success", "countries": [{"id": 1, "eng": "x"}] * 150_000}).encode(),
    ],
    ids=["leases", "codes of one lease", "texts of a rental", "countries"],
)
def test_a_list_as_long_as_an_answer_may_be_is_cut_or_refused(body: bytes, dialect: str) -> None:
    assert len(body) < MAX_ANSWER_BYTES
    found = asyncio.run(most_of(provider_of(Answer(200, body), dialect)))
    assert found <= 1000


async def most_of(provider: HandlerApiProvider) -> int:
    """The most that the provider is said to have of anything."""
    counts = [0]
    listing = provider
    assert isinstance(listing, SupportsActiveLeases)
    for ask in (
        lambda: listing.active(rentals=False),
        lambda: listing.active(rentals=True),
        lambda: provider.texts("17"),
        lambda: provider.texts("rent-17"),
        provider.countries,
    ):
        try:
            counts.append(len(await ask() or ()))
        except Unavailable:
            continue
    await provider.close()
    return max(counts)
