"""Whether what is bought has time for what is to be heard, checked before anything is paid."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringbolt.app.requests.reserve_minutes import NOT_KNOWN, length_of, spoken_s
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput
from ringbolt.core.humanise import counted
from ringbolt.core.pricing.rates import MAX_MINUTES

SOLD_AS_S: Final = 60
"""What a text is sold as, unless it takes longer."""
MAY_BE_CUT: Final = "message_may_be_cut"
"""The note on a challenge for less time than what is to be heard is reckoned to take."""
_SURELY: Final = 0.6
"""No voice takes less than this part of what is reckoned: 0.61 to 1 of it, measured in nine
languages."""


@dataclass(frozen=True, slots=True)
class Duration:
    """``estimated_minutes``: begun ones, for all that is to be heard; None if it is not known."""

    estimated_minutes: int | None
    may_be_cut: bool

    def document(self, minutes: int) -> dict[str, Any]:
        """Its part of the challenge, beside the ``minutes`` that are sold."""
        return {
            "minutes": minutes,
            "estimated_minutes": self.estimated_minutes,
            "notes": [MAY_BE_CUT] if self.may_be_cut else [],
        }


def takes_longer(message: str) -> bool:
    """Whether a text, which can be spoken, is reckoned to take longer than it is sold as."""
    return spoken_s(message) > SOLD_AS_S


def check_fits(message: str, order: CallOrder) -> None:
    """Raises ``InvalidInput`` for a text that the call surely ends in the midst of, at its first
    time already."""
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
    """``lengths``: those of its audio file, in ms by URL, if they are known."""
    length = length_of(order, lengths)
    if length.is_open:
        return Duration(None, may_be_cut=False)
    total_s = length.about_s + length.exact_s
    return Duration(max(1, math.ceil(total_s / 60)), total_s > order.max_duration_s)
