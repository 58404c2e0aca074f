"""Whatever is done to the ledger, in whatever order: money is conserved, floors hold."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from ringbolt.store import ledger
from ringbolt.store.engine.db import Tx
from ringbolt.store.ledger import InsufficientFunds, LedgerMismatch
from ringbolt.store.schema import guards
from ringbolt.store.schema.metadata import metadata

CUSTOMERS = ("key:a", "key:b", "key:c")
ACCOUNTS = ("node", "revenue", *CUSTOMERS)
accounts = st.sampled_from(ACCOUNTS)
amounts = st.integers(1, 1000)
names = st.integers(0, 30).map(str)


class LedgerMachine(RuleBasedStateMachine):
    """Compares the database with a model in plain dictionaries."""

    @initialize()
    def open_books(self) -> None:
        self.engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"isolation_level": None}
        )
        self.connection = self.engine.connect()
        self.tx = Tx(self.connection, 1, "sqlite")
        self.connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        metadata.create_all(self.connection)
        guards.install(self.connection)
        ledger.ensure_account(self.tx, "node", "asset", stored=False)
        ledger.ensure_account(self.tx, "revenue", "income", stored=False)
        for customer in CUSTOMERS:
            ledger.ensure_account(self.tx, customer, "liability", stored=True, floor_msat=0)
        self.posted = dict.fromkeys(ACCOUNTS, 0)
        self.pending = dict.fromkeys(ACCOUNTS, 0)
        self.transfers: dict[str, tuple[str, str, str, int]] = {}

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.connection.close()
            self.engine.dispose()

    def _try(self, body: Callable[[], bool]) -> bool:
        """True if it took effect."""
        try:
            with self.connection.begin_nested():
                return body()
        except (InsufficientFunds, LedgerMismatch):
            return False

    def _covered(self, account: str, amount: int) -> bool:
        floorless = account not in CUSTOMERS
        return floorless or self.posted[account] - self.pending[account] >= amount

    @rule(idem=names, debit=accounts, credit=accounts, amount=amounts, held=st.booleans())
    def transfer(self, idem: str, debit: str, credit: str, amount: int, held: bool) -> None:
        if debit == credit:
            return
        move = ledger.hold if held else ledger.post
        done = self._try(
            lambda: move(
                self.tx, idem=idem, debit=debit, credit=credit, amount_msat=amount, kind="x"
            )
        )
        assert done == (idem not in self.transfers and self._covered(debit, amount))
        if done:
            self.transfers[idem] = ("pending" if held else "posted", debit, credit, amount)
            if held:
                self.pending[debit] += amount
            else:
                self._move(debit, credit, amount)

    def _move(self, debit: str, credit: str, amount: int) -> None:
        self.posted[debit] -= amount
        self.posted[credit] += amount

    @rule(idem=names, part=st.none() | st.integers(0, 1000))
    def capture(self, idem: str, part: int | None) -> None:
        state, debit, credit, amount = self.transfers.get(idem, ("none", "", "", 0))
        done = self._try(lambda: ledger.capture(self.tx, idem, part))
        assert done == (state == "pending" and (part is None or part <= amount))
        if done:
            self.transfers[idem] = ("captured", debit, credit, amount)
            self.pending[debit] -= amount
            self._move(debit, credit, amount if part is None else part)

    @rule(idem=names)
    def void(self, idem: str) -> None:
        state, debit, credit, amount = self.transfers.get(idem, ("none", "", "", 0))
        done = self._try(lambda: ledger.void(self.tx, idem))
        assert done == (state == "pending")
        if done:
            self.transfers[idem] = ("voided", debit, credit, amount)
            self.pending[debit] -= amount

    @invariant()
    def books_agree(self) -> None:
        if not hasattr(self, "tx"):
            return
        totals = ledger.totals(self.tx)
        assert {id: found.posted_msat for id, found in totals.items()} == self.posted
        assert {id: found.pending_out_msat for id, found in totals.items()} == self.pending
        assert sum(found.posted_msat for found in totals.values()) == 0
        assert all(totals[customer].available_msat >= 0 for customer in CUSTOMERS)
        assert ledger.recompute(self.tx) == []


LedgerMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, derandomize=True
)
TestLedger = LedgerMachine.TestCase
