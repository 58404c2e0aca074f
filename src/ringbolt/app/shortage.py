"""What is missing on a balance, and how to add it, in plain words."""

from __future__ import annotations

from ringbolt.app.ledger_names import account_of_key
from ringbolt.core.money import sats_down, sats_up
from ringbolt.store import ledger
from ringbolt.store.db import Tx
from ringbolt.store.ledger import InsufficientFunds


def shortage(tx: Tx, key_id: str, price_msat: int) -> InsufficientFunds | None:
    """Why the balance of a key cannot pay ``price_msat``; None if it can by now.

    It is asked after the refusal: a transaction that was refused tells nothing any more.
    """
    balance = ledger.balance(tx, account_of_key(key_id))
    missing_msat = price_msat - balance.available_msat
    if missing_msat <= 0:
        return None
    price, missing = sats_up(price_msat), sats_up(missing_msat)
    reserved = ""
    if balance.pending_out_msat:
        reserved = f" ({sats_up(balance.pending_out_msat)} more are reserved for orders under way)"
    return InsufficientFunds(
        f"This order costs {price} sats, and {sats_down(balance.available_msat)} can be spent from "
        f"this key's balance{reserved}: {missing} are missing.",
        suggestion=f'Add them with POST /fund {{"amount": {missing}}} and the same X-API-Key, pay '
        "its invoice, and order again; or leave immediate out and pay this order by invoice.",
    )
