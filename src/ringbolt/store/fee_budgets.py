"""What the shop bears of routing fees per day (UTC): in all, and for each client.

A part of both budgets is granted before a payment is sent, and what the route did not cost is given
back. The sums are rows among the day's sales (scopes ``fees`` and ``fees:<client>``); each is one
row, so that grants at the same time see each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, case, select, update

from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_for
from ringbolt.store.schema.text_tables import spend

DAY_MS: Final = 86_400_000
SCOPE: Final = "fees"


@dataclass(frozen=True, slots=True)
class FeeBudgets:
    """The most that the shop bears per day, msat: in all, and for one client."""

    shop_msat: int
    client_msat: int

    def scopes(self, client: str) -> dict[str, int]:
        """The scopes that count for a client, in the order in which they are locked, and their
        budgets."""
        return {SCOPE: self.shop_msat, f"{SCOPE}:{client}": self.client_msat}


@dataclass(frozen=True, slots=True)
class FeeGrant:
    """``msat`` of the budgets of ``day`` (days since 1970)."""

    msat: int
    day: int


def left(tx: Tx, client: str, budgets: FeeBudgets) -> int:
    """What could be granted to a client now, msat."""
    day = tx.now_ms // DAY_MS
    used = {scope: tx.run(_USED, _key(day, scope)).scalar() for scope in budgets.scopes(client)}
    return max(0, min(most - (used[name] or 0) for name, most in budgets.scopes(client).items()))


def grant(tx: Tx, client: str, wanted_msat: int, budgets: FeeBudgets) -> FeeGrant:
    """Take ``wanted_msat``, or what is left, of today's budgets."""
    day = tx.now_ms // DAY_MS
    if wanted_msat <= 0:
        return FeeGrant(0, day)
    over = 0
    for scope, most in budgets.scopes(client).items():
        added = insert_for(tx.dialect, spend).values(day=day, scope=scope, msat=wanted_msat)
        total = tx.run(
            added.on_conflict_do_update(
                index_elements=[spend.c.day, spend.c.scope],
                set_={"msat": spend.c.msat + added.excluded.msat},
            ).returning(spend.c.msat)
        ).scalar_one()
        over = max(over, int(total) - most)
    granted = FeeGrant(max(0, wanted_msat - over), day)
    release(tx, client, FeeGrant(wanted_msat - granted.msat, day))
    return granted


def release(tx: Tx, client: str, granted: FeeGrant) -> None:
    """Return what was granted and is not needed."""
    if granted.msat <= 0:
        return
    for scope in (SCOPE, f"{SCOPE}:{client}"):
        tx.run(_GIVE_BACK, {**_key(granted.day, scope), "msat_": granted.msat})


def _key(day: int, scope: str) -> dict[str, Any]:
    return {"day_": day, "scope_": scope}


_ROW = (spend.c.day == bindparam("day_"), spend.c.scope == bindparam("scope_"))
_LESS = bindparam("msat_", type_=spend.c.msat.type)
_USED = select(spend.c.msat).where(*_ROW)
# Not below zero: the rows of a day are deleted some days later.
_GIVE_BACK = (
    update(spend)
    .where(*_ROW)
    .values(msat=case((spend.c.msat > _LESS, spend.c.msat - _LESS), else_=0))
)
