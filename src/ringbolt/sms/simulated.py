"""The simulated SMS carrier as a shop sees it: a stranger behind HTTP, like any other carrier.

What was never sent, or refused with 4xx, is a definite no; a lost answer, a timeout or 5xx leaves
it open whether there is a text.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from ringbolt.core.errors import Unavailable
from ringbolt.core.recovery import Recovery
from ringbolt.sms.carrier import (
    Accepted,
    OutSms,
    ReceiptBatch,
    Rejected,
    SendResult,
    SmsSnapshot,
    Unknown,
)
from ringbolt.sms.simulated_wire import ReceiptsLine, SmsRefusal, SmsTaken, SmsTold, request_of

_ANSWER_S: Final = 10.0
_CONNECT_S: Final = 5.0
_SILENCE_S: Final = 30.0
"""The stream of receipts says something every 10 s; after this long it is dead."""
_KEEP_ALIVE_S: Final = 3.0
"""Below the 5 s of uvicorn: a request on a connection that it just closed would be in doubt."""
_CURSOR: Final = re.compile("[0-9]{1,18}")
_LOST = (aiohttp.ClientError, TimeoutError)
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_encode = msgspec.json.Encoder().encode
_taken = msgspec.json.Decoder(SmsTaken).decode
_refusal = msgspec.json.Decoder(SmsRefusal).decode
_told = msgspec.json.Decoder(SmsTold).decode
_line = msgspec.json.Decoder(ReceiptsLine).decode


class SimulatedSmsCarrier:
    """Implements ``SmsCarrier`` and ``SupportsSmsLookup`` over the world at ``base_url``."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url.rstrip('/')}/simulator/sms-carrier"
        self._messages = URL(f"{self._url}/messages")
        self._session: aiohttp.ClientSession | None = None

    @property
    def name(self) -> str:
        return "simulated"

    @property
    def recovery(self) -> Recovery:
        return Recovery.LOOKUP

    async def send(self, sms: OutSms) -> SendResult:
        body = _encode(request_of(sms))
        if not sms.still_wanted():
            return Rejected("nobody waits for this text any more", permanent=False)
        try:
            async with self._http().post(self._messages, data=body) as answer:
                return _result(answer.status, await answer.read())
        except _NEVER_SENT as error:
            return Rejected(f"the carrier cannot be reached: {_words(error)}", permanent=False)
        except _LOST as error:
            return Unknown(f"the carrier's answer was lost: {_words(error)}")

    async def find(self, ref: str) -> SmsSnapshot | None:
        url = URL(f"{self._messages}/{quote(ref, safe='')}", encoded=True)
        try:
            async with self._http().get(url) as answer:
                status, body = answer.status, await answer.read()
            if status == 404:
                # Only the carrier's own word is a definite no; a proxy's 404 is not.
                _refusal(body)
                return None
            if status != 200:
                raise _unavailable(f"HTTP {status}")
            told = _told(body)
        except (*_LOST, msgspec.DecodeError) as error:
            raise _unavailable(error) from error
        return SmsSnapshot(told.ref, tuple(told.part_ids), tuple(told.receipts))

    async def events(self, cursor: str) -> AsyncGenerator[ReceiptBatch, None]:
        after = cursor if _CURSOR.fullmatch(cursor) else "0"
        timeout = aiohttp.ClientTimeout(None, sock_connect=_CONNECT_S, sock_read=_SILENCE_S)
        try:
            async with self._http().get(
                f"{self._url}/events", params={"after": after}, timeout=timeout
            ) as answer:
                if answer.status != 200:
                    raise _unavailable(f"HTTP {answer.status}")
                yield ReceiptBatch((), after)
                async for line in _whole_lines(answer.content):
                    told = _line(line)
                    yield ReceiptBatch(tuple(told.receipts), str(told.cursor))
        except (*_LOST, msgspec.DecodeError) as error:
            raise _unavailable(error) from error
        raise _unavailable("the stream of receipts ended")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(_ANSWER_S, sock_connect=_CONNECT_S),
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _result(status: int, body: bytes) -> SendResult:
    try:
        if status == 201:
            taken = _taken(body)
            return Accepted(tuple(taken.part_ids), taken.sent)
        if 400 <= status < 500:
            refusal = _refusal(body)
            return Rejected(refusal.reason, refusal.permanent, refusal.retry_after_ms)
    except msgspec.DecodeError:
        if 400 <= status < 500:
            return Rejected(f"the carrier refused with HTTP {status}", permanent=False)
    return Unknown(f"the carrier answered HTTP {status}")


async def _whole_lines(stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """The lines as they are completed; blank ones only show that the other side lives."""
    rest = b""
    while chunk := await stream.readany():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line:
                yield line


def _words(error: object) -> str:
    return str(error) or type(error).__name__


def _unavailable(error: object) -> Unavailable:
    return Unavailable(f"The simulated SMS carrier does not answer: {_words(error)}.")
