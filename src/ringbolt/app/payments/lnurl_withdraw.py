"""What a wallet may take by LNURL-withdraw (LUD-03): a refund, or unused balance of an account."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.app.payments.refund import claim_refund, offered_refund
from ringbolt.app.payments.withdraw import claim_withdrawal, offered_withdrawal
from ringbolt.app.shop import Shop
from ringbolt.store import withdrawals

_REFUND = "Refund for an order that was not delivered"
_BALANCE = "Unused balance"


@dataclass(frozen=True, slots=True)
class Offer:
    """The amounts (msat) that a wallet may take, and what for."""

    min_msat: int
    max_msat: int
    description: str


async def offered(shop: Shop, k1: str) -> Offer:
    """Raises ``NotFound`` or ``Conflict``."""
    if await _is_withdrawal(shop, k1):
        amount_msat = (await offered_withdrawal(shop, k1)).amount_msat
        return Offer(amount_msat, amount_msat, _BALANCE)
    _, allowed = await offered_refund(shop, k1)
    return Offer(allowed.min_msat, allowed.max_msat, _REFUND)


async def claim(shop: Shop, k1: str, invoice: str) -> None:
    """Have the wallet's invoice paid. Raises as ``claim_refund`` and ``claim_withdrawal``."""
    if await _is_withdrawal(shop, k1):
        await claim_withdrawal(shop, k1, invoice)
    else:
        await claim_refund(shop, k1, invoice)


async def _is_withdrawal(shop: Shop, k1: str) -> bool:
    return await shop.db.read(withdrawals.by_k1, k1) is not None
