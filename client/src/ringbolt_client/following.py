"""Read the status of what was bought until it is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping
from typing import Any, Final

import httpx

from ringbolt_client.answers import NOT_YET, document_of, refusal_of
from ringbolt_client.errors import NotReached, Refused
from ringbolt_client.steps import Send, Sleep, Steps

LOOK_S: Final = 0.25
SILENT: Final = 20
"""How often in a row, within some minutes, a server may fail to tell a status."""
_LONGEST_DOUBLING: Final = 6

Told = Callable[[Mapping[str, Any]], None]


def follow(
    status_url: str,
    final: Container[str],
    wait_s: float,
    *,
    told: Told | None = None,
    now_s: Callable[[], float] = time.time,
) -> Steps[dict[str, Any]]:
    """The status document once its ``status`` is one of ``final``, or as it is after ``wait_s``.
    ``told`` is given every document that differs from the last. Raises ``Refused`` if there is no
    such document, ``NotReached`` if the server stays away."""
    until, silent, last = now_s() + wait_s, 0, None
    while True:
        try:
            document = yield from read_status(status_url)
        except NotReached:
            silent += 1
            if silent == SILENT:
                raise
        else:
            silent = 0
            if told is not None and document != last:
                told(document)
            last = document
            if document["status"] in final or now_s() >= until:
                return document
        delay_s = LOOK_S * 2 ** min(silent, _LONGEST_DOUBLING)
        yield Sleep(min(delay_s, max(0.0, until - now_s()) + 0.01))


def read_status(status_url: str) -> Steps[dict[str, Any]]:
    """The status document as it is now. Raises ``Refused``, and ``NotReached`` for a server that
    cannot answer now."""
    document = yield from read_document(status_url)
    if not isinstance(document.get("status"), str):
        raise Refused(f"The status cannot be read: {status_url} has none.", document=document)
    return document


def read_document(url: str) -> Steps[dict[str, Any]]:
    """The JSON object at ``url``. Raises ``Refused``, and ``NotReached`` for a server that cannot
    answer now."""
    answer: httpx.Response = yield Send("GET", url)
    if answer.status_code in NOT_YET:
        raise NotReached(f"The shop cannot answer now: HTTP {answer.status_code}")
    if not answer.is_success:
        raise refusal_of(answer)
    return document_of(answer)
