"""What the holder of an API key is told of its account: balance, top-ups, every debit and credit.

Amounts are satoshis at this edge, times ms UTC.
"""

from __future__ import annotations

from typing import Any

from ringbolt.app.accounts.chart_of_accounts import TOP_UP, account_of_key
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning.hold import find_preimage
from ringbolt.core.pricing.money import sats_down
from ringbolt.store import ledger, ledger_entries
from ringbolt.store.engine.db import Tx
from ringbolt.store.keys import ApiKey
from ringbolt.store.ledger_entries import Entry, TopUpOrder

USUAL_PAGE = 100
_FUND = "fund account"


def balance(tx: Tx, key: ApiKey) -> int:
    """What can still be spent, in whole satoshis: what orders under way have set aside is not."""
    return sats_down(ledger.balance(tx, account_of_key(key.id)).available_msat)


def history(
    tx: Tx,
    keyring: Keyring,
    key: ApiKey,
    presented: str,
    limit: int = USUAL_PAGE,
    cursor: str = "",
) -> dict[str, Any]:
    """The settled top-ups of a key, the latest first, as sms4sats answers ``GET /history``.

    ``presented`` is the key as it was shown, which is echoed. ``totalAmount`` is of all top-ups,
    not of this page alone; ``next``, the cursor of the next page, is absent on the last.
    Raises ``InvalidInput`` for a cursor that is not the account's.
    """
    account = account_of_key(key.id)
    found = ledger_entries.top_ups(tx, account, TOP_UP, limit + 1, cursor)
    page = found[:limit]
    document = {
        "status": "OK",
        "totalAmount": sats_down(ledger_entries.captured_total_msat(tx, account, TOP_UP)),
        "orders": [_top_up(keyring, top_up, presented) for top_up in page],
    }
    if len(found) > limit:
        document["next"] = page[-1].order_id
    return document


def _top_up(keyring: Keyring, top_up: TopUpOrder, presented: str) -> dict[str, Any]:
    # Unknown only after the secret that it was made under was removed from the settings.
    preimage = find_preimage(keyring, top_up.order_id, top_up.payment_hash) or b""
    return {
        "amount": sats_down(top_up.amount_msat),
        "createdAt": top_up.created_ms,
        "desc": _FUND,
        "description": _FUND,
        "holdinvoice": top_up.is_hold,
        "preimage": preimage.hex(),
        "preimageHash": top_up.payment_hash,
        "price": sats_down(top_up.price_msat),
        "userId": presented,
    }


def ledger_page(tx: Tx, key: ApiKey, limit: int = USUAL_PAGE, cursor: str = "") -> dict[str, Any]:
    """Every debit (negative) and credit of a key's account, the latest first.

    All amounts together are the balance. ``next``, the cursor of the next page, is absent on the
    last. Raises ``InvalidInput`` for a cursor that is not the account's.
    """
    found = ledger_entries.entries(tx, account_of_key(key.id), limit + 1, cursor)
    page = found[:limit]
    document: dict[str, Any] = {"entries": [_entry(entry) for entry in page]}
    if len(found) > limit:
        document["next"] = page[-1].name
    return document


def _entry(entry: Entry) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": entry.name,
        "at": entry.at_ms,
        "kind": entry.kind,
        "amount": sats_down(entry.amount_msat),
        "amount_msat": entry.amount_msat,
        "state": entry.state,
    }
    if entry.reserved_msat is not None:
        document["reserved"] = sats_down(entry.reserved_msat)
    if entry.order_id is not None:
        document["orderId"] = entry.order_id
    if entry.resolved_ms is not None:
        document["resolvedAt"] = entry.resolved_ms
    return document
