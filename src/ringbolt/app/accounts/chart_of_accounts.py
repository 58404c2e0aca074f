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
HOLD = "hold"  # node -> revenue, pending: a hold invoice was paid
TOP_UP = "top_up"  # node -> key, pending: the same, for a key's balance
RESERVE = "reserve"  # key -> revenue, pending: an order paid from a balance
REFERRAL = "referral"  # revenue -> referral: the referrer's share of a settled order
PAYOUT = "payout"  # referral -> node, pending: a share on its way
PAYOUT_FEE = "payout_fee"  # routing_fee -> node: what it cost to send it
REFUND = "refund"  # escrow -> node: the buyer has the money back
REFUND_FEE = "refund_fee"  # routing_fee -> node: what it cost to send it


def payment_idem(payment_hash: str) -> str:
    return f"inv:{payment_hash}"


def capture_idem(order_id: str) -> str:
    return f"ord:{order_id}:capture"


def hold_idem(order_id: str) -> str:
    """The pending transfer of an order paid by a hold invoice or from a balance."""
    return f"ord:{order_id}"


def account_of_key(key_id: str) -> str:
    """The ledger account of an API key."""
    return f"key:{key_id}"


def account_of_referrer(address: str) -> str:
    """The ledger account of a Lightning Address that is owed referral shares."""
    return f"referral:{address}"


def referral_idem(order_id: str) -> str:
    return f"ord:{order_id}:referral"


def refund_idem(order_id: str) -> str:
    return f"ord:{order_id}:refund"


def payout_idem(payout_id: str) -> str:
    return f"payout:{payout_id}"
