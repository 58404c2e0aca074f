"""Money is an integer number of msat (1 sat = 1,000 msat) inside, and sat at the edges."""

from __future__ import annotations

MSAT_PER_SAT = 1000


def msat(sats: int) -> int:
    return sats * MSAT_PER_SAT


def sats_up(amount_msat: int) -> int:
    """Whole sats that cover the amount: what a price shows."""
    return -(-amount_msat // MSAT_PER_SAT)


def sats_down(amount_msat: int) -> int:
    """Whole sats contained in the amount: what a balance or a refund shows."""
    return amount_msat // MSAT_PER_SAT
