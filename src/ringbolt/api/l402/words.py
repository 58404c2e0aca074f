"""How the family words errors: Sats4AI's names of fields."""

from __future__ import annotations

from typing import Final

from ringbolt.api.kit.words import Words
from ringbolt.app.checkout.sell_number import NO_ONE_SERVICE
from ringbolt.app.requests.plain_call import SHORTEN
from ringbolt.core.errors import Role

_SENTENCES: Final = {"METHOD_NOT_ALLOWED": "This address does not take this method."}

WORDS: Final = Words(
    fields={
        Role.DESTINATION: "phone_number",
        Role.TEXT: "message",
        Role.AUDIO: "audio_url",
        Role.MINUTES: "duration_minutes",
        Role.VOICE: "voice",
        Role.LANGUAGE: "language",
        Role.WEBHOOK: "callback_url",
    },
    sentences=_SENTENCES,
    suggestions={
        SHORTEN: SHORTEN,
        "CALL_TOO_LONG": "Send duration_minutes: {minutes}, or shorten the message. "
        "Nothing was charged.",
        "MESSAGE_TOO_LONG": "Shorten it, or record it and send audio_url with duration_minutes.",
        "METHOD_NOT_ALLOWED": "Use POST to place a call, or GET to read what it takes.",
    },
)
TEXT_WORDS: Final = Words(
    fields={
        Role.DESTINATION: "phone_number",
        Role.TEXT: "message",
        Role.WEBHOOK: "callback_url",
    },
    sentences=_SENTENCES,
    suggestions={
        "METHOD_NOT_ALLOWED": "Use POST to send a text, or GET to read what it takes.",
    },
)
SPEECH_WORDS: Final = Words(
    fields={
        Role.TEXT: "text",
        Role.VOICE: "voice",
        Role.LANGUAGE: "language",
        Role.WEBHOOK: "callback_url",
    },
    sentences=_SENTENCES,
    suggestions={
        "METHOD_NOT_ALLOWED": "Use POST to have a text spoken, or GET to read what it takes.",
    },
)
MAIL_WORDS: Final = Words(
    fields={
        Role.ADDRESS: "to",
        Role.TEXT: "body",
        Role.SUBJECT: "subject",
        Role.WEBHOOK: "callback_url",
    },
    sentences=_SENTENCES,
    suggestions={
        "METHOD_NOT_ALLOWED": "Use POST to send an e-mail, or GET to read what it takes.",
    },
)
NUMBER_WORDS: Final = Words(
    fields={
        Role.SERVICE: "service",
        Role.COUNTRY: "country",
        Role.NUMBER: "realphone",
        Role.FORMER_ORDER: "orderId",
        Role.WEBHOOK: "callback_url",
    },
    sentences=_SENTENCES,
    suggestions={
        NO_ONE_SERVICE: "Send type rent-number, or name the service whose code you want.",
        "METHOD_NOT_ALLOWED": "Use POST to order a number, or GET to read what that takes.",
        "SERVICE_NOT_OFFERED": "Choose another service; /v2/l402/services lists those on offer.",
    },
)
