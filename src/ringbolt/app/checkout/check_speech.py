"""Check a text that is to be spoken into a file, and price it, without reading the store."""

from __future__ import annotations

from ringbolt.app.checkout.check_content import check_content
from ringbolt.app.checkout.prices import speech_price
from ringbolt.app.requests.plain_call import check_language, check_voice
from ringbolt.app.shop import Shop
from ringbolt.core.calls.ssml import is_ssml, parse_ssml
from ringbolt.core.commands import SpeakText
from ringbolt.core.errors import InvalidInput, Role
from ringbolt.speech.language import SPOKEN_HERE, refusal
from ringbolt.speech.understand import MAX_TEXT


def check_speech(shop: Shop, command: SpeakText) -> int:
    """The price of a spoken text, msat. Raises ``InvalidInput``."""
    text = command.message
    if len(text) > MAX_TEXT:
        raise InvalidInput.about(
            Role.TEXT,
            f"has {len(text)} characters; at most {MAX_TEXT} are spoken.",
            code="MESSAGE_TOO_LONG",
            suggestion="Shorten it, or send it as several orders.",
        )
    unspeakable = refusal(parse_ssml(text).text if is_ssml(text) else text)
    if unspeakable:
        raise InvalidInput.about(
            Role.TEXT,
            f"cannot be spoken. {unspeakable}",
            code="MESSAGE_NOT_SPEAKABLE",
            suggestion=SPOKEN_HERE,
        )
    check_voice(command.voice)
    check_language(command.language)
    check_content(shop.policies.limits.abuse, command)
    return speech_price(shop, len(text))
