"""What the holder of an API key may see of its account: balance, top-ups, debits, credits."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.core.chart_of_accounts import TOP_UP, account_of_key
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning.hold import find_preimage
from ringbolt.store import ledger, ledger_entries
from ringbolt.store.engine.db import Tx
from ringbolt.store.keys import ApiKey
from ringbolt.store.ledger_entries import Entry, TopUpOrder

USUAL_PAGE = 100


@dataclass(frozen=True, slots=True)
class TopUps:
    """The settled top-ups of a key, the latest first. ``total_msat`` is of all, not of this page
    alone; ``next`` is the cursor of the next page, '' on the last. ``preimages``: of the invoices,
    by order; one is missing only after the secret that it was made under was removed."""

    total_msat: int
    page: tuple[TopUpOrder, ...]
    preimages: dict[str, bytes]
    next: str


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Debits (negative) and credits, the latest first; all amounts together are the balance."""

    entries: tuple[Entry, ...]
    next: str


def balance(tx: Tx, key: ApiKey) -> int:
    """What can still be spent, msat: without what is reserved for orders under way."""
    return ledger.balance(tx, account_of_key(key.id)).available_msat


def top_ups(
    tx: Tx, keyring: Keyring, key: ApiKey, limit: int = USUAL_PAGE, cursor: str = ""
) -> TopUps:
    """Raises ``InvalidInput`` for a cursor that is not the account's."""
    account = account_of_key(key.id)
    found = ledger_entries.top_ups(tx, account, TOP_UP, limit + 1, cursor)
    page = found[:limit]
    preimages = {
        each.order_id: find_preimage(keyring, each.order_id, each.payment_hash) or b""
        for each in page
    }
    total_msat = ledger_entries.captured_total_msat(tx, account, TOP_UP)
    return TopUps(
        total_msat, tuple(page), preimages, page[-1].order_id if len(found) > limit else ""
    )


def ledger_page(tx: Tx, key: ApiKey, limit: int = USUAL_PAGE, cursor: str = "") -> LedgerPage:
    """Raises ``InvalidInput`` for a cursor that is not the account's."""
    found = ledger_entries.entries(tx, account_of_key(key.id), limit + 1, cursor)
    page = found[:limit]
    return LedgerPage(tuple(page), page[-1].name if len(found) > limit else "")
