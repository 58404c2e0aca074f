"""Money at the edges: whole sats, rounded for the one who would lose otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.pricing.money import msat, sats_down, sats_up


@pytest.mark.parametrize(
    ("amount_msat", "up", "down"),
    [(0, 0, 0), (1, 1, 0), (999, 1, 0), (1000, 1, 1), (1001, 2, 1), (50_000, 50, 50)],
)
def test_prices_are_rounded_up_and_refunds_down(amount_msat: int, up: int, down: int) -> None:
    assert (sats_up(amount_msat), sats_down(amount_msat)) == (up, down)


@given(st.integers(0, 21_000_000 * 10**11))
def test_rounding_is_exact_at_any_size(amount_msat: int) -> None:
    assert msat(sats_down(amount_msat)) <= amount_msat <= msat(sats_up(amount_msat))
    assert sats_up(amount_msat) - sats_down(amount_msat) == (amount_msat % 1000 > 0)


@given(st.integers(0, 21_000_000 * 10**8))
def test_whole_sats_stay_what_they_are(sats: int) -> None:
    assert sats_up(msat(sats)) == sats_down(msat(sats)) == sats
