"""What is not sold: services, countries, or everything for a while."""

from __future__ import annotations

import pytest

from ringbolt.core import closed_sales
from ringbolt.core.closed_sales import ClosedSales, SalesClosed, Sold, sold_by
from ringbolt.core.commands import CallOrder, Command, ReceiveTexts, SendMail, SendText, TopUp
from ringbolt.core.errors import DestinationRefused, InvalidInput

NOW = 1_800_000_000_000
EVERYTHING = [Sold(service) for service in closed_sales.SERVICES]


@pytest.mark.parametrize(
    ("command", "sold"),
    [
        (CallOrder("+4930123456", 1), Sold("call", "DE")),
        (SendText("+12025550123", "Hi"), Sold("text", "US")),
        (SendMail("a@example.com", "Hi"), Sold("email")),
        (ReceiveTexts("tg", 43), Sold("code", "DE")),
        (ReceiveTexts("full", 43, hours=4), Sold("rent", "DE")),
        (ReceiveTexts("tg", 999), Sold("code")),
        (TopUp("k", 100), Sold("")),
    ],
)
def test_a_command_says_what_it_buys_and_for_where(command: Command, sold: Sold) -> None:
    assert sold_by(command) == sold


@pytest.mark.parametrize("sold", EVERYTHING)
def test_nothing_is_closed_at_first(sold: Sold) -> None:
    assert not ClosedSales().is_service_closed(sold.service, NOW)
    ClosedSales().check(sold, NOW)


@pytest.mark.parametrize("sold", [*EVERYTHING, Sold("")])
def test_a_shop_that_is_closed_sells_nothing_until_its_time(sold: Sold) -> None:
    closed = ClosedSales(is_closed=True, until_ms=NOW + 90_500, reason="We move house.")
    with pytest.raises(SalesClosed) as refused:
        closed.check(sold, NOW)
    assert (refused.value.status, refused.value.retry_after_s) == (503, 91)
    assert "We move house." in refused.value.message
    closed.check(sold, NOW + 90_500)


def test_without_a_time_it_stays_closed() -> None:
    with pytest.raises(SalesClosed) as refused:
        ClosedSales(is_closed=True).check(Sold("call"), NOW)
    assert refused.value.message == "This shop takes no new orders at the moment."


def test_one_service_is_closed_and_the_others_are_sold() -> None:
    closed = ClosedSales(services=("call",))
    with pytest.raises(SalesClosed, match="Phone calls are not sold"):
        closed.check(Sold("call", "DE"), NOW)
    closed.check(Sold("text", "DE"), NOW)


def test_one_country_is_closed_for_every_service() -> None:
    closed = ClosedSales(countries=("DE",))
    for service in ("call", "text", "code", "rent"):
        with pytest.raises(DestinationRefused, match="DE"):
            closed.check(Sold(service, "DE"), NOW)
    closed.check(Sold("call", "FR"), NOW)
    closed.check(Sold("email"), NOW)


def test_names_are_checked_and_put_in_order() -> None:
    told = ClosedSales(services=("text", "call", "call"), countries=("fr", "de", "DE"))
    known = closed_sales.checked(told)
    assert (known.services, known.countries) == (("call", "text"), ("DE", "FR"))
    assert closed_sales.from_json(closed_sales.to_json(known)) == known


@pytest.mark.parametrize(
    "told",
    [
        ClosedSales(services=("fax",)),
        ClosedSales(countries=("XX",)),
        ClosedSales(countries=("",)),
        ClosedSales(reason="x" * 201),
    ],
)
def test_what_does_not_exist_is_refused(told: ClosedSales) -> None:
    with pytest.raises(InvalidInput):
        closed_sales.checked(told)
