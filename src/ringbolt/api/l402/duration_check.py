"""Checks, before anything is paid, that the minutes bought are enough for the message."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ringbolt.app.requests.reserve_minutes import NOT_KNOWN, length_of, spoken_s
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput
from ringbolt.core.humanise import counted
from ringbolt.core.pricing.rates import MAX_MINUTES

SOLD_AS_S: Final = 60
"""The length for which a text is sold, unless it takes longer."""
MAY_BE_CUT: Final = "message_may_be_cut"
"""The note on a challenge for less time than the estimate."""
_SURELY: Final = 0.6
"""No voice is faster than this part of the estimate: measured in nine languages, voices took 0.61
to 1 times as long as estimated."""


class Duration(msgspec.Struct, frozen=True):
    """``estimated_minutes``: started minutes for the whole message; None if it is not known."""

    estimated_minutes: int | None
    may_be_cut: bool

    def document(self, minutes: int) -> dict[str, Any]:
        """Its part of the challenge, with the ``minutes`` that are sold."""
        return {
            "minutes": minutes,
            "estimated_minutes": self.estimated_minutes,
            "notes": [MAY_BE_CUT] if self.may_be_cut else [],
        }


def takes_longer(message: str) -> bool:
    """Whether a text is estimated to take longer than ``SOLD_AS_S``; it must be speakable."""
    return spoken_s(message) > SOLD_AS_S


def check_fits(message: str, order: CallOrder) -> None:
    """Raises ``InvalidInput`` if the call would certainly end before the text was spoken once."""
    about_s = spoken_s(message)
    if about_s * _SURELY <= order.max_duration_s:
        return
    minutes = math.ceil(about_s / 60)
    suggestion = f"Send duration_minutes: {minutes}, or shorten the message."
    if minutes > MAX_MINUTES:
        suggestion = "Shorten the message."
    raise InvalidInput(
        f"message takes about {counted(minutes, 'minute')}, and the call would end after "
        f"{counted(order.minutes, 'minute')}.",
        code="CALL_TOO_LONG",
        field="duration_minutes",
        suggestion=f"{suggestion} Nothing was charged.",
    )


def duration_of(order: CallOrder, lengths: Mapping[str, int] = NOT_KNOWN) -> Duration:
    """``lengths``: that of its audio file, in ms by URL, if it is known."""
    length = length_of(order, lengths)
    if length.is_open:
        return Duration(None, may_be_cut=False)
    total_s = length.about_s + length.exact_s + length.keys_s
    return Duration(max(1, math.ceil(total_s / 60)), total_s > order.max_duration_s)
