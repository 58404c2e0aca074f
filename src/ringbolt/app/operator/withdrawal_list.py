"""Withdrawals as the operator sees them."""

from __future__ import annotations

from typing import Any

from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.core.mask import mask_destination, mask_words
from ringbolt.store import withdrawals
from ringbolt.store.engine.db import Tx
from ringbolt.store.withdrawals import Withdrawal


def list_withdrawals(
    tx: Tx, limit: int, *, unfinished_only: bool = False, unmasked: bool = False
) -> list[dict[str, Any]]:
    """The latest ``limit``, without the secrets of those that can still be taken."""
    found = withdrawals.listing(tx, limit, unfinished_only=unfinished_only)
    return [_document(each, unmasked=unmasked) for each in found]


def _document(each: Withdrawal, *, unmasked: bool) -> dict[str, Any]:
    return {
        "id": each.id,
        "account": each.account_id.removeprefix(account_of_key.prefix),
        "state": each.state.value,
        "amount_msat": each.amount_msat,
        "max_fee_msat": each.max_fee_msat,
        "fee_msat": each.fee_msat,
        "address": each.address if unmasked else mask_destination(each.address),
        "reason": each.reason if unmasked else mask_words(each.reason),
        "payment_hash": each.payment_hash,
        "created_ms": each.created_ms,
        "until_ms": each.until_ms,
        "finished_ms": each.finished_ms,
    }
