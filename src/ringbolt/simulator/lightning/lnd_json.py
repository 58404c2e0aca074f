"""LND's REST JSON: what it takes and how it answers (grpc-gateway over protobuf, lnd v0.21).

64-bit integers are strings, 32-bit ones numbers, bytes are standard base64, and unset fields
are there too. A payment's hash and preimage are hexadecimal, an invoice's are base64.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from ringbolt.core.json_errors import UNREADABLE
from ringbolt.core.lightning.bolt11 import Bolt11
from ringbolt.simulator.lightning.invoice import (
    INVALID_ARGUMENT,
    UNKNOWN,
    Htlc,
    InvoiceRequest,
    RpcError,
    SimulatedInvoice,
)
from ringbolt.simulator.lightning.node import PaymentStatus, SimulatedPayment

_FEATURES = {
    8: ("tlv-onion", True),
    9: ("tlv-onion", False),
    14: ("payment-addr", True),
    15: ("payment-addr", False),
    16: ("multi-path-payments", True),
    17: ("multi-path-payments", False),
}


class AddInvoice(msgspec.Struct, frozen=True):
    """The fields of ``lnrpc.Invoice`` and ``invoicesrpc.AddHoldInvoiceRequest`` that count here."""

    memo: str = ""
    r_preimage: str = ""
    hash: str = ""
    value: int = 0
    value_msat: int = 0
    description_hash: str = ""
    expiry: int = 0
    cltv_expiry: int = 0

    def request(self, *, is_hold: bool) -> InvoiceRequest:
        return InvoiceRequest(
            amount_msat=amount_msat(self.value, self.value_msat),
            memo=self.memo,
            description_hash=from_base64(self.description_hash),
            expiry_s=self.expiry,
            cltv_blocks=self.cltv_expiry,
            preimage=b"" if is_hold else from_base64(self.r_preimage),
            payment_hash=from_base64(self.hash) if is_hold else b"",
        )


class SettleInvoice(msgspec.Struct, frozen=True):
    preimage: str = ""


class CancelInvoice(msgspec.Struct, frozen=True):
    payment_hash: str = ""


class SendPayment(msgspec.Struct, frozen=True):
    """The fields of ``routerrpc.SendPaymentRequest`` that count here."""

    payment_request: str = ""
    amt: int = 0
    amt_msat: int = 0
    no_inflight_updates: bool = False


def decoder(kind: type[Any]) -> msgspec.json.Decoder[Any]:
    """Integers may come as numbers or as strings."""
    return msgspec.json.Decoder(kind, strict=False)


def parsed(body: bytes, decode: msgspec.json.Decoder[Any]) -> Any:
    try:
        return decode.decode(body)
    except UNREADABLE as error:
        raise RpcError(INVALID_ARGUMENT, f"proto: {error}") from None


def amount_msat(sat: int, msat: int) -> int:
    if sat and msat:
        raise RpcError(UNKNOWN, "sat and msat arguments are mutually exclusive")
    return msat or sat * 1000


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """Both alphabets, with or without padding, as protobuf's JSON has it."""
    padded = text + "=" * (-len(text) % 4)
    try:
        return base64.b64decode(padded.translate({45: 43, 95: 47}), validate=True)
    except (binascii.Error, ValueError):
        raise RpcError(INVALID_ARGUMENT, f"illegal base64 data in {text[:80]!r}") from None


def error(refusal: RpcError) -> dict[str, Any]:
    return {"code": refusal.code, "message": refusal.message, "details": []}


def added(invoice: SimulatedInvoice, *, is_hold: bool) -> dict[str, Any]:
    answer = {
        "payment_request": invoice.bolt11,
        "add_index": str(invoice.add_index),
        "payment_addr": to_base64(invoice.payment_secret),
    }
    return answer if is_hold else {"r_hash": to_base64(invoice.payment_hash)} | answer


def invoice(record: SimulatedInvoice) -> dict[str, Any]:
    """``lnrpc.Invoice``."""
    paid_msat = record.amount_paid_msat
    return {
        "memo": record.memo,
        "r_preimage": to_base64(record.preimage),
        "r_hash": to_base64(record.payment_hash),
        "value": str(record.amount_msat // 1000),
        "value_msat": str(record.amount_msat),
        "settled": record.state.value == "SETTLED",
        "creation_date": str(record.created_at_s),
        "settle_date": str(record.settled_at_s),
        "payment_request": record.bolt11,
        "description_hash": to_base64(record.description_hash),
        "expiry": str(record.expiry_s),
        "fallback_addr": "",
        "cltv_expiry": str(record.cltv_blocks),
        "route_hints": [],
        "private": False,
        "add_index": str(record.add_index),
        "settle_index": str(record.settle_index),
        "amt_paid": str(paid_msat),
        "amt_paid_sat": str(paid_msat // 1000),
        "amt_paid_msat": str(paid_msat),
        "state": record.state.value,
        "htlcs": [] if record.htlc is None else [_htlc(record.htlc)],
        "features": _features({8, 14}),
        "is_keysend": False,
        "payment_addr": to_base64(record.payment_secret),
        "is_amp": False,
        "amp_invoice_state": {},
        "is_blinded": False,
        "blinded_path_config": None,
    }


def _htlc(htlc: Htlc) -> dict[str, Any]:
    return {
        "chan_id": "549755813888001",
        "htlc_index": str(htlc.index),
        "amt_msat": str(htlc.amount_msat),
        "accept_height": htlc.accept_height,
        "accept_time": str(htlc.accepted_at_s),
        "resolve_time": str(htlc.resolved_at_s),
        "expiry_height": htlc.expiry_height,
        "state": htlc.state.value,
        "custom_records": {},
        "mpp_total_amt_msat": str(htlc.amount_msat),
        "amp": None,
        "custom_channel_data": "",
    }


def _features(bits: set[int] | frozenset[int]) -> dict[str, Any]:
    unknown = ("unknown", False)
    return {
        str(bit): {
            "name": _FEATURES.get(bit, unknown)[0],
            "is_required": bit % 2 == 0,
            "is_known": bit in _FEATURES,
        }
        for bit in sorted(bits)
    }


def payment(record: SimulatedPayment) -> dict[str, Any]:
    """``lnrpc.Payment``; the preimage is all zeros until the payment succeeded."""
    sats = str(record.amount_msat // 1000)
    return {
        "payment_hash": record.payment_hash.hex(),
        "value": sats,
        "creation_date": str(record.created_at_ms // 1000),
        "fee": "0",
        "payment_preimage": record.preimage.hex(),
        "value_sat": sats,
        "value_msat": str(record.amount_msat),
        "payment_request": record.bolt11,
        "status": record.status.value,
        "fee_sat": "0",
        "fee_msat": "0",
        "creation_time_ns": str(record.created_at_ms * 1_000_000),
        "htlcs": [_attempt(record)] if _left(record) else [],
        "payment_index": str(record.payment_index),
        "failure_reason": record.failure_reason.value,
        "first_hop_custom_records": {},
    }


def _left(record: SimulatedPayment) -> bool:
    return record.status is not PaymentStatus.FAILED


def _attempt(record: SimulatedPayment) -> dict[str, Any]:
    return {
        "attempt_id": str(record.payment_index),
        "status": record.status.value,
        "route": {
            "total_time_lock": 0,
            "total_fees": "0",
            "total_amt": str(record.amount_msat // 1000),
            "hops": [],
            "total_fees_msat": "0",
            "total_amt_msat": str(record.amount_msat),
            "first_hop_amount_msat": str(record.amount_msat),
            "custom_channel_data": "",
        },
        "attempt_time_ns": str(record.created_at_ms * 1_000_000),
        "resolve_time_ns": "0",
        "failure": None,
        "preimage": "" if record.status is PaymentStatus.IN_FLIGHT else to_base64(record.preimage),
    }


def payreq(terms: Bolt11) -> dict[str, Any]:
    """``lnrpc.PayReq``."""
    msat = terms.amount_msat or 0
    return {
        "destination": terms.payee.hex(),
        "payment_hash": terms.payment_hash.hex(),
        "num_satoshis": str(msat // 1000),
        "timestamp": str(terms.timestamp_s),
        "expiry": str(terms.expiry_s),
        "description": terms.description or "",
        "description_hash": (terms.description_hash or b"").hex(),
        "fallback_addr": "",
        "cltv_expiry": str(terms.min_final_cltv),
        "route_hints": [],
        "payment_addr": to_base64(terms.payment_secret),
        "num_msat": str(msat),
        "features": _features(terms.features),
        "blinded_paths": [],
    }
