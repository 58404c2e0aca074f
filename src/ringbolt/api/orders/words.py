"""How the family words errors: sms4sats' names of fields, and its addresses."""

from __future__ import annotations

from typing import Final

from ringbolt.api.kit.words import Words
from ringbolt.app.checkout.sell_number import NO_ONE_SERVICE
from ringbolt.app.numbers.accept_without_code import WAIT
from ringbolt.app.numbers.cancel_order import LOOK, RENTED
from ringbolt.app.numbers.request_text import AGAIN
from ringbolt.app.webhooks.resend_webhook import KEPT
from ringbolt.core.errors import Role
from ringbolt.store.ledger import ADD_FUNDS

WORDS: Final = Words(
    fields={
        Role.DESTINATION: "phone",
        Role.TEXT: "message",
        Role.AUDIO: "audioUrl",
        Role.MINUTES: "durationMinutes",
        Role.VOICE: "voice",
        Role.LANGUAGE: "language",
        Role.ADDRESS: "address",
        Role.SUBJECT: "subject",
        Role.SERVICE: "service",
        Role.COUNTRY: "country",
        Role.NUMBER: "realphone",
        Role.FORMER_ORDER: "reactivate",
        Role.AMOUNT: "amount",
        Role.API_KEY: "X-API-Key",
        Role.WEBHOOK: "webhookUrl",
        Role.CURSOR: "cursor",
    },
    labels={Role.WEBHOOK: "The webhook URL"},
    sentences={
        "NUMBER_GONE": "reactivate: {number} is not available any more.",
        "NUMBER_TAKEN": "reactivate: {number} is not free, because {whose}.",
    },
    suggestions={
        ADD_FUNDS: "Add at least what is missing (POST /fund), and try again.",
        AGAIN: "Order the same number once more: createorder with reactivate.",
        KEPT: "Look at the order (/orderstatus) for what is kept of it.",
        LOOK: "Look at the order (/orderstatus): its state says what can be done.",
        NO_ONE_SERVICE: "Set isRental, or name the service whose code you want.",
        RENTED: "The number is yours, with every text to it, until expiresAt.",
        WAIT: "Wait for one: /orderstatus with wait=50.",
        "HOLD_NOT_SUPPORTED": "Pay from a prepaid balance (X-API-Key, immediate).",
        "INSUFFICIENT_FUNDS": 'Add them with POST /fund {{"amount": {missing}}} and the same '
        "X-API-Key, pay its invoice, and order again; or leave immediate out and pay this order by "
        "invoice.",
        "NUMBER_GONE": "Leave reactivate out to get another number. Nothing was charged.",
        "NUMBER_TAKEN": "Try again in {wait}, or leave reactivate out to get another number. "
        "Nothing was charged.",
        "SERVICE_NOT_OFFERED": "Choose another service; /getServices lists those on offer.",
        "SUBJECT_NOT_ALLOWED": "Leave subject out.",
    },
)
