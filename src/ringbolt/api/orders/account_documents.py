"""The documents of an account for its holder. Amounts are satoshis, times ms UTC."""

from __future__ import annotations

from typing import Final

from ringbolt.api.orders import documents
from ringbolt.app.accounts.account_history import LedgerPage, TopUps
from ringbolt.core.pricing.money import sats_down
from ringbolt.store.ledger_entries import Entry, TopUpOrder

_FUND: Final = "fund account"


def history_document(found: TopUps, presented: str) -> documents.History:
    """As sms4sats answers ``GET /history``. ``presented`` is the key as it was shown, which is
    echoed."""
    return documents.History(
        total_amount=sats_down(found.total_msat),
        orders=[_top_up(each, found.preimages[each.order_id], presented) for each in found.page],
        next=found.next or None,
    )


def _top_up(top_up: TopUpOrder, preimage: bytes, presented: str) -> documents.Funding:
    return documents.Funding(
        amount=sats_down(top_up.amount_msat),
        created_at=top_up.created_ms,
        desc=_FUND,
        description=_FUND,
        holdinvoice=top_up.is_hold,
        preimage=preimage.hex(),
        preimage_hash=top_up.payment_hash,
        price=sats_down(top_up.price_msat),
        user_id=presented,
    )


def ledger_document(page: LedgerPage) -> documents.LedgerPage:
    """Every debit (negative) and credit."""
    return documents.LedgerPage(
        entries=[_entry(each) for each in page.entries], next=page.next or None
    )


def _entry(entry: Entry) -> documents.LedgerEntry:
    reserved_msat = entry.reserved_msat
    return documents.LedgerEntry(
        id=entry.name,
        at=entry.at_ms,
        kind=entry.kind,
        amount=sats_down(entry.amount_msat),
        amount_msat=entry.amount_msat,
        state=entry.state,
        reserved=None if reserved_msat is None else sats_down(reserved_msat),
        order_id=entry.order_id,
        resolved_at=entry.resolved_ms,
    )
