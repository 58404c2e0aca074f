"""The outcome of a request to a far end: an answer, never sent, or lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import aiohttp


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


class TooLargeError(aiohttp.ClientError):
    """An answer over the limit."""


LOST: Final = (aiohttp.ClientError, OSError, TimeoutError)
"""What aiohttp raises for a request without an answer."""
NEVER_SENT: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
)
"""The errors in ``LOST`` that mean that no connection was made."""

_Errors = type[Exception] | tuple[type[Exception], ...]
# Ordered: the first that fits counts, and some of aiohttp's errors are of several kinds.
_FAULTS: Final[tuple[tuple[_Errors, Fault], ...]] = (
    (aiohttp.ServerFingerprintMismatch, Fault.NOT_PINNED),
    (
        (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError),
        Fault.UNTRUSTED,
    ),
    (TimeoutError, Fault.NOT_IN_TIME),
    (aiohttp.ClientConnectorError, Fault.UNREACHABLE),
    (TooLargeError, Fault.TOO_LARGE),
    ((aiohttp.ServerDisconnectedError, OSError), Fault.BROKEN),
)
# Not aiohttp's own messages: they may hold the URL, and that the service's key.
_OUR_WORDS: Final = {
    Fault.NOT_PINNED: "its certificate is not the pinned one",
    Fault.NOT_IN_TIME: "nothing came in time",
    Fault.TOO_LARGE: "the answer is too large",
}


def without_answer(error: Exception) -> NeverSent | Lost:
    """The outcome of a request that ended with ``error``, one of ``LOST``."""
    fault = next((fault for kinds, fault in _FAULTS if isinstance(error, kinds)), Fault.NONSENSE)
    why = _OUR_WORDS.get(fault) or getattr(error, "strerror", None) or _words_without_url(error)
    return NeverSent(why, fault) if isinstance(error, NEVER_SENT) else Lost(why, fault)


def _words_without_url(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientResponseError):
        return error.message or type(error).__name__
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError | OSError):
        return words(error)
    return type(error).__name__


async def read_body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The whole body; the connection is free again, or closed. Raises ``TooLargeError``."""
    length = response.content_length
    if length is not None and (length <= limit or response.method == "HEAD"):
        return await response.read()
    body = bytearray()
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > limit:
                raise TooLargeError
    except BaseException:
        response.close()
        raise
    response.release()
    return bytes(body)


def words(error: object) -> str:
    return str(error) or type(error).__name__
