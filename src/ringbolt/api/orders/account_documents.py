"""An account as its holder is shown it. Amounts are satoshis, times ms UTC."""

from __future__ import annotations

from typing import Any, Final

from ringbolt.app.accounts.account_history import LedgerPage, TopUps
from ringbolt.core.pricing.money import sats_down
from ringbolt.store.ledger_entries import Entry, TopUpOrder

_FUND: Final = "fund account"


def history_document(found: TopUps, presented: str) -> dict[str, Any]:
    """As sms4sats answers ``GET /history``. ``presented`` is the key as it was shown, which is
    echoed; ``next`` is absent on the last page."""
    document = {
        "status": "OK",
        "totalAmount": sats_down(found.total_msat),
        "orders": [_top_up(each, found.preimages[each.order_id], presented) for each in found.page],
    }
    return {**document, "next": found.next} if found.next else document


def _top_up(top_up: TopUpOrder, preimage: bytes, presented: str) -> dict[str, Any]:
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


def ledger_document(page: LedgerPage) -> dict[str, Any]:
    """Every debit (negative) and credit; ``next`` is absent on the last page."""
    document: dict[str, Any] = {"status": "OK", "entries": [_entry(each) for each in page.entries]}
    return {**document, "next": page.next} if page.next else document


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
