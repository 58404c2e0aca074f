"""The port to a Lightning node: only what the shop needs of one.

Amounts are integer msat, times integer ms UTC, hashes and preimages 32 raw bytes. A node that does
not answer, or not as it should, raises ``NodeUnavailable``; nothing else is raised.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, TypeGuard, runtime_checkable

MACAROON_REJECTED = "NODE_MACAROON_REJECTED"
"""The code of a ``NodeUnavailable`` whose node does not accept our macaroon for this."""

NODE_REFUSED = "NODE_REFUSED"
"""The code of a ``NodeUnavailable`` whose node answered and refused."""


class InvoiceState(StrEnum):
    """An invoice's state, named as by LND; ACCEPTED: the payment is held, not yet ours."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    SETTLED = "SETTLED"
    CANCELED = "CANCELED"


@dataclass(frozen=True, slots=True)
class Invoice:
    """A new invoice. ``bolt11`` is what the payer pays; it expires at ``expires_at_ms``."""

    payment_hash: bytes
    bolt11: str
    amount_msat: int
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class InvoiceStatus:
    """What the node knows of an invoice.

    ``settle_index`` counts settled invoices from 1 and is 0 until then. ``expiry_height`` is the
    earliest block at which a held payment returns to the payer (None while none is held).
    """

    payment_hash: bytes
    state: InvoiceState
    amount_msat: int
    amount_paid_msat: int
    memo: str
    bolt11: str
    created_at_ms: int
    settled_at_ms: int | None = None
    settle_index: int = 0
    preimage: bytes | None = None
    expiry_height: int | None = None


@dataclass(frozen=True, slots=True)
class NodeInfo:
    alias: str
    pubkey: str
    version: str
    network: str
    synced: bool
    block_height: int

    @property
    def holds_real_money(self) -> bool:
        return self.network == "mainnet"


@dataclass(frozen=True, slots=True)
class PaymentSucceeded:
    preimage: bytes
    fee_msat: int


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """Definitely not paid, nor will it be by this attempt; ``reason`` is the node's."""

    reason: str


@dataclass(frozen=True, slots=True)
class PaymentUnknown:
    """Unknown: in flight, or the node stopped answering. Look it up; do not pay again."""

    reason: str


PaymentOutcome = PaymentSucceeded | PaymentFailed | PaymentUnknown


@dataclass(frozen=True, slots=True)
class PaymentMade:
    """A payment that the node made: what the payee got, and the routing fee."""

    payment_hash: bytes
    amount_msat: int
    fee_msat: int
    created_at_ms: int


class LightningNode(Protocol):
    """Receives payments. Every adapter can do this much."""

    async def info(self) -> NodeInfo: ...

    async def create_invoice(
        self, amount_msat: int, memo: str, expiry_s: int, preimage: bytes
    ) -> Invoice:
        """An invoice that settles as soon as it is paid, with a preimage of our choosing."""
        ...

    async def lookup_invoice(self, payment_hash: bytes) -> InvoiceStatus | None:
        """The invoice's state now; None if the node does not know it."""
        ...

    def list_settled(self) -> AsyncGenerator[InvoiceStatus, None]:
        """Every settled invoice, once, to compare with the books."""
        ...

    def settled_invoices(self, after: int) -> AsyncGenerator[InvoiceStatus, None]:
        """Every invoice settled after settle index ``after``, in order, then new ones.

        Runs until cancelled or until the node is lost (``NodeUnavailable``). At least once: the
        receiver must tolerate repeats.
        """
        ...

    async def close(self) -> None: ...


@runtime_checkable
class SupportsHoldInvoices(Protocol):
    """Invoices whose payment is held until we settle or cancel. All three are idempotent."""

    async def create_hold_invoice(
        self, payment_hash: bytes, amount_msat: int, memo: str, expiry_s: int, cltv_blocks: int
    ) -> Invoice: ...

    async def settle_invoice(self, preimage: bytes) -> None: ...

    async def cancel_invoice(self, payment_hash: bytes) -> None: ...

    def watch_invoice(self, payment_hash: bytes) -> AsyncGenerator[InvoiceStatus, None]:
        """The invoice's state now, then at every change, until it is final."""
        ...


def can_hold(node: object) -> TypeGuard[SupportsHoldInvoices]:
    """Whether a node can hold payments. Remembered by class: looking the methods of a protocol up
    takes 10 us, and every order asks several times."""
    kind = type(node)
    if kind not in _CAN_HOLD:
        _CAN_HOLD[kind] = isinstance(node, SupportsHoldInvoices)
    return _CAN_HOLD[kind]


_CAN_HOLD: Final[dict[type, bool]] = {}


@runtime_checkable
class ListsPendingInvoices(Protocol):
    """Lists at once what thousands of streams of single invoices would report one by one."""

    def list_pending(self) -> AsyncGenerator[InvoiceStatus, None]:
        """The state now of every invoice that is open or whose payment is held."""
        ...


@runtime_checkable
class SupportsPayments(Protocol):
    """Pays out. ``max_fee_msat`` is a hard limit on routing fees, always given."""

    async def pay(self, bolt11: str, max_fee_msat: int, timeout_s: int) -> PaymentOutcome:
        """Pays once; a second call for the same invoice never pays twice (nodes refuse it)."""
        ...

    async def lookup_payment(self, payment_hash: bytes) -> PaymentOutcome | None:
        """The outcome of a payment; None if the node never saw it."""
        ...


@runtime_checkable
class ListsPayments(Protocol):
    """Lists what was paid out, to compare with the books."""

    def list_payments(self, since_ms: int) -> AsyncGenerator[PaymentMade, None]:
        """Every successful payment begun at ``since_ms`` (ms UTC) or later, once."""
        ...
