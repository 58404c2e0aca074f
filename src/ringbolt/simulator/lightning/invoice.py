"""One invoice of a simulated node and its transitions: LND's rules, as pure functions.

Amounts are msat, times Unix seconds as in BOLT11. Errors have the messages of LND (lnd v0.21,
``invoices`` and ``lnrpc/invoicesrpc``).
"""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from ringbolt.lightning.node import InvoiceState

NETWORK = "regtest"
BLOCK_MS = 600_000
HOLD_EXPIRY_DELTA = 18
"""How many blocks before its expiry LND cancels a held payment (holdexpirydelta)."""
CLTV_PADDING = 3
"""Blocks that a payer adds to the invoice's final CLTV delta (lnd ``BlockPadding``)."""
DEFAULT_CLTV, MIN_CLTV, MAX_CLTV = 80, 24, 65_535
DEFAULT_EXPIRY_S, MAX_EXPIRY_S = 86_400, 31_536_000
MAX_MEMO_BYTES = 1024
MAX_AMOUNT_SAT = 100_000 * 100_000_000

UNKNOWN, INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, UNAVAILABLE = 2, 3, 5, 6, 14


class RpcError(Exception):
    """A call that the node refuses: a gRPC status ``code`` and LND's message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class HtlcRefused(Exception):
    """The payee rejects the payment; the payer learns no more than that (BOLT 4)."""


class InvoiceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The terms of a new invoice. With a ``preimage`` it settles when paid; with only a
    ``payment_hash`` it is held. ``amount_msat`` 0 lets the payer choose the amount."""

    amount_msat: int
    memo: str = ""
    description_hash: bytes = b""
    expiry_s: int = 0
    cltv_blocks: int = 0
    preimage: bytes = b""
    payment_hash: bytes = b""


class Htlc(msgspec.Struct, frozen=True, kw_only=True):
    """The payment that an invoice received; ``payer`` names the node that sent it."""

    index: int
    payer: str
    amount_msat: int
    accept_height: int
    accepted_at_s: int
    expiry_height: int
    state: InvoiceState = InvoiceState.ACCEPTED
    resolved_at_s: int = 0


class SimulatedInvoice(msgspec.Struct, frozen=True, kw_only=True):
    """``preimage`` is empty while only the shop knows it (a hold invoice)."""

    payment_hash: bytes
    preimage: bytes
    payment_secret: bytes
    bolt11: str
    memo: str
    description_hash: bytes
    amount_msat: int
    created_at_s: int
    expiry_s: int
    cltv_blocks: int
    add_index: int
    state: InvoiceState = InvoiceState.OPEN
    amount_paid_msat: int = 0
    settle_index: int = 0
    settled_at_s: int = 0
    htlc: Htlc | None = None

    @property
    def is_final(self) -> bool:
        return self.state in (InvoiceState.SETTLED, InvoiceState.CANCELED)

    @property
    def expires_at_s(self) -> int:
        return self.created_at_s + self.expiry_s

    @property
    def give_up_height(self) -> int:
        """The height at which a held payment is cancelled by the node itself."""
        assert self.htlc is not None
        return self.htlc.expiry_height - HOLD_EXPIRY_DELTA


def checked(request: InvoiceRequest) -> InvoiceRequest:
    """``request`` with LND's defaults filled in. Raises ``RpcError`` with LND's objections."""
    if (size := len(request.memo.encode())) > MAX_MEMO_BYTES:
        raise RpcError(UNKNOWN, f"memo too large: {size} bytes (maxsize={MAX_MEMO_BYTES})")
    if request.description_hash and len(request.description_hash) != 32:
        size = len(request.description_hash)
        raise RpcError(UNKNOWN, f"description hash is {size} bytes, must be 32")
    if request.amount_msat < 0:
        raise RpcError(UNKNOWN, "amount cannot be negative")
    if request.amount_msat // 1000 > MAX_AMOUNT_SAT:
        raise RpcError(UNKNOWN, f"invoice amount {request.amount_msat // 1000} is too large")
    if request.expiry_s > MAX_EXPIRY_S:
        raise RpcError(
            UNKNOWN,
            f"expiry of {request.expiry_s} seconds greater than max expiry of"
            f" {MAX_EXPIRY_S} seconds",
        )
    _check_cltv(request.cltv_blocks)
    return msgspec.structs.replace(
        request,
        expiry_s=request.expiry_s if request.expiry_s > 0 else DEFAULT_EXPIRY_S,
        cltv_blocks=request.cltv_blocks or DEFAULT_CLTV,
        payment_hash=_payment_hash(request),
    )


def _check_cltv(blocks: int) -> None:
    if blocks > MAX_CLTV:
        raise RpcError(UNKNOWN, f"CLTV delta of {blocks} is too large, max accepted is: {MAX_CLTV}")
    if blocks != 0 and blocks < MIN_CLTV:
        raise RpcError(
            UNKNOWN, f"CLTV delta of {blocks} must be greater than minimum of {MIN_CLTV}"
        )


def _payment_hash(request: InvoiceRequest) -> bytes:
    for name, value in (("preimage", request.preimage), ("hash", request.payment_hash)):
        if value and len(value) != 32:
            raise RpcError(UNKNOWN, f"invalid {name} length of {len(value)}, want 32")
    if request.preimage:
        return hashlib.sha256(request.preimage).digest()
    if not request.payment_hash:
        raise RpcError(UNKNOWN, "invalid hash length of 0, want 32")
    return request.payment_hash


def offered(
    invoice: SimulatedInvoice | None, secret: bytes | None, htlc: Htlc, now_s: int
) -> SimulatedInvoice:
    """``invoice`` holding ``htlc``. Raises ``HtlcRefused``.

    One payment, in one part; more than the amount is accepted, less is refused.
    """
    if invoice is None or invoice.state is not InvoiceState.OPEN:
        raise HtlcRefused("no such open invoice")
    if now_s >= invoice.expires_at_s:
        raise HtlcRefused("expired")
    if secret is None or not hmac.compare_digest(secret, invoice.payment_secret):
        raise HtlcRefused("wrong payment secret")
    if htlc.amount_msat < invoice.amount_msat:
        raise HtlcRefused("amount too low")
    if htlc.expiry_height < htlc.accept_height + invoice.cltv_blocks:
        raise HtlcRefused("expires too soon")
    return msgspec.structs.replace(
        invoice, state=InvoiceState.ACCEPTED, amount_paid_msat=htlc.amount_msat, htlc=htlc
    )


def settled(
    invoice: SimulatedInvoice | None, preimage: bytes, settle_index: int, now_s: int
) -> SimulatedInvoice:
    """``invoice`` settled, itself if it was already. Raises ``RpcError``."""
    if invoice is None:
        raise RpcError(UNKNOWN, "unable to locate invoice")
    match invoice.state:
        case InvoiceState.SETTLED:
            return invoice
        case InvoiceState.CANCELED:
            raise RpcError(UNKNOWN, "invoice already canceled")
        case InvoiceState.OPEN:
            raise RpcError(UNKNOWN, "invoice still open")
    assert invoice.htlc is not None
    return msgspec.structs.replace(
        invoice,
        state=InvoiceState.SETTLED,
        preimage=preimage,
        settle_index=settle_index,
        settled_at_s=now_s,
        htlc=msgspec.structs.replace(invoice.htlc, state=InvoiceState.SETTLED, resolved_at_s=now_s),
    )


def canceled(invoice: SimulatedInvoice | None, now_s: int) -> SimulatedInvoice:
    """``invoice`` cancelled, itself if it was already. Raises ``RpcError``.

    As with LND the amount that had been paid stays on record although it was returned.
    """
    if invoice is None:
        raise RpcError(UNKNOWN, "unable to locate invoice")
    match invoice.state:
        case InvoiceState.CANCELED:
            return invoice
        case InvoiceState.SETTLED:
            raise RpcError(UNKNOWN, "invoice already settled")
    htlc = invoice.htlc
    if htlc is not None:
        htlc = msgspec.structs.replace(htlc, state=InvoiceState.CANCELED, resolved_at_s=now_s)
    return msgspec.structs.replace(invoice, state=InvoiceState.CANCELED, htlc=htlc)
