"""What of a refund may be withdrawn while the shop bears all, some or none of its routing fee."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.app.payments.routing_fees import FeeShares, Withdrawable, withdrawable
from ringbolt.app.policies import PayoutPolicy
from ringbolt.settings import Settings
from ringbolt.store.fee_budgets import FeeGrant

POLICY = PayoutPolicy.of(Settings())  # 3 sats, or 1 percent


@pytest.mark.parametrize(
    ("owed", "left", "has_failed", "least", "most"),
    [
        (50_000, 3_000, False, 50_000, 50_000),
        (50_500, 9_000, False, 50_500, 50_500),
        (50_000, 2_999, False, 47_000, 49_000),
        (50_000, 1_000, False, 47_000, 48_000),
        (50_000, 0, False, 47_000, 47_000),
        (50_000, 3_000, True, 47_000, 50_000),
        (1_000_000, 3_000, True, 990_000, 1_000_000),
        (1_000_000, 0, False, 990_000, 997_000),
        (2_000, 0, False, 1_000, 1_000),
        (500, 0, False, 500, 500),
    ],
)
def test_the_refund_is_whole_as_long_as_the_budget_lasts(
    owed: int, left: int, has_failed: bool, least: int, most: int
) -> None:
    assert withdrawable(owed, left, POLICY, has_failed=has_failed) == Withdrawable(least, most)


@given(st.integers(1, 10**9), st.integers(0, 10_000), st.booleans())
def test_what_may_be_withdrawn_is_part_of_what_is_owed(
    owed: int, left: int, has_failed: bool
) -> None:
    allowed = withdrawable(owed, left, POLICY, has_failed=has_failed)
    assert 0 < allowed.min_msat <= allowed.max_msat <= owed


def test_the_shares_of_a_fee_are_kept_with_their_job() -> None:
    shares = FeeShares.of(FeeGrant(2_000, 20_000), 1_000)
    read = FeeShares.read(shares.written(), 9_000)
    assert (read, read.max_fee_msat) == (shares, 3_000)
    assert FeeShares.read({}, 9_000).max_fee_msat == 9_000, "of an earlier version"
