"""What a buyer is willing to spend: on one order, and from a key in a day."""

from __future__ import annotations

from typing import Final

from ringbolt.app.checkout.purchase import Balance, Purchase
from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.core.errors import Forbidden, InvalidInput
from ringbolt.core.humanise import counted
from ringbolt.core.pricing.money import sats_down, sats_up
from ringbolt.store import account_spending
from ringbolt.store.engine.db import Tx

BUDGET_HOURS: Final = 24
_HOUR_MS: Final = 3_600_000


def check_price(purchase: Purchase) -> None:
    """Raises ``InvalidInput`` if the order costs more than its buyer allows."""
    most_msat = purchase.buyer.max_msat
    if most_msat is not None and purchase.price_msat > most_msat:
        raise InvalidInput(
            f"This order costs {counted(sats_up(purchase.price_msat), 'sat')}, which is over the "
            f"{counted(sats_down(most_msat), 'sat')} that the buyer allows.",
            code="PRICE_TOO_HIGH",
            suggestion="Order again and allow more. Nothing was charged.",
        )


def check_budget(tx: Tx, payer: Balance) -> None:
    """Call it when the order is written and its price reserved, in the same transaction: orders at
    the same time count each other then. Raises ``Forbidden``."""
    if payer.budget_msat is None:
        return
    since_ms = tx.now_ms - BUDGET_HOURS * _HOUR_MS
    spent_msat = account_spending.ordered_since(tx, account_of_key(payer.key_id), since_ms)
    if spent_msat > payer.budget_msat:
        over = counted(sats_up(spent_msat - payer.budget_msat), "sat")
        raise Forbidden(
            f"With this order, the key's orders of the last {BUDGET_HOURS} hours would exceed its "
            f"budget of {counted(sats_down(payer.budget_msat), 'sat')} by {over}.",
            code="BUDGET_EXCEEDED",
            suggestion="Wait, raise the budget, or pay this order by invoice. Nothing was charged.",
        )
