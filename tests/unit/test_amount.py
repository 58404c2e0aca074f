"""What parts tell of costs and balances."""

from __future__ import annotations

import pytest

from ringbolt.core.pricing.amount import Amount


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("-0.00750", "USD", Amount(7500, "USD")),
        (0.0125, "eur", Amount(12_500, "EUR")),
        ("12", " GBP ", Amount(12_000_000, "GBP")),
        ("0", "USD", Amount(0, "USD")),
        ("1e-3", "USD", Amount(1000, "USD")),
        (None, "USD", None),
        ("", "USD", None),
        ("NaN", "USD", None),
        ("Infinity", "USD", None),
        ("free", "USD", None),
        (True, "USD", None),
        pytest.param(10**5000, "USD", None, id="a long number"),
        (["1"], "USD", None),
        ("0.01", "", None),
        ("0.01", None, None),
        ("0.01", "dollars", None),
        ("1e10", "USD", None),
    ],
)
def test_what_a_far_end_writes_is_an_amount_or_nothing(
    amount: object, currency: object, expected: Amount | None
) -> None:
    assert Amount.read(amount, currency) == expected


@pytest.mark.parametrize("text", ["1e999999999", "9" * 40, "9" * 1_000_000, "1e-999999999"])
def test_numbers_of_any_length_are_read_at_once(text: str) -> None:
    found = Amount.read(text, "USD")
    assert found is None or found.micros == 0


def test_amounts_are_shown_with_cents_and_whatever_follows() -> None:
    shown = [str(Amount(micros, "USD")) for micros in (7500, 12_000_000, 0, -1_234_567)]
    assert shown == ["0.0075 USD", "12.00 USD", "0.00 USD", "-1.234567 USD"]
