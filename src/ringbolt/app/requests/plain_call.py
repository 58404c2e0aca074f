"""A call that says one text or plays one file, perhaps several times, and may ask for keys: what
the paid URL, the orders API and the web pages sell.

Everything is checked before anything is charged, names of voices and languages too: nobody must
pay for an option that was not read.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from ringbolt.app.requests.reserve_minutes import spoken_s
from ringbolt.core.calls.call import Gather, Play, Say, Step
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput, Role
from ringbolt.core.humanise import counted
from ringbolt.core.pricing.rates import MAX_MINUTES, started_minutes
from ringbolt.speech.language import SPOKEN_HERE, parse_tag, refusal
from ringbolt.speech.voices import find_persona

MAX_MESSAGE_CHARS: Final = 500
MAX_URL_CHARS: Final = 2048
MAX_REPEAT: Final = 10
MAX_DIGITS: Final = 32
MAX_TIMEOUT_S: Final = 60
SHORTEN: Final = "Shorten the message. Nothing was charged."
_SOLD_AS_S: Final = 60
"""The length for which a text is sold, unless it takes longer."""
_SURELY: Final = 0.6
"""No voice is faster than this part of the estimate: measured in nine languages, voices took 0.61
to 1 times as long as estimated."""


class Keys(msgspec.Struct, frozen=True):
    """How many keys are collected, which key ends them ('': none), and for how long each is waited
    for."""

    max_digits: int
    finish_key: str
    timeout_s: int


class PlainCall(msgspec.Struct, frozen=True, kw_only=True):
    """What the buyer asks for. ``to``: E.164. An ``audio_url`` wins over ``message``. ``minutes``:
    how long the call may be, None if the buyer does not say. ``keys``: None to ask for none."""

    to: str
    message: str = ""
    audio_url: str = ""
    minutes: float | None = None
    voice: str = ""
    language: str = ""
    neural: bool = False
    repeat: int = 1
    keys: Keys | None = None
    status_url: str = ""

    @property
    def _has_steps(self) -> bool:
        """Whether the call repeats what is heard, or asks for keys."""
        return self.repeat > 1 or self.keys is not None

    def command(self) -> CallOrder:
        """The call, with everything checked except the number. Raises ``InvalidInput``."""
        _check_duration(self.minutes)
        check_voice(self.voice)
        check_language(self.language)
        return self._played() if self.audio_url else self._spoken()

    def _spoken(self) -> CallOrder:
        _check_speakable(self.message)
        minutes = 1
        if self.minutes is not None and (self._has_steps or takes_longer(self.message)):
            minutes = started_minutes(self.minutes)
        said = Say(self.message, self.voice, self.language, self.neural, self.repeat)
        if self._has_steps:
            order = CallOrder(
                self.to, minutes, steps=(self._step(said),), status_url=self.status_url
            )
        else:
            order = CallOrder(
                self.to,
                minutes,
                said.text,
                voice=said.voice,
                language=said.language,
                neural=said.neural,
                status_url=self.status_url,
            )
        _check_fits(self.message, order)
        return order

    def _played(self) -> CallOrder:
        url = self.audio_url
        if len(url) > MAX_URL_CHARS or not url.lower().startswith(("https://", "http://")):
            raise InvalidInput.about(
                Role.AUDIO,
                f"must be an http(s) URL of at most {MAX_URL_CHARS} characters.",
                code="INVALID_AUDIO_URL",
                suggestion="Give the public address of an MP3 or WAV file.",
            )
        assert self.minutes is not None, "callers ask for the length of a file"
        return CallOrder(
            self.to,
            started_minutes(self.minutes),
            audio_url="" if self._has_steps else url,
            steps=(self._step(Play(url, self.repeat)),) if self._has_steps else (),
            status_url=self.status_url,
        )

    def _step(self, heard: Say | Play) -> Step:
        keys = self.keys
        if keys is None:
            return heard
        return Gather((heard,), keys.max_digits, keys.finish_key, keys.timeout_s * 1000)


def takes_longer(message: str) -> bool:
    """Whether a text is estimated to take longer than the minute that it is sold as; it must be
    speakable."""
    return spoken_s(message) > _SOLD_AS_S


def _check_fits(message: str, order: CallOrder) -> None:
    """Raises ``InvalidInput`` if the call would certainly end before the text was spoken once."""
    about_s = spoken_s(message)
    if about_s * _SURELY <= order.max_duration_s:
        return
    minutes = math.ceil(about_s / 60)
    more = f"Have the call last {counted(minutes, 'minute')}, or shorten the message."
    raise InvalidInput(
        f"message takes about {counted(minutes, 'minute')}, and the call would end after "
        f"{counted(order.minutes, 'minute')}.",
        code="CALL_TOO_LONG",
        role=Role.MINUTES,
        suggestion=SHORTEN if minutes > MAX_MINUTES else f"{more} Nothing was charged.",
        minutes=minutes,
    )


def _check_speakable(message: str) -> None:
    if len(message) > MAX_MESSAGE_CHARS:
        raise InvalidInput.about(
            Role.TEXT,
            f"has {len(message)} characters; at most {MAX_MESSAGE_CHARS} are spoken.",
            code="MESSAGE_TOO_LONG",
            suggestion="Shorten it, or record it and have the file played.",
        )
    unspeakable = refusal(message)
    if unspeakable:
        raise InvalidInput.about(
            Role.TEXT,
            f"cannot be spoken. {unspeakable}",
            code="MESSAGE_NOT_SPEAKABLE",
            suggestion=SPOKEN_HERE,
        )


def _check_duration(minutes: float | None) -> None:
    if minutes is None or 1 <= minutes <= MAX_MINUTES:
        return
    raise InvalidInput.about(
        Role.MINUTES,
        f"must be between 1 and {MAX_MINUTES}, not {str(minutes)[:32]}.",
        code="INVALID_DURATION",
        suggestion="Choose 1 to 30 minutes; started minutes are charged.",
    )


def check_voice(name: str) -> None:
    """Raises ``InvalidInput`` for a voice that there is not."""
    if name and find_persona(name) is None:
        raise InvalidInput(
            f"There is no voice {name[:32]!r}.",
            code="UNKNOWN_VOICE",
            role=Role.VOICE,
            suggestion="Leave it out, or name one such as Joanna, Matthew, Zeina or Vicki.",
        )


def check_language(tag: str) -> None:
    """Raises ``InvalidInput`` for a language that is not spoken."""
    if tag and parse_tag(tag[:64]) is None:
        raise InvalidInput(
            f"The language {tag[:32]!r} is not spoken here.",
            code="UNKNOWN_LANGUAGE",
            role=Role.LANGUAGE,
            suggestion="Leave it out to have it recognised, or write a tag such as en or es-MX.",
        )
