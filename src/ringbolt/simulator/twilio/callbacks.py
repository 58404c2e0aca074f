"""Signed requests to the customers of the simulated Twilio-compatible API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urldefrag, urlencode

import structlog

from ringbolt.twilio.signature import sign
from ringbolt.upstream.exchange import Answer, Exchange, Fault, Lost
from ringbolt.upstream.http import HttpClient

TIMEOUT_S: Final = 15.0
RETRY_S: Final = 0.1
"""Until the first retry; each further one waits twice as long."""
_MOST_RETRIES: Final = 5
log = structlog.get_logger("ringbolt.twilio")


class Callbacks:
    """Posts forms with the signature of the account's token.

    The fragment of a URL says whether and when a request is repeated, as at Twilio: ``rc`` times,
    after the failures in ``rp`` (``ct``: no connection, ``rt``: no answer, ``5xx``, ``4xx``,
    ``all``).
    """

    def __init__(self) -> None:
        self._http = HttpClient(timeout_s=TIMEOUT_S)

    async def post(self, auth_token: str, url: str, form: Mapping[str, str]) -> Answer | None:
        """The last answer; None if there was none."""
        address, fragment = urldefrag(url)
        body = urlencode(form).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": sign(auth_token, address, form.items()),
        }
        retries, policies = _overrides(fragment)
        for again in range(retries + 1):
            if again:
                await asyncio.sleep(RETRY_S * 2 ** (again - 1))
            exchange = await self._http.once("POST", address, body, headers=headers)
            failure = _failure(exchange)
            if not failure or not policies & {failure, "all"}:
                break
        if failure:
            log.info("a callback failed", failure=failure, status=getattr(exchange, "status", None))
        return exchange if isinstance(exchange, Answer) else None

    async def fetch(self, url: str, max_bytes: int) -> bytes | None:
        """A file that a call plays; None if it cannot be had."""
        answer = await self._http.ask("GET", url, max_bytes=max_bytes)
        return answer.body if isinstance(answer, Answer) and answer.status == 200 else None

    async def close(self) -> None:
        await self._http.close()


def _overrides(fragment: str) -> tuple[int, set[str]]:
    named = parse_qs(fragment)
    count = named.get("rc", ["0"])[0]
    retries = min(int(count), _MOST_RETRIES) if count.isdecimal() else 0
    return retries, set(named.get("rp", ["ct"])[0].split(","))


def _failure(exchange: Exchange) -> str:
    """The policy's word for what went wrong; '' if nothing did."""
    match exchange:
        case Answer(status) if status < 400:
            return ""
        case Answer(status):
            return "5xx" if status >= 500 else "4xx"
        case Lost(fault=Fault.NOT_IN_TIME):
            return "rt"
        case _:
            return "ct"
