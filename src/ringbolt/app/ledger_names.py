"""The accounts and the kinds of transfers that the shop books.

A transfer's debit gives and its credit gets. The node's account is an asset: what came in over
Lightning was given by it.
"""

from __future__ import annotations

NODE = "node"
ESCROW = "escrow"
REVENUE = "revenue"
ROUTING_FEE = "routing_fee"

PAYMENT = "payment"  # node -> escrow: an invoice of ours was paid
OVERPAYMENT = "overpayment"  # node -> escrow: somebody paid more than was asked
CAPTURE = "capture"  # escrow -> revenue: what was promised happened
REFUND = "refund"  # escrow -> node: the buyer has the money back
REFUND_FEE = "refund_fee"  # routing_fee -> node: what it cost to send it


def payment_idem(payment_hash: str) -> str:
    return f"inv:{payment_hash}"


def capture_idem(order_id: str) -> str:
    return f"ord:{order_id}:capture"


def refund_idem(order_id: str) -> str:
    return f"ord:{order_id}:refund"
