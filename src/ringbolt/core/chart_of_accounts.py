"""The ledger's accounts, the kinds of transfers, and the names that make each transfer unique.

The debit account of a transfer gives, and its credit account gets. The node's account is an asset:
it gives what came in over Lightning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NODE = "node"
ESCROW = "escrow"
REVENUE = "revenue"
ROUTING_FEE = "routing_fee"
PARTS_COST = "parts_cost"

PAYMENT = "payment"  # node -> escrow: an invoice of ours was paid
OVERPAYMENT = "overpayment"  # node -> escrow: a buyer paid more than the invoice asked for
CAPTURE = "capture"  # escrow -> revenue: the order was fulfilled
HOLD = "hold"  # node -> revenue, pending: a hold invoice was paid
TOP_UP = "top_up"  # node -> key, pending: the same, for a key's balance
RESERVE = "reserve"  # key -> revenue, pending: an order paid from a balance
REFERRAL = "referral"  # revenue -> referral: the referrer's share of a settled order
PAYOUT = "payout"  # referral -> node, pending: a share on its way, and what it bears of its fee
PAYOUT_FEE = "payout_fee"  # routing_fee -> node: what the shop bears of a payout's routing fee
WITHDRAWAL = "withdrawal"  # key -> node, pending: unused balance on its way out, and its fee
REFUND = "refund"  # escrow -> node: the buyer has the money back
REFUND_FEE = "refund_fee"  # routing_fee -> node: the routing fee of a refund
REFUND_ROUTE = "refund_route"  # escrow -> routing_fee: what the buyer left for that fee
PART_COST = "part_cost"  # parts_cost -> part: what a carrier or provider bills for an attempt
PART_COST_BACK = "part_cost_back"  # part -> parts_cost: it bills less than was booked before


@dataclass(frozen=True, slots=True)
class Naming:
    """How stored names are made of ids: ``naming(id)``. SQL puts the two parts around a column."""

    prefix: str
    suffix: str = ""

    def __call__(self, subject: str) -> str:
        """The name of ``subject``."""
        return f"{self.prefix}{subject}{self.suffix}"


account_of_key: Final = Naming("key:")
"""The ledger account of an API key, by the key's id."""
account_of_referrer: Final = Naming("referral:")
"""The ledger account of a Lightning Address to which referral shares are owed."""

account_of_part: Final = Naming("part:")
"""The ledger account of what is owed to a carrier or provider, by ``area:name``."""

# Idempotency keys: the ledger books one transfer under each.
payment_idem: Final = Naming("inv:")
"""An L402 payment, by its payment hash."""
capture_idem: Final = Naming("ord:", ":capture")
"""The capture of an L402 order, by the order's id."""
hold_idem: Final = Naming("ord:")
"""The pending transfer of an order paid by a hold invoice or from a balance."""
referral_idem: Final = Naming("ord:", ":referral")
"""The referrer's share of an order."""
refund_idem: Final = Naming("ord:", ":refund")
"""The refund of an order."""
payout_idem: Final = Naming("payout:")
"""A payout to a referrer, by the payout's id."""
withdrawal_idem: Final = Naming("withdrawal:")
"""A withdrawal of unused balance, by its id."""
part_cost_idem: Final = Naming("cost:")
"""A booking of what an attempt costs, by the attempt's id and the booking's number."""
