"""Orders of the orders API that were just paid, however: their life begins there."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from ringbolt.app.payments.start_fulfilment import dispatch_paid
from ringbolt.app.policies import DeadlinePolicy
from ringbolt.core.chart_of_accounts import (
    HOLD,
    NODE,
    RESERVE,
    REVENUE,
    TOP_UP,
    account_of_key,
    hold_idem,
)
from ringbolt.core.commands import Command, to_json
from ringbolt.core.lightning.hold import MEMO, new_preimage, payment_hash_of
from ringbolt.core.order import OrderKind, OrderState, PaymentMethod
from ringbolt.store import ledger, orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order
from support.rigs.shop import World

PRICE_MSAT = 1_000_000
METHODS = [PaymentMethod.BALANCE, PaymentMethod.HOLD]
_KEY = account_of_key("buyer")


async def buy_paid(
    world: World,
    kind: OrderKind,
    method: PaymentMethod,
    command: Command,
    record: Callable[[Tx, Order], None],
    client: str = "",
) -> Order:
    """An order that is paid by a payment that the node holds, or from a balance. ``record`` writes
    the row that its kind needs."""
    order = await world.db.tx(_place, world, kind, method, command, record, client)
    if order.payment_hash is not None:
        world.node.hold(bytes.fromhex(order.payment_hash), PRICE_MSAT, MEMO)
    return order


def _place(
    tx: Tx,
    world: World,
    kind: OrderKind,
    method: PaymentMethod,
    command: Command,
    record: Callable[[Tx, Order], None],
    client: str,
) -> Order:
    order_id = secrets.token_hex(32)
    hold = method is PaymentMethod.HOLD
    preimage = new_preimage(world.keyring, order_id)
    deadlines = DeadlinePolicy.of(world.settings)
    order = Order(
        id=order_id, kind=kind, family="orders", state=OrderState.PAID, reason="",
        method=method, price_msat=PRICE_MSAT,
        payment_hash=payment_hash_of(preimage).hex() if hold else None,
        account_id=None if hold else _KEY, body_hash="", request=to_json(command),
        status_token=secrets.token_hex(16), refund_address="", may_retry=False, retry_until_ms=0,
        deadline_ms=deadlines.deadline_ms(kind, tx.now_ms), idempotency_key="",
        created_ms=tx.now_ms, started_ms=tx.now_ms, finished_ms=None, paid_ms=tx.now_ms,
        client=client,
    )  # fmt: skip
    assert orders.insert(tx, order, "paid")
    record(tx, order)
    if not hold:
        ledger.ensure_account(tx, _KEY, "liability", stored=True, floor_msat=0)
        _book(tx, f"fund:{order_id}", NODE, _KEY, TOP_UP)
        ledger.capture(tx, f"fund:{order_id}")
    source, kind_of_hold = (NODE, HOLD) if hold else (_KEY, RESERVE)
    _book(tx, hold_idem(order_id), source, REVENUE, kind_of_hold, order_id)
    dispatch_paid(tx, order)
    return order


def _book(
    tx: Tx, idem: str, debit: str, credit: str, kind: str, order_id: str | None = None
) -> None:
    ledger.hold(
        tx, idem=idem, debit=debit, credit=credit, amount_msat=PRICE_MSAT, kind=kind,
        order_id=order_id,
    )  # fmt: skip
