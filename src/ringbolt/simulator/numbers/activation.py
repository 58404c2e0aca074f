"""The accounts of the simulated ``handler_api.php``, and what each bought."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from ringbolt.simulator.file.world_file import Put, WorldFile

ACCOUNT: Final = "handler-account"
ACTIVATION: Final = "handler-activation"
COUNTER: Final = "handler-counter"
FIRST_ID: Final = 100_000_001
CANCELLED: Final = "cancelled"
FINISHED: Final = "finished"
MICROS: Final = 1_000_000
BALANCE_MICROS: Final = 1000 * MICROS
"""What an account begins with, in millionths of a dollar."""


class AccountDocument(Struct):
    """One account; ``key``: its API key, hashed."""

    key: str
    balance_micros: int = BALANCE_MICROS


class ActivationDocument(Struct):
    """What was bought. ``ref``: the reference of its lease. ``hours``: 0 is an activation.
    ``seen``: how many texts had come when another one was asked for. ``end``: how it ended,
    ``CANCELLED`` (paid back) or ``FINISHED``; '' if it has not."""

    id: int
    account: str
    ref: str
    lease_id: str
    service: str
    country: int
    hours: int
    cost_micros: int
    bought_ms: int
    seen: int = 0
    end: str = ""


def price_micros(service: str, country: int, hours: int = 0) -> int:
    """A made-up price that never changes: 0.05 to 1.04 dollars, for each started 4 hours."""
    digest = sha256(f"price:{country}:{service}".encode()).digest()
    cents = 5 + int.from_bytes(digest[:4], "big") % 100
    return cents * MICROS // 100 * (-(-hours // 4) if hours else 1)


class Accounts:
    """Everything that the protocol has and the leases have not; kept in the world's file."""

    def __init__(self, store: WorldFile) -> None:
        self._store = store
        self._next_id: int = store.load(COUNTER).get("", {}).get("next", FIRST_ID)
        self._accounts = {
            key: msgspec.convert(each, AccountDocument) for key, each in store.load(ACCOUNT).items()
        }
        self._bought = {
            each["id"]: msgspec.convert(each, ActivationDocument)
            for each in store.load(ACTIVATION).values()
        }

    def account(self, api_key: str) -> AccountDocument:
        """The account of a key; every key has one."""
        key = sha256(api_key.encode()).hexdigest()[:16]
        return self._accounts.setdefault(key, AccountDocument(key))

    async def new_id(self) -> int:
        self._next_id += 1
        new = self._next_id - 1
        await self._write((COUNTER, "", {"next": self._next_id}))
        return new

    def find(self, account: AccountDocument, activation_id: str) -> ActivationDocument | None:
        is_number = activation_id.isascii() and activation_id.isdigit() and len(activation_id) < 16
        found = self._bought.get(int(activation_id)) if is_number else None
        return found if found is not None and found.account == account.key else None

    def of(self, account: AccountDocument, *, rentals: bool) -> list[ActivationDocument]:
        """What the account bought and did not end, the latest first."""
        return [
            each
            for each in reversed(self._bought.values())
            if each.account == account.key and not each.end and bool(each.hours) is rentals
        ]

    async def buy(self, account: AccountDocument, bought: ActivationDocument) -> None:
        account.balance_micros -= bought.cost_micros
        self._bought[bought.id] = bought
        await self.save(account, bought)

    async def end(self, account: AccountDocument, bought: ActivationDocument, how: str) -> None:
        """End it; what is cancelled is paid back."""
        bought.end = how
        if how == CANCELLED:
            account.balance_micros += bought.cost_micros
        await self.save(account, bought)

    async def save(self, account: AccountDocument, bought: ActivationDocument) -> None:
        """Return once both are on the disk. Raises ``Unavailable``."""
        await self._write((ACCOUNT, account.key, account), (ACTIVATION, str(bought.id), bought))

    async def set_balance(self, account: AccountDocument, micros: int) -> None:
        account.balance_micros = micros
        await self._write((ACCOUNT, account.key, account))

    async def _write(self, *puts: Put) -> None:
        await self._store.submit(puts)
