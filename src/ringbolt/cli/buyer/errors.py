"""Why a purchase failed."""

from __future__ import annotations


class PurchaseError(Exception):
    """Nothing was bought; the message is for a person."""
