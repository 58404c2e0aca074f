"""A purchase and its buyer: the API makes the buyer, the checkout the purchase."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.core.commands import Command
from ringbolt.core.order import OrderKind, PaymentMethod
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order


@dataclass(frozen=True, slots=True)
class Hold:
    """The buyer pays a hold invoice."""


@dataclass(frozen=True, slots=True)
class Balance:
    """The price is reserved on the balance of an API key. ``budget_msat``: what the key may spend
    in ``BUDGET_HOURS``, this order included; None for all that it has."""

    key_id: str
    budget_msat: int | None = None


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The buyer's ``Idempotency-Key``; ``principal`` is the client that chose it; ``body_hash``
    identifies the request."""

    principal: str
    key: str
    body_hash: str


@dataclass(frozen=True, slots=True)
class Buyer:
    """The buyer, how they pay, and where they get notices.

    ``family`` is the API of the order; its notices have the shape of that API. ``client`` is the
    buyer's address, hashed. ``webhook_url`` gets every change of the order;
    ``referrer`` is the Lightning Address that gets a share. Both are '' for none. ``max_msat``: the
    most that the order may cost, None for any price.
    """

    family: str
    payer: Hold | Balance
    client: str
    idempotency: Idempotency | None = None
    webhook_url: str = ""
    referrer: str = ""
    max_msat: int | None = None

    @property
    def account_id(self) -> str | None:
        """The ledger account that pays; None for an invoice."""
        return account_of_key(self.payer.key_id) if isinstance(self.payer, Balance) else None


Record = Callable[[Tx, Order], None]
"""Stores, with the order, the rows that its kind needs; e.g. its ``message`` row."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is bought. ``price_msat`` is what the invoice says.

    ``to`` is the number (E.164) or address that gets something, '' for none; for limits. ``check``
    is asked before there is an invoice, though not for a request that is only repeated.
    """

    kind: OrderKind
    command: Command
    price_msat: int
    buyer: Buyer
    record: Record
    to: str = ""
    check: Callable[[], Awaitable[None]] | None = None

    @property
    def method(self) -> PaymentMethod:
        is_hold = isinstance(self.buyer.payer, Hold)
        return PaymentMethod.HOLD if is_hold else PaymentMethod.BALANCE
