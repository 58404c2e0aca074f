"""An order's life: what may follow what."""

from __future__ import annotations

import pytest

from ringbolt.core import order
from ringbolt.core.order import FINAL, MEANING, TRANSITIONS, OrderKind, OrderState, sources_of

S = OrderState
_FORWARD = (
    S.AWAITING_PAYMENT, S.PAID, S.DISPATCHING, S.IN_PROGRESS, S.FULFILLED, S.FAILED, S.SETTLED,
    S.RETURNED, S.EXPIRED,
)  # fmt: skip


def targets_of(state: OrderState) -> set[OrderState]:
    return {move.target for move in TRANSITIONS if move.source is state}


def reachable(start: OrderState, without: OrderState | None = None) -> set[OrderState]:
    seen, front = {start}, [start]
    while front:
        new = {t for t in targets_of(front.pop()) if t is not without} - seen
        seen |= new
        front += new
    return seen


def test_every_state_can_be_reached_from_an_unpaid_order() -> None:
    assert reachable(S.AWAITING_PAYMENT) == set(OrderState)


def test_an_order_born_paid_reaches_all_but_the_unpaid_states() -> None:
    assert reachable(S.PAID) == set(OrderState) - {S.AWAITING_PAYMENT, S.EXPIRED}


def test_final_states_are_exactly_those_without_a_way_out() -> None:
    assert {state for state in OrderState if not targets_of(state)} == FINAL


@pytest.mark.parametrize("state", list(OrderState))
def test_every_state_leads_to_an_end(state: OrderState) -> None:
    assert reachable(state) & FINAL


def test_only_a_refusal_a_retry_and_another_number_lead_back() -> None:
    back = {
        (move.source, move.target)
        for move in TRANSITIONS
        if _FORWARD.index(move.target) < _FORWARD.index(move.source)
    }

    assert back == {
        (S.FAILED, S.PAID),
        (S.DISPATCHING, S.PAID),
        (S.IN_PROGRESS, S.DISPATCHING),
    }


def test_no_move_is_listed_twice_and_none_goes_nowhere() -> None:
    moves = [(move.source, move.target) for move in TRANSITIONS]

    assert len(moves) == len(set(moves))
    assert all(source is not target for source, target in moves)


def test_money_is_kept_only_for_what_was_fulfilled() -> None:
    assert sources_of(S.SETTLED) == {S.FULFILLED}
    assert S.SETTLED not in reachable(S.AWAITING_PAYMENT, without=S.FULFILLED)


def test_money_goes_back_for_what_failed_and_what_the_node_lost() -> None:
    assert sources_of(S.RETURNED) == {S.FAILED, S.FULFILLED}
    assert targets_of(S.FULFILLED) == {S.SETTLED, S.RETURNED}


def test_nothing_is_dispatched_that_is_not_paid() -> None:
    assert sources_of(S.DISPATCHING) == {S.PAID, S.IN_PROGRESS}
    assert S.DISPATCHING not in reachable(S.AWAITING_PAYMENT, without=S.PAID)


@pytest.mark.parametrize("target", list(OrderState))
def test_sources_are_those_of_the_table(target: OrderState) -> None:
    assert sources_of(target) == {m.source for m in TRANSITIONS if m.target is target}


def test_every_state_and_move_is_explained() -> None:
    assert set(MEANING) == set(OrderState)
    assert all(move.who and move.when and move.money for move in TRANSITIONS)


def test_a_state_is_open_decided_or_expired() -> None:
    for state in OrderState:
        kinds = (state in order.OPEN, state in order.DECIDED, state is OrderState.EXPIRED)
        assert kinds.count(True) == 1, state


def test_a_hold_is_cancelled_where_the_money_goes_back_or_never_came() -> None:
    assert (order.NOT_DELIVERED | order.UNPAID) - {
        OrderState.RETURNED,
        OrderState.AWAITING_PAYMENT,
    } == order.HOLD_TO_CANCEL


@pytest.mark.parametrize("kind", OrderKind)
def test_a_kind_is_received_sold_and_has_a_number_or_not(kind: OrderKind) -> None:
    assert kind.is_received == (kind in {"activation", "rental"})
    assert kind.is_sold == (kind != "fund")
    assert kind.has_number == (kind in {"call", "sms"})
