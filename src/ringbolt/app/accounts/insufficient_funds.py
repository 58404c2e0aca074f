"""What is missing on a balance, and how to add it, in plain words."""

from __future__ import annotations

from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.core.humanise import counted
from ringbolt.core.pricing.money import sats_down, sats_up
from ringbolt.store import ledger
from ringbolt.store.engine.db import Tx
from ringbolt.store.ledger import InsufficientFunds


def insufficient_funds(tx: Tx, key_id: str, price_msat: int) -> InsufficientFunds | None:
    """Why the balance of a key cannot pay ``price_msat``; None if it can now.

    Call it after the refusal, in a new transaction: the refused one cannot be read any more.
    """
    balance = ledger.balance(tx, account_of_key(key_id))
    missing_msat = price_msat - balance.available_msat
    if missing_msat <= 0:
        return None
    price, missing = sats_up(price_msat), sats_up(missing_msat)
    reserved = ""
    if balance.pending_out_msat:
        held = sats_up(balance.pending_out_msat)
        reserved = f" ({held} more {_are(held)} reserved for orders under way)"
    return InsufficientFunds(
        f"This order costs {counted(price, 'sat')}, and {sats_down(balance.available_msat)} can be "
        f"spent from this key's balance{reserved}: {missing} {_are(missing)} missing.",
        suggestion="Add them to the balance and order again, or pay this order by invoice.",
        missing=missing,
    )


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
