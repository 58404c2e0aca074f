"""LND's REST messages, and their meaning for the shop.

64-bit integers come as strings, bytes as base64, but a payment's preimage as hexadecimal.
"""

from __future__ import annotations

from base64 import b64decode, b64encode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import TypeVar

import msgspec

from ringbolt.core.errors import NodeUnavailable
from ringbolt.core.lightning import bech32
from ringbolt.lightning.node import (
    InvoiceState,
    InvoiceStatus,
    NodeInfo,
    PaymentFailed,
    PaymentMade,
    PaymentOutcome,
    PaymentSucceeded,
    PaymentUnknown,
)

T = TypeVar("T", bound=msgspec.Struct)

_TIMESTAMP_SYMBOLS = 7
encode = msgspec.json.Encoder().encode


class AddInvoiceBody(msgspec.Struct, omit_defaults=True):
    memo: str
    value_msat: int
    expiry: int
    r_preimage: str = ""
    hash: str = ""
    cltv_expiry: int = 0


class SendPaymentBody(msgspec.Struct):
    payment_request: str
    timeout_seconds: int
    fee_limit_msat: int
    no_inflight_updates: bool = True


class Added(msgspec.Struct):
    payment_request: str


class Htlc(msgspec.Struct):
    expiry_height: int = 0
    state: str = ""


class WireInvoice(msgspec.Struct):
    r_hash: str
    state: InvoiceState
    memo: str = ""
    r_preimage: str = ""
    value_msat: int = 0
    amt_paid_msat: int = 0
    payment_request: str = ""
    creation_date: int = 0
    expiry: int = 0
    settle_date: int = 0
    settle_index: int = 0
    htlcs: list[Htlc] = []

    def status(self) -> InvoiceStatus:
        is_settled = self.state is InvoiceState.SETTLED
        preimage = b64decode(self.r_preimage)
        held = [htlc.expiry_height for htlc in self.htlcs if htlc.state == "ACCEPTED"]
        return InvoiceStatus(
            payment_hash=b64decode(self.r_hash),
            state=self.state,
            amount_msat=self.value_msat,
            amount_paid_msat=self.amt_paid_msat,
            memo=self.memo,
            bolt11=self.payment_request,
            created_at_ms=self.creation_date * 1000,
            settled_at_ms=self.settle_date * 1000 if is_settled else None,
            settle_index=self.settle_index,
            preimage=preimage if any(preimage) else None,
            expiry_height=min(held, default=None),
        )


class InvoicePage(msgspec.Struct):
    invoices: list[WireInvoice] = []
    last_index_offset: int = 0


class StreamError(msgspec.Struct):
    code: int = 0
    message: str = ""


class InvoiceLine(msgspec.Struct):
    result: WireInvoice | None = None
    error: StreamError | None = None


class WirePayment(msgspec.Struct):
    status: str
    payment_preimage: str = ""
    fee_msat: int = 0
    failure_reason: str = ""

    def outcome(self) -> PaymentOutcome:
        match self.status:
            case "SUCCEEDED":
                return PaymentSucceeded(bytes.fromhex(self.payment_preimage), self.fee_msat)
            case "FAILED":
                return PaymentFailed(self.failure_reason or "the node gives no reason")
        return PaymentUnknown(f"the node says {self.status or 'nothing'}")


class PaymentLine(msgspec.Struct):
    result: WirePayment | None = None
    error: StreamError | None = None


class ListedPayment(msgspec.Struct):
    status: str
    payment_hash: str
    value_msat: int = 0
    fee_msat: int = 0
    creation_time_ns: int = 0


class PaymentPage(msgspec.Struct):
    payments: list[ListedPayment] = []
    last_index_offset: int = 0


class Chain(msgspec.Struct):
    network: str = ""


class Info(msgspec.Struct):
    identity_pubkey: str
    alias: str = ""
    version: str = ""
    block_height: int = 0
    synced_to_chain: bool = False
    chains: list[Chain] = []

    def node_info(self) -> NodeInfo:
        return NodeInfo(
            alias=self.alias,
            pubkey=self.identity_pubkey,
            version=self.version,
            network=self.chains[0].network if self.chains else "",
            synced=self.synced_to_chain,
            block_height=self.block_height,
        )


def reader(kind: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(kind, strict=False)


def read(content: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Raises ``NodeUnavailable`` for an answer that LND would not give."""
    try:
        return decoder.decode(content)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise nonsense(error) from error


def status(invoice: WireInvoice) -> InvoiceStatus:
    """Raises ``NodeUnavailable`` if the invoice's bytes are not base64."""
    try:
        return invoice.status()
    except (Base64Error, ValueError) as error:
        raise nonsense(error) from error


def outcome(payment: WirePayment) -> PaymentOutcome:
    """Raises ``NodeUnavailable`` if the preimage is not hexadecimal."""
    try:
        return payment.outcome()
    except ValueError as error:
        raise nonsense(error) from error


def payment_made(payment: ListedPayment) -> PaymentMade:
    """Raises ``NodeUnavailable`` if the hash is not hexadecimal."""
    try:
        payment_hash = bytes.fromhex(payment.payment_hash)
    except ValueError as error:
        raise nonsense(error) from error
    begun_ms = payment.creation_time_ns // 1_000_000
    return PaymentMade(payment_hash, payment.value_msat, payment.fee_msat, begun_ms)


def nonsense(error: Exception) -> NodeUnavailable:
    return NodeUnavailable(f"The Lightning node answers what cannot be understood: {error}.")


def to_base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def to_base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode("ascii")


def timestamp_s(bolt11: str) -> int:
    """The creation time of an invoice that our own node just made; the rest is not read."""
    start = bolt11.rindex("1") + 1
    seconds = 0
    for symbol in bolt11[start : start + _TIMESTAMP_SYMBOLS]:
        seconds = seconds << 5 | bech32.CHARSET.index(symbol)
    return seconds
