"""Book the payments that the node reports."""

from __future__ import annotations

from ringbolt.core.chart_of_accounts import ESCROW, NODE, OVERPAYMENT, PAYMENT, payment_idem
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning.l402 import token_of_memo
from ringbolt.lightning.node import InvoiceStatus
from ringbolt.store import cursors, ledger, orders
from ringbolt.store.engine.db import Tx


def settled_cursor(pubkey: str) -> str:
    """The name of the cursor into a node's settled invoices. Each node has its own: the cursor of
    another node would hide what this one settled."""
    return f"node:{pubkey}:settle_index"


def record_settlement(tx: Tx, keyring: Keyring, cursor: str, invoice: InvoiceStatus) -> bool:
    """Book a settled invoice if it is one of ours, and remember how far we have read.

    The nonce in the memo identifies those sold for L402: it yields the preimage, and so the payment
    hash. A credential that was shown before the node's report has booked it already.
    True if this is what booked it. Of an order's hold invoice only what was paid above the price
    is booked here; the rest was when it was held.
    """
    booked = False
    idem = payment_idem(invoice.payment_hash.hex())
    over = invoice.amount_paid_msat - invoice.amount_msat
    is_ours = token_of_memo(keyring, invoice.memo, invoice.payment_hash) is not None
    if is_ours:
        booked = ledger.post(
            tx,
            idem=idem,
            debit=NODE,
            credit=ESCROW,
            amount_msat=invoice.amount_msat,
            kind=PAYMENT,
        )
    if over > 0 and (is_ours or orders.by_payment_hash(tx, invoice.payment_hash.hex())):
        # BOLT 4 lets a payer send up to twice the amount; it is still theirs
        ledger.post(
            tx, idem=f"{idem}:over", debit=NODE, credit=ESCROW, amount_msat=over,
            kind=OVERPAYMENT,
        )  # fmt: skip
    if invoice.settle_index > int(cursors.get(tx, cursor) or 0):
        cursors.set(tx, cursor, str(invoice.settle_index))
    return booked
