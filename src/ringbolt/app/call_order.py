"""The plain command behind every call that is bought, whichever API it came by."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from ringbolt.core.call import CallScript, Pause, Play, Say

_SPEECH_GRACE_MS = 30_000
"""A text is sold as one minute; a slow voice may need a little more to finish its sentence."""


class CallOrder(msgspec.Struct, frozen=True, omit_defaults=True):
    """Call ``to`` (E.164) and speak ``message``, or play ``audio_url``, for ``minutes`` started
    minutes."""

    to: str
    minutes: int
    message: str = ""
    audio_url: str = ""
    duration_ms: int = 60_000
    voice: str = ""
    language: str = ""

    def script(self, linger_ms: int) -> CallScript:
        """What the call says, and the silence after it in which keys are still heard."""
        said: Say | Play
        if self.audio_url:
            said = Play(self.audio_url, max_ms=self.duration_ms)
        else:
            said = Say(self.message, voice=self.voice, language=self.language)
        return (said, Pause(linger_ms)) if linger_ms else (said,)

    def max_duration_s(self, linger_ms: int) -> int:
        """When the carrier hangs up whatever is still being said."""
        grace_ms = linger_ms if self.audio_url else linger_ms + _SPEECH_GRACE_MS
        return -(-(self.minutes * 60_000 + grace_ms) // 1000)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(CallOrder).decode


@dataclass(frozen=True, slots=True)
class NewIds:
    """Fresh random names for an order: its id, the call's sid, the token of its status page."""

    order_id: str
    sid: str
    status_token: str


def new_ids(random: bytes) -> NewIds:
    """From 64 random bytes."""
    if len(random) != 64:
        raise ValueError("new ids need 64 random bytes")
    return NewIds(random[:32].hex(), "CA" + random[32:48].hex(), random[48:].hex())


def to_json(order: CallOrder) -> str:
    return _encode(order).decode()


def from_json(text: str) -> CallOrder:
    return _decode(text)
