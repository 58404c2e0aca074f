"""Prices of orders: static by kind, exceptions by country and service."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.pricing.prices import (
    PriceList,
    PriceListError,
    PriceRow,
    parse_prices_csv,
    referral_share_msat,
)

HEADER = "kind,country,service,sats\n"


def test_prices_without_a_table_are_the_static_ones() -> None:
    prices = PriceList()

    assert prices.receive(187, "vk") == prices.receive(None, "") == 3000
    assert prices.s4s(187, "vk") == 5000
    assert prices.send(187, 1) == prices.email() == 1000
    assert prices.rent(187, "full", 4) == 15_000


def test_static_prices_are_the_operators() -> None:
    prices = PriceList(receive=1, send=2, rent=3, s4s=4)

    assert (prices.receive(0, "vk"), prices.send(0, 1), prices.rent(0, "full", 1)) == (1, 2, 3)
    assert (prices.s4s(0, "vk"), prices.email()) == (4, 2)


@pytest.mark.parametrize(
    ("hours", "blocks"), [(1, 1), (3, 1), (4, 1), (5, 2), (8, 2), (9, 3), (168, 42), (1344, 336)]
)
def test_rental_is_charged_by_started_blocks_of_four_hours(hours: int, blocks: int) -> None:
    assert PriceList(rent=15_000).rent(187, "full", hours) == 15_000 * blocks


@pytest.mark.parametrize(("segments", "sats"), [(1, 1000), (2, 2000), (5, 5000)])
def test_text_costs_its_segments(segments: int, sats: int) -> None:
    assert PriceList().send(43, segments) == sats


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_is_sold_for_no_time_or_no_segment(amount: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        PriceList().rent(187, "full", amount)
    with pytest.raises(ValueError, match="at least one"):
        PriceList().send(187, amount)


@pytest.mark.parametrize(
    ("country", "service", "sats"),
    [(187, "vk", 10), (187, "tg", 20), (43, "vk", 30), (43, "tg", 40), (None, "vk", 30)],
)
def test_most_specific_row_wins(country: int | None, service: str, sats: int) -> None:
    prices = PriceList(
        table=[
            PriceRow("receive", None, "", 40),
            PriceRow("receive", None, "vk", 30),
            PriceRow("receive", 187, "", 20),
            PriceRow("receive", 187, "vk", 10),
        ]
    )

    assert prices.receive(country, service) == sats
    assert prices.s4s(country, service) == 5000


def test_country_goes_before_service() -> None:
    rows = [PriceRow("s4s", None, "vk", 30), PriceRow("s4s", 187, "", 20)]

    assert PriceList(table=rows).s4s(187, "vk") == PriceList(table=rows[::-1]).s4s(187, "vk") == 20


def test_row_of_the_automatic_selection_is_for_it_alone() -> None:
    prices = PriceList(table=[PriceRow("receive", 999, "", 9000)])

    assert prices.receive(999, "vk") == 9000
    assert prices.receive(187, "vk") == 3000


def test_email_costs_a_segment_to_nowhere_in_particular() -> None:
    prices = PriceList(table=[PriceRow("send", 187, "", 7), PriceRow("send", None, "", 8)])

    assert prices.email() == prices.send(43, 1) == prices.send(None, 1) == 8
    assert prices.send(187, 2) == 14


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (PriceRow("receive", 1, "vk", 0), "receive, country 1, vk: a price is at least 1 sat"),
        (PriceRow("send", None, "vk", 5), "send, every country, vk: .* no service"),
    ],
)
def test_row_that_makes_no_sense_is_refused(row: PriceRow, why: str) -> None:
    with pytest.raises(PriceListError, match=why):
        PriceList(table=[row])


def test_row_that_stands_twice_is_refused() -> None:
    with pytest.raises(PriceListError, match="rent, country 1, every service: it stands twice"):
        PriceList(table=[PriceRow("rent", 1, "", 5), PriceRow("rent", 1, "", 6)])


def test_static_price_below_one_sat_is_refused() -> None:
    with pytest.raises(PriceListError, match="send: a price is at least 1 sat"):
        PriceList(send=0)


def test_csv_is_read_with_names_codes_comments_and_a_byte_order_mark() -> None:
    rows = parse_prices_csv(
        f"\ufeff{HEADER}# activations\nreceive, usa , VK.com , 2500 \r\n\nRent,DE,,9000\n"
        "s4s,,sim-slow,1\nsend,44,,800\nreceive,auto,,3500\n"
    )

    assert rows == (
        PriceRow("receive", 187, "vk", 2500),
        PriceRow("rent", 43, "", 9000),
        PriceRow("s4s", None, "sim-slow", 1),
        PriceRow("send", 44, "", 800),
        PriceRow("receive", 999, "", 3500),
    )


def test_csv_with_nothing_but_its_header_is_an_empty_table() -> None:
    assert parse_prices_csv(HEADER) == ()


@pytest.mark.parametrize("text", ["", "\n", "receive,1,vk,5", "kind,country,sats\n", "# a\n"])
def test_csv_without_its_header_is_refused(text: str) -> None:
    with pytest.raises(PriceListError, match="first line of a price list is kind,country"):
        parse_prices_csv(text)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("call,1,vk,5", "row 1: 'call' is not one of receive, send, rent, s4s"),
        (",1,vk,5", "row 1: '' is not one of"),
        ("receive,Atlantis,vk,5", "row 1: there is no country 'Atlantis'"),
        ("receive,1,zz,5", "row 1: there is no service 'zz'"),
        ("receive,1,vk,5\nreceive,1,vk,0", "row 2: .*at least 1 sat"),
        ("send,1,vk,5", "row 1: .*no service"),
        ("receive,1,vk,-5", "whole number of sats"),
        ("receive,1,vk,5.5", "whole number of sats"),
        ("receive,1,vk,", "whole number of sats"),
        ("receive,1,vk,٥", "whole number of sats"),
        ("receive,1,vk,100000001", "at most 100000000 sats"),
        ("receive,1,vk," + "9" * 5000, "at most"),
        ("receive,1,vk", "row 1: it has 3 fields, not 4"),
        ("receive,1,vk,5,6", "row 1: it has 5 fields, not 4"),
    ],
)
def test_bad_row_is_refused_with_its_reason(row: str, why: str) -> None:
    with pytest.raises(PriceListError, match=why):
        parse_prices_csv(HEADER + row)


@pytest.mark.parametrize(
    ("price_msat", "percent", "share_msat"),
    [(3_000_000, 10, 300_000), (1, 10, 0), (9, 10, 0), (19, 10, 1), (1000, 0, 0), (999, 50, 499)],
)
def test_share_is_rounded_down_to_a_whole_msat(
    price_msat: int, percent: int, share_msat: int
) -> None:
    assert referral_share_msat(price_msat, percent) == share_msat


@given(st.integers(0, 10**15), st.integers(0, 50))
def test_share_is_never_more_than_promised(price_msat: int, percent: int) -> None:
    share = referral_share_msat(price_msat, percent)

    assert share * 100 <= price_msat * percent < (share + 1) * 100
