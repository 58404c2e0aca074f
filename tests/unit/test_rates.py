"""The rate card: longest prefix, never below cost, and the one that is shipped."""

from __future__ import annotations

from importlib import resources

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from ringbolt.core.errors import DestinationRefused, Role
from ringbolt.core.pricing.rates import (
    Price,
    Rate,
    RateCard,
    RateCardError,
    parse_csv,
    parse_toml,
    started_minutes,
)

HEADER = "prefix,sats_per_minute,cost_sats_per_minute,label\n"
CARD = RateCard([Rate("1", 50, 20), Rate("1242", 350, 220), Rate("44", 150, 90)])


@pytest.fixture(scope="module")
def shipped() -> RateCard:
    path = resources.files("ringbolt.core.pricing").joinpath("rate_card.csv")
    return parse_csv(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("number", "prefix"),
    [("+12025550123", "1"), ("+12423651234", "1242"), ("+1242", "1242"), ("+124", "1")],
)
def test_longest_prefix_wins(number: str, prefix: str) -> None:
    rate = CARD.rate_for(number)

    assert rate is not None
    assert rate.prefix == prefix


def test_destination_without_a_rate_is_not_called() -> None:
    with pytest.raises(DestinationRefused) as refused:
        CARD.price("+33123456789", 1)

    assert refused.value.code == "DESTINATION_NOT_OFFERED"
    assert refused.value.role is Role.DESTINATION


def test_price_is_per_started_minute_in_msat() -> None:
    price = CARD.price("+442071838750", 3)

    assert price == Price(Rate("44", 150, 90), 3)
    assert (price.sats, price.msat) == (450, 450_000)


@pytest.mark.parametrize(
    ("duration", "minutes"), [(1, 1), (1.0, 1), (1.000001, 2), (2.5, 3), (29.01, 30), (30, 30)]
)
def test_a_started_minute_is_a_minute(duration: float, minutes: int) -> None:
    assert started_minutes(duration) == minutes


@given(
    st.dictionaries(
        st.from_regex(r"[1-9][0-9]{0,5}", fullmatch=True), st.integers(1, 999), min_size=1
    ),
    st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True),
)
def test_lookup_is_the_longest_of_all_prefixes(prices: dict[str, int], number: str) -> None:
    card = RateCard(Rate(prefix, price, 0) for prefix, price in prices.items())

    matching = [prefix for prefix in prices if number[1:].startswith(prefix)]

    rate = card.rate_for(number)
    assert (rate.prefix if rate else "") == max(matching, key=len, default="")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("44,90,91,GB", "must not be above the price"),
        ("44,0,0,GB", "at least 1"),
        ("44,-5,-5,GB", "at least 1"),
        ("44,90,-1,GB", "worst-case cost"),
        (",90,1,GB", "1 to 15 digits"),
        ("044,90,1,GB", "begins with 0"),
        ("4a,90,1,GB", "1 to 15 digits"),
        ("٤٤,90,1,GB", "1 to 15 digits"),
        ("1234567890123456,90,1,GB", "1 to 15 digits"),
        ("44,ninety,1,GB", "row 1: the amounts must be whole numbers"),
        ("44,9.5,1,GB", "whole numbers"),
        ("44,,1,GB", "whole numbers"),
        ("44", "whole numbers"),
        ("44,90,60,10,GB", "row 1: it has more fields than the header"),
        ("44,90,1,GB\n44,80,1,GB", "prefix 44 stands twice"),
        ("44,90,1,GB\n+44,80,1,GB", "prefix 44 stands twice"),
    ],
)
def test_bad_row_is_refused_with_its_reason(row: str, why: str) -> None:
    with pytest.raises(RateCardError, match=why):
        parse_csv(HEADER + row)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", HEADER])
def test_empty_card_is_refused(text: str) -> None:
    with pytest.raises(RateCardError, match="empty"):
        parse_csv(text)


def test_missing_column_is_named() -> None:
    with pytest.raises(RateCardError, match="cost_sats_per_minute"):
        parse_csv("prefix,sats_per_minute\n44,90\n")


def test_csv_is_read_with_comments_plus_signs_and_a_byte_order_mark() -> None:
    card = parse_csv(f'\ufeff{HEADER}# Britain\n\n +44 , 90 , 60 , GB \r\n1,50,20,"US, CA"\r\n')

    assert card.rates() == (Rate("1", 50, 20, "US, CA"), Rate("44", 90, 60, "GB"))


def test_toml_is_read() -> None:
    card = parse_toml(
        '[[rate]]\nprefix = "44"\nsats_per_minute = 90\ncost_sats_per_minute = 60\nlabel = "GB"\n'
        "[[rate]]\nprefix = 1\nsats_per_minute = 50\ncost_sats_per_minute = 20\n"
    )

    assert card.rates() == (Rate("1", 50, 20), Rate("44", 90, 60, "GB"))
    assert len(card) == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[rate", "not TOML"),
        ("rate = 1", r"list of \[\[rate\]\] tables"),
        ("rate = [1]", r"list of \[\[rate\]\] tables"),
        ("", "empty"),
        ("[[rate]]\nprefix='44'\nsats_per_minute=90.9\ncost_sats_per_minute=1", "whole numbers"),
        ("[[rate]]\nprefix='44'\nsats_per_minute=true\ncost_sats_per_minute=1", "whole numbers"),
        ("[[rate]]\nprefix='44'\nsats_per_minute=90", "cost_sats_per_minute.* is missing"),
        ("[[rate]]\nprefix='44'\nsats_per_minute=[90]\ncost_sats_per_minute=1", "whole numbers"),
    ],
)
def test_bad_toml_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(RateCardError, match=why):
        parse_toml(text)


def test_shipped_card_prices_every_regions_fixed_and_mobile_example(shipped: RateCard) -> None:
    without = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None:
                continue
            number = phonenumbers.format_number(example, PhoneNumberFormat.E164)
            if shipped.rate_for(number) is None:
                without.append((region, number))

    assert without == []


def test_shipped_card_labels_an_example_with_its_region(shipped: RateCard) -> None:
    wrong = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number_for_type(region, PhoneNumberType.FIXED_LINE)
        assert example is not None
        rate = shipped.rate_for(phonenumbers.format_number(example, PhoneNumberFormat.E164))
        assert rate is not None
        if region not in rate.label.replace(",", " ").split():
            wrong.append((region, rate))

    assert wrong == []


@pytest.mark.parametrize(
    "region",
    [
        "US", "CA", "GB", "DE", "FR", "ES", "IT", "NL", "IN", "BR", "AU", "JP", "MX", "PL", "SE",
        "CH", "AT", "BE", "PT", "IE", "DK", "NO", "FI", "KR", "SG", "ZA", "AR", "NG", "TR", "UA",
    ],
)  # fmt: skip
def test_common_destination_costs_less_than_1000_sats_a_minute(
    shipped: RateCard, region: str
) -> None:
    for kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE):
        example = phonenumbers.example_number_for_type(region, kind)
        assert example is not None
        price = shipped.price(phonenumbers.format_number(example, PhoneNumberFormat.E164), 1)
        assert price.sats < 1000


def test_scripted_numbers_have_a_price_in_the_shipped_card(shipped: RateCard) -> None:
    assert shipped.price("+1234567890", 1).sats == 50
