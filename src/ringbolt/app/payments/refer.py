"""The referrer's share: it accrues in the books in the transaction that settles an order."""

from __future__ import annotations

from ringbolt.app.jobs import PAY_REFERRAL
from ringbolt.core.chart_of_accounts import (
    REFERRAL,
    REVENUE,
    account_of_referrer,
    referral_idem,
)
from ringbolt.core.pricing.prices import referral_share_msat
from ringbolt.store import ledger
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order


def accrue(tx: Tx, order: Order) -> bool:
    """Book the referrer's share; False if the order has no referrer, or it was booked before.

    A top-up earns nothing: the orders that are paid from it do. Whether the balance is worth a
    payment is for the payout's job to see.
    """
    if not order.referrer or not order.kind.is_sold:
        return False
    share_msat = referral_share_msat(order.price_msat, order.referral_percent)
    if share_msat <= 0:
        return False
    account = account_of_referrer(order.referrer)
    ledger.ensure_account(tx, account, "liability", stored=True, floor_msat=0)
    booked = ledger.post(
        tx,
        idem=referral_idem(order.id),
        debit=REVENUE,
        credit=account,
        amount_msat=share_msat,
        kind=REFERRAL,
        order_id=order.id,
    )
    if booked:
        request_payout(tx, order.referrer)
    return booked


def request_payout(tx: Tx, address: str) -> bool:
    """Have what ``address`` is owed paid out; False if that is under way."""
    return PAY_REFERRAL.enqueue(tx, address, payload={"address": address})
