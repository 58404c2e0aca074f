"""Tell the node what was decided: settle the hold of a fulfilled order, cancel any other.

Both are idempotent at the node, so that a worker may die between any two lines. The books follow
what the node reports, not what we decided.
"""

from __future__ import annotations

import structlog

from ringbolt.app.jobs import CLOSE_HOLD
from ringbolt.app.payments.decide_outcome import settled
from ringbolt.app.payments.node_of import node_of
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import notify
from ringbolt.core.chart_of_accounts import hold_idem
from ringbolt.core.errors import NodeUnavailable
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning.hold import find_preimage
from ringbolt.core.order import HOLD_TO_CANCEL, LOST, OrderState
from ringbolt.lightning.node import InvoiceState, LightningNode, SupportsHoldInvoices, can_hold
from ringbolt.store import jobs, ledger, orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order

log = structlog.get_logger("ringbolt.holds")


def order_to_close(tx: Tx, order_id: str, _: str) -> Order | None:
    """The order that the job needs first; its ``Look``."""
    return orders.by_id(tx, order_id)


async def close_hold(shop: Shop, job: Job) -> None:
    """The job behind every decided order with a hold invoice; safe to run again."""
    assert job.order_id is not None
    seen = job.seen
    order = seen if isinstance(seen, Order) else await shop.db.read(orders.by_id, job.order_id)
    if order is None or order.payment_hash is None:
        await shop.db.tx(jobs.finish, job)
        return
    try:
        node = node_of(shop, order.node, order.id)
        assert can_hold(node), "it made the hold invoice"
        if order.state is OrderState.FULFILLED:
            await _settle(shop, node, job, order)
        elif order.state in HOLD_TO_CANCEL:
            await _cancel(shop, node, job, order)
        else:
            await shop.db.tx(jobs.finish, job)
    except NodeUnavailable as error:
        # An HTLC that is not settled in time falls back: this never gives up, and never waits
        # long.
        delay_ms = CLOSE_HOLD.backoff.delay_ms(job.failures)
        if job.failures == 3:
            log.error("a hold cannot be closed", order=order.id, error=error.message)
        await shop.db.tx(jobs.retry, job, delay_ms, error.message, None, failed=True)


async def _settle(shop: Shop, node: SupportsHoldInvoices, job: Job, order: Order) -> None:
    try:
        await _take_money(shop.keyring, node, order)
    except NodeUnavailable:
        state = await _state(node_of(shop, order.node, order.id), order)
        if state is InvoiceState.CANCELED:
            log.error("delivered, but the payment is gone", order=order.id)
            await shop.db.tx(_lost, job, order)
            return
        if state is not InvoiceState.SETTLED:
            raise
    await shop.db.tx(_settled, job, order)


async def _state(node: LightningNode, order: Order) -> InvoiceState | None:
    """The state of the order's invoice; None while it is not known.

    A node that does not know it may be the wrong one, named by mistake, while ours still holds
    the payment: it counts as gone only once the block has passed at which it falls back, or if
    it never was held.
    """
    assert order.payment_hash is not None
    status = await node.lookup_invoice(bytes.fromhex(order.payment_hash))
    if status is not None:
        return status.state
    never_held = order.expiry_height is None
    if never_held or (await node.info()).block_height > (order.expiry_height or 0):
        return InvoiceState.CANCELED
    return None


async def _take_money(keyring: Keyring, node: SupportsHoldInvoices, order: Order) -> None:
    assert order.payment_hash is not None
    preimage = find_preimage(keyring, order.id, order.payment_hash)
    if preimage is None:
        raise NodeUnavailable("The master secret that this order was made under is not known.")
    await node.settle_invoice(preimage)


def _settled(tx: Tx, job: Job, order: Order) -> None:
    jobs.finish(tx, job)
    moved = settled(tx, order, "the held payment is settled")
    if moved is not None:
        ledger.capture(tx, hold_idem(order.id))
        notify.changed(tx, order.id, moved)


def _lost(tx: Tx, job: Job, order: Order) -> None:
    """The order was delivered, but the payment returned to the payer: book our loss."""
    jobs.finish(tx, job)
    if orders.move(tx, order.id, OrderState.RETURNED, LOST):
        ledger.void(tx, hold_idem(order.id))
        orders.finish(tx, order.id)
        notify.changed(tx, order.id)


async def _cancel(shop: Shop, node: SupportsHoldInvoices, job: Job, order: Order) -> None:
    assert order.payment_hash is not None
    try:
        await node.cancel_invoice(bytes.fromhex(order.payment_hash))
    except NodeUnavailable:
        if await _state(node_of(shop, order.node, order.id), order) is not InvoiceState.CANCELED:
            raise
    await shop.db.tx(_canceled, job, order)


def _canceled(tx: Tx, job: Job, order: Order) -> None:
    jobs.finish(tx, job)
    if orders.move(tx, order.id, OrderState.RETURNED, order.reason):
        ledger.void(tx, hold_idem(order.id))
        notify.changed(tx, order.id)
