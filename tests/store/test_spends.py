"""What a shop sells in a day: what failed was not sold, so that nobody closes it for nothing."""

from __future__ import annotations

import pytest

from ringbolt.app.limits.count_order import count_order
from ringbolt.app.limits.destination_limits import NO_LIMITS
from ringbolt.app.payments.decide_outcome import fail
from ringbolt.app.policies import LimitPolicy
from ringbolt.core.chart_of_accounts import HOLD, NODE, REVENUE, hold_idem
from ringbolt.core.commands import SendText, to_json
from ringbolt.core.keys import Keyring
from ringbolt.settings import Settings
from ringbolt.store import ledger, spends
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.orders import Order
from support.databases.order_rows import put_order

SETTINGS = Settings(limits="on", abuse={"daily_spend_sats": 2500, "texts_per_number_per_hour": 2})
POLICY = LimitPolicy.of(SETTINGS, Keyring([bytes(32)]))
TEXT = to_json(SendText("+447700900123", "Hello", "Ringbolt"))


def paid(tx: Tx, kind: str, request: str = "{}") -> tuple[Order, str]:
    """An order of 1,000 sats whose payment is held, and why it is not brought about."""
    order = put_order(tx, kind, "paid", paid_ms=tx.now_ms, request=request)
    ledger.hold(
        tx, idem=hold_idem(order.id), debit=NODE, credit=REVENUE, amount_msat=order.price_msat,
        kind=HOLD, order_id=order.id,
    )  # fmt: skip
    refused = count_order(tx, POLICY, order, NO_LIMITS)
    return order, "" if refused is None else refused.why


@pytest.mark.parametrize(("kind", "request_"), [("rental", "{}"), ("sms", TEXT)])
async def test_what_failed_was_not_sold(database: Database, kind: str, request_: str) -> None:
    def sell_and_fail(tx: Tx) -> dict[str, int]:
        order, refusal = paid(tx, kind, request_)
        assert refusal == ""
        assert spends.today(tx)[spends.ALL] == 1_000_000
        assert fail(tx, order.id, "no number is free")
        return spends.today(tx)

    assert set((await database.tx(sell_and_fail)).values()) == {0}


async def test_what_is_refused_for_a_limit_leaves_room_for_others(database: Database) -> None:
    def sell(tx: Tx) -> tuple[list[str], int]:
        refusals = []
        for _ in range(3):
            order, refusal = paid(tx, "activation")
            refusals.append(refusal)
            if refusal:
                assert fail(tx, order.id, refusal)
        return refusals, spends.today(tx)[spends.ALL]

    refusals, sold = await database.tx(sell)
    assert [bool(refusal) for refusal in refusals] == [False, False, True]
    assert sold == 2_000_000
