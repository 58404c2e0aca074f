"""The outcome of a request to a far end: an answer, never sent, or lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_RETRY: Final = "retry-after"
_LONGEST_RETRY_S: Final = 3600


class Fault(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    NOT_PINNED = "not pinned"
    NOT_IN_TIME = "not in time"
    BROKEN = "broken"
    ENDED = "ended"
    TOO_LARGE = "too large"
    NONSENSE = "nonsense"


@dataclass(frozen=True, slots=True)
class Answer:
    """The far end answered, with any status. Redirects are answers: none is ever followed."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_refusal(self) -> bool:
        return 400 <= self.status < 500

    @property
    def retry_after_ms(self) -> int | None:
        """How long the far end asks to wait, an hour at most; None if it does not say, or names a
        date (RFC 9110, 10.2.3)."""
        text = next((each for name, each in self.headers.items() if name.lower() == _RETRY), "")
        text = text.strip()
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            return None
        return min(int(text), _LONGEST_RETRY_S) * 1000


@dataclass(frozen=True, slots=True)
class NeverSent:
    """No connection was made, so the far end received nothing. ``fault``: UNREACHABLE, UNTRUSTED,
    NOT_PINNED or NOT_IN_TIME."""

    why: str
    fault: Fault = Fault.UNREACHABLE


@dataclass(frozen=True, slots=True)
class Lost:
    """The far end may have received it, but there is no answer. ``fault``: NOT_IN_TIME, BROKEN,
    ENDED (of a stream), TOO_LARGE or NONSENSE."""

    why: str
    fault: Fault = Fault.BROKEN


Exchange = Answer | NeverSent | Lost


class NoAnswerError(Exception):
    """There is no answer: ``exchange`` says whether the request had been sent."""

    def __init__(self, exchange: NeverSent | Lost) -> None:
        super().__init__(exchange.why)
        self.exchange = exchange


def words(error: object) -> str:
    return str(error) or type(error).__name__
