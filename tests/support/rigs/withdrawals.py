"""An account holder who withdraws, and processes of the shop that may die at it."""

from __future__ import annotations

import secrets
from contextlib import suppress

from ringbolt.app.accounts.keys import create_key, hash_of_key
from ringbolt.app.payments.withdraw import (
    Wanted,
    cancel_withdrawal,
    claim_withdrawal,
    start_withdrawal,
)
from ringbolt.clock import SystemClock
from ringbolt.core.chart_of_accounts import NODE, TOP_UP, account_of_key
from ringbolt.core.errors import Conflict, NotFound
from ringbolt.core.pricing.money import msat
from ringbolt.lightning.memory.node import wallet_invoice
from ringbolt.settings import Settings
from ringbolt.store import ledger, withdrawals
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.ledger import Balance
from ringbolt.store.withdrawals import Withdrawal
from support.memory import memory_node
from support.parts import one_node
from support.rigs.fate import Fate, mortal
from support.rigs.payouts import MemoryAddresses
from support.rigs.shop import Process, World

ALICE = "alice@wallet.example"
BALANCE_SATS = 10_000


class Bank(World):
    """What outlives the processes: the node, and the owners of Lightning Addresses."""

    def __init__(self, db: Database, clock: SystemClock, settings: Settings | None = None) -> None:
        super().__init__(db, clock, memory_node(clock), settings or Settings())
        self.owners = MemoryAddresses(clock)

    def process(self, fate: Fate | None = None, db: Database | None = None) -> Teller:
        fate = fate or Fate()
        payer = mortal(self.node, fate, "pay", "lookup_payment")
        addresses = mortal(self.owners, fate, "invoice_for")
        shop = self.shop(fate, db, nodes=one_node(self.clock, payer), addresses=addresses)
        return Teller(self, shop, fate)

    @property
    def paid_out_sats(self) -> int:
        """What left the node, with routing fees."""
        return sum(self.node.paid_out.values()) // 1000


class Teller(Process):
    """One process of the shop."""

    async def listen(self) -> None:
        """The node reports nothing of payments out."""


class Saver:
    """The holder of an account. ``invoice``: what the holder's wallet names, time and again."""

    def __init__(self, bank: Bank, key_id: str, key_hash: bytes) -> None:
        self.bank = bank
        self.key_id = key_id
        self.key_hash = key_hash
        self.invoice = ""

    @classmethod
    async def with_balance(cls, bank: Bank, sats: int = BALANCE_SATS) -> Saver:
        made = await create_key(bank.db, "a test")

        def credit(tx: Tx) -> None:
            account, idem = account_of_key(made.id), f"gift:{made.id}"
            ledger.hold(
                tx, idem=idem, debit=NODE, credit=account, amount_msat=msat(sats), kind=TOP_UP
            )
            ledger.capture(tx, idem)

        await bank.db.tx(credit)
        return cls(bank, made.id, hash_of_key(made.key))

    def wants(self, sats: int, address: str = "") -> Wanted:
        return Wanted(self.key_id, self.key_hash, sats, address)

    async def start(self, process: Teller, sats: int = 1000, address: str = "") -> Withdrawal:
        return await start_withdrawal(process.shop, self.wants(sats, address))

    async def under_way(self) -> Withdrawal | None:
        return await self.bank.db.read(withdrawals.unfinished, account_of_key(self.key_id))

    async def latest(self) -> Withdrawal:
        (found,) = await self.bank.db.read(withdrawals.listing, 1)
        return found

    async def claim(self, process: Teller, sats: int = 1000) -> None:
        """As a wallet does it: with the same invoice again if the answer was lost."""
        found = await self.latest()
        assert found.k1 is not None
        self.invoice = self.invoice or self.new_invoice(sats)
        await claim_withdrawal(process.shop, found.k1, self.invoice)

    def new_invoice(self, sats: int) -> str:
        return wallet_invoice(msat(sats), secrets.token_bytes(32), self.bank.clock.now_ms() // 1000)

    async def cancel(self, process: Teller) -> None:
        found = await self.latest()
        with suppress(Conflict, NotFound):
            await cancel_withdrawal(process.shop, found.id)

    async def balance(self) -> Balance:
        return await self.bank.db.read(ledger.balance, account_of_key(self.key_id))

    async def available_sats(self) -> int:
        return (await self.balance()).available_msat // 1000


async def assert_nothing_lost(bank: Bank, saver: Saver, before_sats: int = BALANCE_SATS) -> None:
    """What left the account left the node, once; nothing is held; the audit agrees."""
    balance = await saver.balance()
    account = account_of_key(saver.key_id)
    every = await bank.db.read(withdrawals.listing, 10_000)
    own = {each.payment_hash or "" for each in every if each.account_id == account}
    left_msat = sum(bank.node.paid_out.get(bytes.fromhex(each), 0) for each in own)
    assert balance.posted_msat == msat(before_sats) - left_msat
    assert balance.pending_out_msat == 0
    assert await saver.under_way() is None
    assert await bank.db.read(ledger.recompute) == []
    assert await bank.complaints() == []
