"""Says, before anything is paid, whether the minutes bought are enough for the message."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ringbolt.app.requests.reserve_minutes import NOT_KNOWN, length_of
from ringbolt.core.commands import CallOrder

MAY_BE_CUT: Final = "message_may_be_cut"
"""The note on a challenge for less time than the estimate."""


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


def duration_of(order: CallOrder, lengths: Mapping[str, int] = NOT_KNOWN) -> Duration:
    """``lengths``: that of its audio file, in ms by URL, if it is known."""
    length = length_of(order, lengths)
    if length.is_open:
        return Duration(None, may_be_cut=False)
    total_s = length.about_s + length.exact_s + length.keys_s
    return Duration(max(1, math.ceil(total_s / 60)), total_s > order.max_duration_s)
