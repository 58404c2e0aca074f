"""What can be ordered: one plain command for each, the same for every API.

An order keeps its command as JSON in ``request``. Names and defaults of the fields never change;
fields of earlier versions that this one does not know are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from ringbolt.core.calls.call import CallScript, Gather, Pause, Play, Say, Step
from ringbolt.core.order import OrderKind


class CallOrder(msgspec.Struct, frozen=True, omit_defaults=True):
    """Call ``to`` (E.164) and go through ``steps``; or, without any, speak ``message`` or play
    ``audio_url``. ``minutes``: started minutes that are paid for, or held on a balance; 0 until
    they are computed.

    ``ring_timeout_s`` 0 is the shop's own. ``status_url`` gets every status (by
    ``status_method``, POST or GET), ``digits_url`` the pressed keys, at the end; ``metadata`` is
    the buyer's own JSON, returned to them.
    """

    to: str
    minutes: int
    message: str = ""
    audio_url: str = ""
    voice: str = ""
    language: str = ""
    neural: bool = False
    steps: tuple[Step, ...] = ()
    ring_timeout_s: int = 0
    status_url: str = ""
    digits_url: str = ""
    metadata: str = ""
    status_method: str = "POST"

    def script(self, linger_ms: int) -> CallScript:
        """What the call says, and the silence after it in which keys are still heard."""
        if self.steps:
            return self.steps
        said: Say | Play
        if self.audio_url:
            said = Play(self.audio_url)
        else:
            said = Say(self.message, self.voice, self.language, self.neural)
        return (said, Pause(linger_ms)) if linger_ms else (said,)

    @property
    def first_words(self) -> Say | None:
        """The first text that it speaks; None if it plays files alone, or its texts were wiped."""
        for step in self.script(0):
            said = step.prompt if isinstance(step, Gather) else (step,)
            for each in said:
                if isinstance(each, Say) and each.text:
                    return each
        return None

    @property
    def gathers(self) -> tuple[Gather, ...]:
        """Where keys are asked for."""
        return tuple(step for step in self.steps if isinstance(step, Gather))

    @property
    def max_play_ms(self) -> int:
        """The longest part of a file that is played."""
        return self.minutes * 60_000

    @property
    def max_duration_s(self) -> int:
        """When the carrier hangs up, even in mid-sentence: a second before the end of the paid
        minutes, since carriers that bill by started minutes round up."""
        return self.minutes * 60 - 1


class SendText(msgspec.Struct, frozen=True, omit_defaults=True):
    """Send ``message`` to ``to`` (E.164) from ``sender``, a name or number of the operator's."""

    to: str
    message: str = ""  # once it was wiped
    sender: str = ""


class SendMail(msgspec.Struct, frozen=True, omit_defaults=True):
    """Mail ``message`` to ``to``; ``subject`` is '' for the operator's own. ``reply_to``: the
    address that answers go to, '' for none."""

    to: str
    message: str = ""  # once it was wiped
    subject: str = ""
    reply_to: str = ""


class ReceiveTexts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Lease a number and show the texts that come to it.

    ``service``: its code. ``country``: its number in the country list, 999 = any. ``hours``: 0 for
    an activation (one code), else a rental. ``real``: of the operator's own pool. ``again``: the
    number (E.164) that an earlier order of the same buyer had, of ``provider``.
    """

    service: str
    country: int
    hours: int = 0
    real: bool = False
    again: str = ""
    provider: str = ""


AudioFormat = Literal["wav", "mp3", "opus"]
"""``opus``: in an Ogg file."""


class SpeakText(msgspec.Struct, frozen=True, omit_defaults=True):
    """Speak ``message`` into an audio file. ``voice``: a persona's name or ''; ``language``: BCP 47
    or ''; ``neural``: the better voice, where there is one."""

    message: str = ""  # once it was wiped
    voice: str = ""
    language: str = ""
    neural: bool = False
    format: AudioFormat = "wav"


class TopUp(msgspec.Struct, frozen=True, omit_defaults=True):
    """Add ``sats`` to the balance of the key ``key_id``."""

    key_id: str
    sats: int


Command = CallOrder | SendText | SendMail | ReceiveTexts | SpeakText | TopUp

_DECODE: Final[Mapping[OrderKind, Any]] = {
    OrderKind.CALL: msgspec.json.Decoder(CallOrder).decode,
    OrderKind.SMS: msgspec.json.Decoder(SendText).decode,
    OrderKind.EMAIL: msgspec.json.Decoder(SendMail).decode,
    OrderKind.ACTIVATION: msgspec.json.Decoder(ReceiveTexts).decode,
    OrderKind.RENTAL: msgspec.json.Decoder(ReceiveTexts).decode,
    OrderKind.FUND: msgspec.json.Decoder(TopUp).decode,
    OrderKind.SPEECH: msgspec.json.Decoder(SpeakText).decode,
}
_encode = msgspec.json.Encoder().encode


def to_json(command: Command) -> str:
    return _encode(command).decode()


def from_json(kind: OrderKind, text: str) -> Command:
    """The command of an order of that kind. A text that was wiped is empty."""
    command: Command = _DECODE[kind](text)
    return command
