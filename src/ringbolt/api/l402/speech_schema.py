"""What ``POST /api/l402/text-to-speech`` takes."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from ringbolt.api.kit.schema import about
from ringbolt.api.l402.message_schema import CallbackUrl, RefundAddress
from ringbolt.core.commands import AudioFormat
from ringbolt.speech.understand import MAX_TEXT

SPEECH_EXAMPLE: Final[dict[str, Any]] = {"text": "Your table is ready.", "format": "mp3"}
GERMAN_EXAMPLE: Final[dict[str, Any]] = {
    "text": "Ihr Tisch ist frei.",
    "language": "de",
    "voice": "Vicki",
    "format": "opus",
}


class SpeakRequest(msgspec.Struct, kw_only=True):
    """A text, how it is spoken, and where its statuses are sent."""

    text: Annotated[
        str,
        about(
            f"At most {MAX_TEXT} characters, or SSML. Every started 500 characters are charged.",
            why="It is the text to speak.",
        ),
    ]
    voice: Annotated[str, about("A name of GET /voice/v1/voices.", "Joanna")] = ""
    language: Annotated[str, about("BCP 47; without it, it is recognised.", "en")] = ""
    neural: Annotated[bool, about("The better voice, where there is one.")] = False
    format: Annotated[AudioFormat, about("mono, 24 kHz; opus is in an Ogg file.")] = "mp3"
    refund_address: RefundAddress = ""
    callback_url: CallbackUrl = ""


class SpeechQuote(msgspec.Struct):
    """The text whose exact price is wanted."""

    text: Annotated[str, about("The text; up to 500 characters if not given.", "Hello")] = ""
