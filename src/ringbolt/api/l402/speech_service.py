"""``POST /api/l402/text-to-speech``: a text that is spoken into an audio file."""

from __future__ import annotations

from typing import Any, Final

from ringbolt.api.kit.request import Request
from ringbolt.api.l402.documents import (
    AcceptedSpeech,
    FailedWords,
    SpeechPaymentRequired,
    audio_url,
)
from ringbolt.api.l402.paid_request import (
    PaidRequest,
    Wish,
    read_callback_url,
    read_refund_address,
)
from ringbolt.api.l402.service import ACCESS, Documented, PaidService
from ringbolt.api.l402.speech_schema import (
    GERMAN_EXAMPLE,
    SPEECH_EXAMPLE,
    SpeakRequest,
    SpeechQuote,
)
from ringbolt.api.l402.wording import Wording
from ringbolt.api.l402.words import SPEECH_WORDS
from ringbolt.app.checkout.check_speech import check_speech
from ringbolt.app.checkout.order_rows import OrderRow
from ringbolt.app.checkout.prices import speech_price
from ringbolt.app.speech.speech_report import SpeechReport, report_by_id
from ringbolt.app.webhooks.send_webhook import check_webhook_url
from ringbolt.core.commands import SpeakText
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.pricing.prices import SPEECH_BLOCK_CHARS
from ringbolt.speech.engine import SpeechRequest
from ringbolt.speech.languages import LANGUAGES
from ringbolt.speech.precheck import is_partly_unspoken
from ringbolt.speech.understand import MAX_TEXT
from ringbolt.speech.voices import PARTLY_UNSPOKEN, PERSONAS
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order
from ringbolt.voice.audio.encoder import MEDIA_TYPES

_NO_TEXT: Final = "Send a JSON object with text."


class SpokenTexts(PaidService[SpeakRequest, SpeechQuote]):
    """Audio files of texts, paid for one by one."""

    name = "text_to_speech"
    path = "/api/l402/text-to-speech"
    former_path = "/api/l402/tts"
    label = "Spoken text"
    sells = ("speech",)
    wording = Wording(words=SPEECH_WORDS, no_body=_NO_TEXT, example=SPEECH_EXAMPLE)
    documented = Documented(
        does="Speak a text into an audio file.",
        describes="What a spoken text takes and costs, and its voices and languages.",
        how="Without a credential the answer is 402 with an invoice. Pay it, and send the same "
        "body again with the credential: the text is spoken, and the file is at `audio_url` as "
        "soon as `status_url` says `ready`. A text that could not be spoken is refunded there.",
        unit=f"{SPEECH_BLOCK_CHARS} characters",
        quote="text=Hello",
        examples={"mp3": SPEECH_EXAMPLE, "a German voice": GERMAN_EXAMPLE},
    )
    failed = FailedWords("SPEECH_FAILED", "The text could not be spoken", "Nothing was spoken")
    takes = SpeakRequest
    quotes = SpeechQuote
    answers = AcceptedSpeech
    asks = SpeechPaymentRequired

    @property
    def deadline_ms(self) -> int:
        return self._shop.settings.calls.dispatch_deadline_s * 1000

    def read(self, request: Request[SpeakRequest]) -> Wish:
        fields, params = request.fields, request.params
        if not params.text.strip():
            raise fields.missing("text", "It is the text to speak.")
        command = SpeakText(
            params.text,
            params.voice.strip(),
            params.language.strip(),
            params.neural,
            params.format,
        )
        return Wish(
            command,
            read_refund_address(fields, params.refund_address),
            webhook_url=read_callback_url(fields, params.callback_url),
        )

    def check(self, request: PaidRequest) -> int:
        if request.webhook_url:
            check_webhook_url(self._shop, request.webhook_url)
        return check_speech(self._shop, _speech(request.order))

    async def look(self, request: PaidRequest) -> dict[str, Any]:
        command = _speech(request.order)
        said = SpeechRequest(command.message, command.voice, command.language)
        lacks = is_partly_unspoken(said, self._shop.settings.speech.default_voice)
        return {
            "characters": len(command.message),
            "notes": [PARTLY_UNSPOKEN] if lacks else [],
        }

    def accepted(self, order: Order, row: OrderRow, common: dict[str, Any]) -> AcceptedSpeech:
        command = _speech(order.command)
        base = common["status_url"].partition("/api/l402/")[0]
        return AcceptedSpeech(
            order_id=order.id,
            format=command.format,
            characters=len(command.message),
            audio_url=audio_url(base, order),
            **common,
        )

    def report(self, tx: Tx, order_id: str) -> SpeechReport | None:
        return report_by_id(tx, order_id)

    def describe(self, base: str, quote: SpeechQuote) -> dict[str, Any]:
        settings = self._shop.settings
        document: dict[str, Any] = {
            "name": "Text to speech",
            "description": "Speaks a text into an audio file. A text that could not be spoken is "
            "refunded.",
            "access": {**ACCESS, "endpoint": f"{base}{self.path}", "method": "POST"},
            "content_type": "api",
            "pricing": {
                "currency": "sat",
                "unit": self.documented.unit,
                "amount": sats_up(speech_price(self._shop)),
                "quote": f"{base}{self.path}?{self.documented.quote}",
            },
            "limits": {
                "text_max_characters": MAX_TEXT,
                "audio_kept_days": settings.voice.recording_days,
                "invoice_expires_after_seconds": settings.l402.invoice_expiry_s,
                "credential_valid_seconds": settings.l402.redeem_s,
            },
            "formats": dict(MEDIA_TYPES),
            "voices": [persona.id for persona in PERSONAS],
            "languages": sorted(LANGUAGES),
            "examples": list(self.documented.examples.values()),
        }
        if quote.text.strip():
            price = check_speech(self._shop, SpeakText(quote.text))
            document["quote"] = {"characters": len(quote.text), "amount_sats": sats_up(price)}
        return document


def _speech(command: object) -> SpeakText:
    assert isinstance(command, SpeakText), "text-to-speech is of texts to be spoken"
    return command
