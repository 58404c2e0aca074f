"""What answers and statuses of Twilio's messages mean for a text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from ringbolt.clock import SystemClock
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.core.pricing.amount import Amount
from ringbolt.sms.carrier import Accepted, OutSms, ReceiptState
from ringbolt.sms.twilio.carrier import TwilioSms
from ringbolt.sms.twilio.message import cost_of, created_ms, receipt_of, refusal
from ringbolt.sms.twilio.settings import TwilioSmsSettings
from ringbolt.twilio.settings import open_api
from ringbolt.upstream.exchange import Answer, Exchange, Lost, NeverSent

HELLO = OutSms("ref-1", "+447700900000", "Ringbolt", ("Hello",), "gsm7")


def settings(**options: Any) -> TwilioSmsSettings:
    given = {"type": "twilio", "name": "twilio", "account_sid": "AC1", "auth_token": "t"}
    return TwilioSmsSettings.model_validate({**given, **options})


async def sent(exchange: Exchange, **options: Any) -> tuple[Any, dict[str, str]]:
    """What becomes of a text that is answered so, and the form that was sent."""
    asked: dict[str, str] = {}

    async def create(resource: str, form: list[tuple[str, str]]) -> Exchange:
        assert resource == "Messages"
        asked.update(form)
        return exchange

    made = settings(**options)
    api = open_api(made, "twilio")
    api.create = create  # type: ignore[method-assign, assignment]
    carrier = TwilioSms(made, api, SystemClock())
    carrier.callback_routes("https://shop.example/callbacks/sms/twilio/secret")
    result = await carrier.send(HELLO)
    await carrier.close()
    return result, asked


def problem(code: int, status: int = 400) -> Answer:
    body = b'{"code": %d, "message": "Why", "status": %d}' % (code, status)
    return Answer(status, body)


async def test_a_text_is_asked_for_with_everything_that_bounds_it() -> None:
    _, asked = await sent(Answer(201, b'{"sid": "SM1", "status": "queued"}'))

    assert asked == {
        "To": "+447700900000",
        "From": "Ringbolt",
        "Body": "Hello",
        "StatusCallback": "https://shop.example/callbacks/sms/twilio/secret/status/ref-1"
        "#rc=5&rp=ct,rt,5xx",
        "ValidityPeriod": "600",
        "SmartEncoded": "false",
    }


async def test_a_messaging_service_chooses_the_sender() -> None:
    answer = Answer(201, b'{"sid": "SM1", "status": "accepted", "num_segments": "0"}')

    result, asked = await sent(answer, messaging_service_sid="MG1")

    assert result == Accepted(("SM1",))
    assert (asked["MessagingServiceSid"], asked.get("From")) == ("MG1", None)


@pytest.mark.parametrize(
    ("exchange", "permanent", "by_destination"),
    [
        (problem(21211), True, True),
        (problem(21610), True, True),
        (problem(21614), True, True),
        (problem(21408), True, False),
        (problem(21606), True, False),
        (problem(20003, 401), False, False),
        (problem(30002), False, False),
        (problem(63038, 429), False, False),
        (Answer(403, b"<html>suspended</html>"), False, False),
        (Answer(400, b'{"code": [], "message": {}}'), True, False),
        (NeverSent("no route"), False, False),
        (Answer(201, b'{"sid": "SM1", "status": "failed", "error_code": 30008}'), True, False),
    ],
)
async def test_a_definite_no_says_whose_it_is(
    exchange: Exchange, permanent: bool, by_destination: bool
) -> None:
    result, _ = await sent(exchange)

    assert isinstance(result, Rejected)
    assert (result.permanent, result.by_destination) == (permanent, by_destination)


async def test_who_unsubscribed_wants_no_more() -> None:
    result, _ = await sent(problem(21610))
    other, _ = await sent(problem(21614))

    assert (result.is_opted_out, other.is_opted_out) == (True, False)


async def test_too_many_requests_say_when_to_come_again() -> None:
    result, _ = await sent(Answer(429, b'{"code": 20429}', {"Retry-After": "3"}))

    assert isinstance(result, Rejected)
    assert (result.permanent, result.retry_after_ms) == (False, 3000)


@pytest.mark.parametrize(
    "exchange",
    [
        Answer(500, b"<html>"),
        Answer(201, b"<html>"),
        Answer(201, b'{"status": "queued"}'),
        Answer(201, b'{"sid": 5}'),
        Answer(302, b""),
        Answer(408, b""),
        Lost("nothing came in time"),
    ],
)
async def test_what_is_no_clear_answer_is_unknown(exchange: Exchange) -> None:
    result, _ = await sent(exchange)

    assert isinstance(result, Unknown)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("accepted", "enroute"),
        ("scheduled", "enroute"),
        ("queued", "enroute"),
        ("sending", "enroute"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "delivered"),
        ("undelivered", "failed"),
        ("failed", "failed"),
        ("canceled", "failed"),
        ("partially_delivered", "enroute"),
        ("a status of tomorrow", "enroute"),
    ],
)
def test_what_a_status_means(status: str, state: str) -> None:
    receipt = receipt_of("SM1", status, "", "ref-1", 0)

    assert (receipt.state, receipt.raw, receipt.is_whole) == (ReceiptState(state), status, True)


def test_a_failure_says_why() -> None:
    assert receipt_of("SM1", "undelivered", "30003", "", 0).raw == (
        "undelivered (30003: the phone cannot be reached)"
    )
    assert receipt_of("SM1", "failed", "99999", "", 0).raw == "failed (99999)"


@pytest.mark.parametrize(
    ("told", "cost"),
    [
        ({"price": "-0.00750", "price_unit": "USD"}, Amount(7500, "USD")),
        ({"price": "-0.0661", "price_unit": "eur"}, Amount(66_100, "EUR")),
        ({"price": None, "price_unit": "USD"}, None),
        ({"price": "-0.0075", "price_unit": None}, None),
        ({"price": "free", "price_unit": "USD"}, None),
        ({}, None),
    ],
)
def test_a_price_in_any_currency_or_none(told: dict[str, Any], cost: Amount | None) -> None:
    assert cost_of(told) == cost


@pytest.mark.parametrize(
    ("date", "at_ms"),
    [
        ("Fri, 13 Aug 2010 01:16:22 +0000", 1_281_662_182_000),
        ("Thu, 24 Aug 2023 05:01:45 +0200", 1_692_846_105_000),
        ("2010-08-13", None),
        ("Fri, 99 Aug 2010 01:16:22 +0000", None),
        (None, None),
        (5, None),
    ],
)
def test_dates_are_read_or_not(date: Any, at_ms: int | None) -> None:
    assert created_ms({"date_created": date}) == at_ms


def test_a_refusal_without_a_code_stays_what_it_is() -> None:
    assert refusal(Rejected("no"), None) == Rejected("no")


def test_telnyx_has_another_api_for_texts() -> None:
    with pytest.raises(ValidationError, match="type = http"):
        settings(dialect="telnyx")


@pytest.mark.parametrize(
    ("listed", "is_found"),
    [
        ("Hello  you\n", True),
        ("Hello you", True),
        ("Sent from a trial account - Hello you", True),
        ("", True),
        ("Hello", False),
    ],
)
async def test_a_text_whose_blanks_the_vendor_changed_is_found(listed: str, is_found: bool) -> None:
    document = {"sid": "SM1", "direction": "outbound-api", "body": listed, "status": "sent"}

    async def get(path: str, params: object = None) -> dict[str, Any]:
        return {"messages": [document]}

    made = settings()
    api = open_api(made, "twilio")
    api.get = get  # type: ignore[method-assign, assignment]
    carrier = TwilioSms(made, api, SystemClock())

    found = await carrier.search(replace(HELLO, parts=("Hello  you\n",)), 0)

    assert bool(found) is is_found
    await carrier.close()
