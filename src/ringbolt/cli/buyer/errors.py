"""Why a purchase failed."""

from __future__ import annotations


class PurchaseError(Exception):
    """The message is for a person. It has what the buyer needs if money was paid already."""
