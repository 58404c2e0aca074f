"""What is answered, as the OpenAPI document shows it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from ringbolt.api.l402 import documents, number_examples
from ringbolt.api.l402.number_documents import NumberPaymentRequired
from ringbolt.core.phone import EXAMPLE

_ORDER: Final = "562c58fc5ff41eebe982e49fffc68210ff45d848d89a263fd5c705db40e7d8b3"
_SID: Final = "CAbf2d6774d8ea5ec9a7727c11d9b5ac88"
_DETAIL: Final = "This request is paid for over Lightning."
_MESSAGE_ID: Final = "SMbf2d6774d8ea5ec9a7727c11d9b5ac88"
_MESSAGE_URL: Final = "https://shop.example/api/l402/messages/f415eeac72fcc958f743c1e2ac3c0318"
_SPEECH_URL: Final = "https://shop.example/api/l402/speech/f415eeac72fcc958f743c1e2ac3c0318"
_INVOICED: Final = {
    "type": "https://paymentauth.org/problems/payment-required",
    "title": "Payment required",
    "status": 402,
    "detail": _DETAIL,
    "error": _DETAIL,
    "error_code": "PAYMENT_REQUIRED",
    "invoice": "lnbc500n1p4su05qsp5lfeuxfgu8wupyd0u4vukn248lks9dvrxefmse8rm...",
    "macaroon": "AgEIcmluZ2JvbHQCQgAAHeYhR6dtKt/Co7nqI6dZZ27J6L+UHQNQM3HGuGt1...",
    "payment_hash": "1de62147a76d2adfc2a3b9ea23a759676ec9e8bf941d03503371c6b86b757591",
    "amount_sats": 50,
    "amount_msat": 50000,
    "expires_at": "2026-12-01T14:42:00.000Z",
    "redeem_until": "2026-12-02T14:32:00.000Z",
}
ANSWERS: Final[MappingProxyType[type, Any]] = MappingProxyType(
    {
        documents.PaymentRequired: {
            **_INVOICED,
            "minutes": 1,
            "estimated_minutes": 1,
            "notes": [],
        },
        documents.PlacedCall: {
            "success": True,
            "sid": _SID,
            "status": "queued",
            "to": EXAMPLE,
            "call_id": _ORDER,
            "status_url": "https://shop.example/api/l402/calls/f415eeac72fcc958f743c1e2ac3c0318",
            "price_sats": 50,
        },
        documents.TextPaymentRequired: {**_INVOICED, "segments": 1},
        documents.MailPaymentRequired: _INVOICED,
        documents.SpeechPaymentRequired: {**_INVOICED, "characters": 20, "notes": []},
        documents.AcceptedSpeech: {
            "success": True,
            "status": "queued",
            "order_id": _ORDER,
            "format": "mp3",
            "characters": 20,
            "status_url": _SPEECH_URL,
            "audio_url": f"{_SPEECH_URL}/audio.mp3",
            "price_sats": 50,
        },
        documents.SpeechStatus: {
            "order_id": _ORDER,
            "status": "ready",
            "order_state": "settled",
            "reason": "spoken",
            "format": "mp3",
            "media_type": "audio/mpeg",
            "audio_url": f"{_SPEECH_URL}/audio.mp3",
            "available_until": "2026-12-08T14:32:42.155Z",
            "duration_seconds": 1.6,
            "price_sats": 50,
            "charged_sats": 50,
            "refund": None,
            "retry": None,
            "timeline": [
                {"at": "2026-12-01T14:32:41.190Z", "state": "paid", "why": "paid with L402"},
                {"at": "2026-12-01T14:32:42.155Z", "state": "settled", "why": "spoken"},
            ],
        },
        NumberPaymentRequired: {
            **_INVOICED,
            "orderId": number_examples.ORDER_ID,
            "status_url": number_examples.STATUS_URL,
        },
        documents.PlacedNumber: number_examples.PLACED,
        documents.SentMessage: {
            "success": True,
            "sid": _MESSAGE_ID,
            "status": "queued",
            "to": EXAMPLE,
            "order_id": _ORDER,
            "status_url": _MESSAGE_URL,
            "price_sats": 50,
            "segments": 1,
        },
        documents.MessageStatus: {
            "order_id": _ORDER,
            "sid": _MESSAGE_ID,
            "to": EXAMPLE,
            "status": "delivered",
            "order_state": "settled",
            "reason": "the text was sent",
            "segments": 1,
            "price_sats": 50,
            "charged_sats": 50,
            "sent_at": "2026-12-01T14:32:42.155Z",
            "delivered_at": "2026-12-01T14:32:47.406Z",
            "failed_at": None,
            "cause": "",
            "refund": None,
            "retry": None,
            "timeline": [
                {"at": "2026-12-01T14:32:41.190Z", "state": "paid", "why": "paid with L402"},
                {"at": "2026-12-01T14:32:42.155Z", "state": "settled", "why": "the text was sent"},
            ],
        },
        documents.CallStatus: {
            "call_id": _ORDER,
            "sid": _SID,
            "to": EXAMPLE,
            "status": "completed",
            "order_state": "settled",
            "reason": "answered",
            "minutes": 1,
            "price_sats": 50,
            "charged_sats": 50,
            "queued_at": "2026-12-01T14:32:41.190Z",
            "ringing_at": "2026-12-01T14:32:42.155Z",
            "answered_at": "2026-12-01T14:32:47.406Z",
            "ended_at": "2026-12-01T14:33:01.408Z",
            "duration_seconds": 14.0,
            "heard_seconds": 11.2,
            "digits": "1",
            "cause": "the caller hung up",
            "notes": [],
            "refund": None,
            "retry": None,
            "timeline": [
                {"at": "2026-12-01T14:32:41.190Z", "state": "paid", "why": "paid with L402"},
                {"at": "2026-12-01T14:32:47.408Z", "state": "settled", "why": "answered"},
            ],
        },
    }
)
"""By struct. Every one is checked against its struct by a test."""
