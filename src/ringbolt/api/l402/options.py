"""The fields beyond Sats4AI's: who speaks, how often, which keys are asked for, who is told.

What is wrong is refused before anything is charged, names of voices and languages too: nobody
shall pay for a wish that was not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from ringbolt.api.l402 import fields
from ringbolt.core.calls.call import Gather, Play, Say
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput
from ringbolt.speech.language import parse_tag
from ringbolt.speech.voices import find_persona

NAMES: Final = ("voice", "language", "neural", "repeat", "gather", "callback_url")
MAX_REPEAT: Final = 10
MAX_DIGITS: Final = 32
MAX_TIMEOUT_S: Final = 60
MAX_URL_CHARS: Final = 2048
USUAL_TIMEOUT_S: Final = 5
USUAL_FINISH_KEY: Final = "#"
_GATHER: Final = ("max_digits", "finish_key", "timeout_s")
_KEY: Final = re.compile(r"[0-9*#]?", re.ASCII)


@dataclass(frozen=True, slots=True)
class CallOptions:
    """``gather``: the keys that are asked for, without what is said before; None: none."""

    voice: str
    language: str
    neural: bool
    repeat: int
    gather: Gather | None
    callback_url: str

    @property
    def may_be_longer(self) -> bool:
        """Whether a text may take more than the minute that it is sold as."""
        return self.repeat > 1 or self.gather is not None

    def applied(self, order: CallOrder) -> CallOrder:
        """What ``order`` says, as it was wished for. Its minutes stay as they are."""
        order = replace(order, status_url=self.callback_url)
        if self.may_be_longer:
            return replace(order, message="", audio_url="", steps=(self._step(order),))
        if order.message:
            return replace(order, voice=self.voice, language=self.language, neural=self.neural)
        return order

    def _step(self, order: CallOrder) -> Say | Play | Gather:
        said: Say | Play
        if order.audio_url:
            said = Play(order.audio_url, self.repeat)
        else:
            said = Say(order.message, self.voice, self.language, self.neural, self.repeat)
        return said if self.gather is None else replace(self.gather, prompt=(said,))


def read_options(document: dict[str, Any]) -> CallOptions:
    """Raises ``InvalidInput``."""
    return CallOptions(
        voice=_voice(document),
        language=_language(document),
        neural=fields.truth(document, "neural"),
        repeat=fields.whole_number(document, "repeat", 1, MAX_REPEAT, 1),
        gather=_gather(document),
        callback_url=_callback_url(document),
    )


def _voice(document: dict[str, Any]) -> str:
    name = (fields.text(document, "voice") or "").strip()
    if name and find_persona(name) is None:
        raise InvalidInput(
            f"There is no voice {name[:32]!r}.",
            code="UNKNOWN_VOICE",
            field="voice",
            suggestion="Leave it out, or name one such as Joanna, Matthew, Zeina or Vicki.",
        )
    return name


def _language(document: dict[str, Any]) -> str:
    tag = (fields.text(document, "language") or "").strip()
    if tag and parse_tag(tag[:64]) is None:
        raise InvalidInput(
            f"The language {tag[:32]!r} is not spoken here.",
            code="UNKNOWN_LANGUAGE",
            field="language",
            suggestion="Leave it out to have it recognised, or write a tag such as en or es-MX.",
        )
    return tag


def _gather(document: dict[str, Any]) -> Gather | None:
    value = document.get("gather")
    if value is None or value is False:
        return None
    if value is True:
        value = {}
    if not isinstance(value, dict):
        raise fields.wrong_type(
            "gather",
            value,
            "true or an object",
            'Write true, or for example {"max_digits": 1, "timeout_s": 10}.',
        )
    for name in value:
        if name not in _GATHER:
            raise InvalidInput(
                f"gather has no field {name[:64]!r}.",
                code="UNKNOWN_FIELD",
                field=f"gather.{name[:64]}",
                suggestion=f"Its fields are {', '.join(_GATHER)}.",
            )
    timeout_s = _of_gather(value, "timeout_s", MAX_TIMEOUT_S, USUAL_TIMEOUT_S)
    return Gather(
        max_digits=_of_gather(value, "max_digits", MAX_DIGITS, MAX_DIGITS),
        finish_key=_finish_key(value),
        timeout_ms=timeout_s * 1000,
    )


def _of_gather(gather: dict[str, Any], name: str, most: int, usual: int) -> int:
    return fields.whole_number(gather, name, 1, most, usual, label=f"gather.{name}")


def _finish_key(gather: dict[str, Any]) -> str:
    value = gather.get("finish_key")
    if value is None:
        return USUAL_FINISH_KEY
    if isinstance(value, str) and _KEY.fullmatch(value):
        return value
    raise InvalidInput(
        "gather.finish_key must be one of 0 to 9, * and #, in quotes.",
        code="INVALID_FINISH_KEY",
        field="gather.finish_key",
        suggestion='Send one key such as "#", or "" for none.',
    )


def _callback_url(document: dict[str, Any]) -> str:
    url = (fields.text(document, "callback_url") or "").strip()
    if len(url) > MAX_URL_CHARS:
        raise InvalidInput(
            f"callback_url has {len(url)} characters; at most {MAX_URL_CHARS} are taken.",
            code="WEBHOOK_URL_REFUSED",
            field="callback_url",
            suggestion="Give a shorter https URL on the public Internet.",
        )
    return url
