"""Who bears the routing fee of a payment to a stranger.

The stranger's invoice decides the route, so a fee that the shop bore without limit could be taken
by the owner of a channel of that route, payment after payment. So the shop bears a small part, out
of budgets per client and per day, and the rest is borne by what is paid out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringbolt.app.policies import PayoutPolicy
from ringbolt.core.pricing.money import MSAT_PER_SAT, msat, sats_down
from ringbolt.store import fee_budgets
from ringbolt.store.engine.db import Tx
from ringbolt.store.fee_budgets import FeeGrant

_PAYLOAD: Final = "fee"


@dataclass(frozen=True, slots=True)
class FeeShares:
    """Of one payment's routing fee the shop bears at most ``granted``, what is paid out at most
    ``left_msat``. ``granted`` is None for payments of earlier versions, which took no budget."""

    granted_msat: int
    left_msat: int = 0
    granted: FeeGrant | None = None

    @property
    def max_fee_msat(self) -> int:
        return self.granted_msat + self.left_msat

    @classmethod
    def of(cls, grant: FeeGrant, left_msat: int) -> FeeShares:
        return cls(grant.msat, left_msat, grant)

    @classmethod
    def read(cls, payload: Mapping[str, Any], former_msat: int) -> FeeShares:
        """From a job's payload. ``former_msat``: the limit of earlier versions."""
        stored = payload.get(_PAYLOAD)
        if stored is None:
            return cls(former_msat)
        granted_msat, left_msat, day = stored
        return cls.of(FeeGrant(granted_msat, day), left_msat)

    def written(self) -> dict[str, Any]:
        """For a job's payload."""
        assert self.granted is not None
        return {_PAYLOAD: [self.granted_msat, self.left_msat, self.granted.day]}

    def close(self, tx: Tx, client: str, borne_msat: int) -> None:
        """The payment is over, and the shop bore ``borne_msat``: return the rest to the budgets."""
        if self.granted is not None:
            rest = FeeGrant(self.granted.msat - borne_msat, self.granted.day)
            fee_budgets.release(tx, client, rest)


def without_shares(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A job's payload for its next payment."""
    return {name: value for name, value in payload.items() if name != _PAYLOAD}


@dataclass(frozen=True, slots=True)
class Withdrawable:
    """The amounts (msat) that a refund may be claimed with now."""

    min_msat: int
    max_msat: int


def withdrawable(
    owed_msat: int, left_msat: int, policy: PayoutPolicy, *, has_failed: bool
) -> Withdrawable:
    """For a refund of ``owed_msat`` while ``left_msat`` of the budgets is left.

    As long as the budgets allow the shop's part, the refund is claimed in full. Otherwise, and once
    its payment has failed, the buyer may leave some of it for the route.
    """
    short_msat = max(0, policy.refund_fee_msat - left_msat)
    if not short_msat and not has_failed:
        return Withdrawable(owed_msat, owed_msat)
    most = _after(owed_msat, short_msat)
    return Withdrawable(min(most, _after(owed_msat, policy.max_refund_fee_msat(owed_msat))), most)


def _after(owed_msat: int, fee_msat: int) -> int:
    """What of a refund may be withdrawn after a fee: whole sats, at least one."""
    return max(min(owed_msat, MSAT_PER_SAT), msat(sats_down(owed_msat - fee_msat)))
