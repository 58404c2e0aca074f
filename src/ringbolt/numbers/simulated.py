"""The simulated lender as a shop sees it: a stranger behind HTTP, like any other lender.

What was never sent, or refused with 4xx, is a definite no; a lost answer, a timeout or 5xx leaves
it open whether a number was lent.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from ringbolt.core.errors import Unavailable
from ringbolt.numbers.provider import (
    CancelResult,
    InboundText,
    LendNumber,
    LendResult,
    Lent,
    NoNumber,
    Offer,
    Recovery,
    TextBatch,
    Unknown,
)
from ringbolt.numbers.simulated_wire import (
    AnotherTold,
    CancelTold,
    CountriesTold,
    FinishTold,
    LeaseRefusal,
    LeaseTold,
    OffersTold,
    TextLine,
    TextsTold,
    request_of,
)

_ANSWER_S: Final = 10.0
_CONNECT_S: Final = 5.0
_SILENCE_S: Final = 30.0
"""The stream of texts says something every 10 s; after this long it is dead."""
_KEEP_ALIVE_S: Final = 3.0
"""Below the 5 s of uvicorn: a request on a connection that it just closed would be in doubt."""
_CURSOR: Final = re.compile("[0-9]{1,18}")
_LOST = (aiohttp.ClientError, TimeoutError)
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_encode = msgspec.json.Encoder().encode
T = TypeVar("T")


class SimulatedNumberProvider:
    """Implements ``NumberProvider`` and ``SupportsLeaseLookup`` over the world at ``base_url``."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url.rstrip('/')}/simulator/lender"
        self._session: aiohttp.ClientSession | None = None

    @property
    def name(self) -> str:
        return "simulated"

    @property
    def recovery(self) -> Recovery:
        return Recovery.LOOKUP

    async def offers(self, country: int) -> tuple[Offer, ...]:
        told = await self._get("/offers", OffersTold, country=str(country))
        return tuple(told.offers)

    async def countries(self) -> tuple[int, ...]:
        return tuple((await self._get("/countries", CountriesTold)).countries)

    async def lend(self, wanted: LendNumber) -> LendResult:
        body = _encode(request_of(wanted))
        if not wanted.still_wanted():
            return NoNumber("nobody waits for this number any more", for_now=True)
        try:
            async with self._http().post(f"{self._url}/leases", data=body) as answer:
                return _result(answer.status, await answer.read())
        except _NEVER_SENT as error:
            return NoNumber(f"the lender cannot be reached: {_words(error)}", for_now=True)
        except _LOST as error:
            return Unknown(f"the lender's answer was lost: {_words(error)}")

    async def find(self, ref: str) -> Lent | None:
        status, body = await self._ask("GET", f"{self._url}/leases", params={"ref": ref})
        if status == 404:
            # Only the lender's own word is a definite no; a proxy's 404 is not.
            _decode(body, LeaseRefusal)
            return None
        return _told(status, body, LeaseTold).lease

    async def another_text(self, lease_id: str) -> bool:
        return (await self._post(lease_id, "another", AnotherTold)).granted

    async def finish(self, lease_id: str) -> None:
        await self._post(lease_id, "finish", FinishTold)

    async def cancel(self, lease_id: str) -> CancelResult:
        return (await self._post(lease_id, "cancel", CancelTold)).result()

    async def texts(self, lease_id: str) -> tuple[InboundText, ...]:
        told = await self._get(f"/leases/{quote(lease_id, safe='')}/texts", TextsTold)
        return tuple(told.texts)

    async def events(self, cursor: str) -> AsyncGenerator[TextBatch, None]:
        after = cursor if _CURSOR.fullmatch(cursor) else "0"
        timeout = aiohttp.ClientTimeout(None, sock_connect=_CONNECT_S, sock_read=_SILENCE_S)
        try:
            async with self._http().get(
                f"{self._url}/events", params={"after": after}, timeout=timeout
            ) as answer:
                if answer.status != 200:
                    raise _unavailable(f"HTTP {answer.status}")
                yield TextBatch((), after)
                async for line in _lines(answer.content):
                    told = _decode(line, TextLine)
                    yield TextBatch(tuple(told.texts), str(told.cursor))
        except _LOST as error:
            raise _unavailable(error) from error
        raise _unavailable("the stream of texts ended")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(_ANSWER_S, sock_connect=_CONNECT_S),
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
            )
        return self._session

    async def _get(self, path: str, kind: type[T], **params: str) -> T:
        return _told(*await self._ask("GET", self._url + path, params=params), kind)

    async def _post(self, lease_id: str, verb: str, kind: type[T]) -> T:
        url = f"{self._url}/leases/{quote(lease_id, safe='')}/{verb}"
        return _told(*await self._ask("POST", url), kind)

    async def _ask(self, method: str, url: str, **options: Any) -> tuple[int, bytes]:
        """Status and body. Raises ``Unavailable``."""
        try:
            async with self._http().request(method, url, **options) as answer:
                return answer.status, await answer.read()
        except _LOST as error:
            raise _unavailable(error) from error


def _result(status: int, body: bytes) -> LendResult:
    try:
        if status == 201:
            return msgspec.json.decode(body, type=LeaseTold).lease
        if 400 <= status < 500:
            return NoNumber(msgspec.json.decode(body, type=LeaseRefusal).reason)
    except msgspec.DecodeError:
        if 400 <= status < 500:
            return NoNumber(f"the lender refused with HTTP {status}")
    return Unknown(f"the lender answered HTTP {status}")


def _told(status: int, body: bytes, kind: type[T]) -> T:
    if status != 200:
        raise _unavailable(f"HTTP {status}")
    return _decode(body, kind)


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise _unavailable(error) from error


async def _lines(stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Whole lines of any length; blank ones only show that the other side lives."""
    rest = b""
    while chunk := await stream.readany():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line:
                yield line


def _words(error: object) -> str:
    return str(error) or type(error).__name__


def _unavailable(error: object) -> Unavailable:
    return Unavailable(f"The simulated lender of numbers does not answer: {_words(error)}.")
