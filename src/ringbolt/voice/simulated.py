"""The simulated carrier as a shop sees it: a stranger behind HTTP, like any other carrier.

Every clip is sent once and named by its SHA-256 afterwards. What was never sent, or refused with
4xx, is a definite no; a lost answer, a timeout or 5xx leaves it open whether there is a call.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

import aiohttp
import msgspec

from ringbolt.core.call import Clip, RenderedScript
from ringbolt.core.errors import Unavailable
from ringbolt.voice.carrier import (
    Accepted,
    CallSnapshot,
    EventBatch,
    PlaceCall,
    PlaceResult,
    Recovery,
    Rejected,
    Unknown,
)
from ringbolt.voice.simulated_wire import (
    CallRefusal,
    CallTaken,
    CallTold,
    EventLine,
    clips_of,
    request_of,
)

_ANSWER_S: Final = 10.0
_CONNECT_S: Final = 5.0
_SILENCE_S: Final = 30.0
"""The event stream says something every 10 s; after this long it is dead."""
_KEEP_ALIVE_S: Final = 3.0
"""Below the 5 s of uvicorn: a request on a connection that it just closed would be in doubt."""
_LOST = (aiohttp.ClientError, TimeoutError)
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_encode = msgspec.json.Encoder().encode


class SimulatedCarrier:
    """Implements ``VoiceCarrier``, ``SupportsCallLookup`` and ``SupportsRecording`` over the world
    at ``base_url``."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url.rstrip('/')}/simulator/carrier"
        self._session: aiohttp.ClientSession | None = None
        self._sent: set[str] = set()
        self._names: dict[tuple[str, int, int], str] = {}

    @property
    def name(self) -> str:
        return "simulated"

    @property
    def recovery(self) -> Recovery:
        return Recovery.LOOKUP

    async def place(self, call: PlaceCall) -> PlaceResult:
        result = await self._send_clips_and_ask(call)
        if isinstance(result, CallRefusal) and result.missing:
            # The world forgot them (a new data directory): nothing was placed, so ask once more.
            self._sent.difference_update(result.missing)
            result = await self._send_clips_and_ask(call)
        if isinstance(result, CallRefusal):
            return Rejected(result.reason, result.permanent)
        return result

    async def hang_up(self, ref: str) -> None:
        """Raises ``Unavailable`` if the carrier cannot be told."""
        url = f"{self._url}/calls/{quote(ref, safe='')}/hangup"
        try:
            async with self._http().post(url) as answer:
                if answer.status >= 500:
                    raise _unavailable(f"HTTP {answer.status}")
        except _LOST as error:
            raise _unavailable(error) from error

    async def find(self, ref: str) -> CallSnapshot | None:
        url = f"{self._url}/calls/{quote(ref, safe='')}"
        try:
            async with self._http().get(url) as answer:
                status, body = answer.status, await answer.read()
            if status == 404:
                # Only the carrier's own word is a definite no; a proxy's 404 is not.
                msgspec.json.decode(body, type=CallRefusal)
                return None
            if status != 200:
                raise _unavailable(f"HTTP {status}")
            told = msgspec.json.decode(body, type=CallTold)
        except (*_LOST, msgspec.DecodeError) as error:
            raise _unavailable(error) from error
        return CallSnapshot(told.ref, told.id, tuple(told.events))

    async def recording(self, ref: str, n: int) -> bytes | None:
        url = f"{self._url}/calls/{quote(ref, safe='')}/recordings/{n}"
        try:
            async with self._http().get(url) as answer:
                status, body = answer.status, await answer.read()
            if status == 404:
                msgspec.json.decode(body, type=CallRefusal)  # the carrier's own word, as above
                return None
        except (*_LOST, msgspec.DecodeError) as error:
            raise _unavailable(error) from error
        if status != 200:
            raise _unavailable(f"HTTP {status}")
        return body

    async def events(self, cursor: str) -> AsyncGenerator[EventBatch, None]:
        after = cursor if cursor.isdecimal() else "0"
        timeout = aiohttp.ClientTimeout(None, sock_connect=_CONNECT_S, sock_read=_SILENCE_S)
        try:
            async with self._http().get(
                f"{self._url}/events", params={"after": after}, timeout=timeout
            ) as answer:
                if answer.status != 200:
                    raise _unavailable(f"HTTP {answer.status}")
                yield EventBatch((), after)
                async for lines in _whole_lines(answer.content):
                    told = [msgspec.json.decode(line, type=EventLine) for line in lines]
                    events = tuple(each.event for each in told)
                    yield EventBatch(events, str(told[-1].cursor))
        except (*_LOST, msgspec.DecodeError) as error:
            raise _unavailable(error) from error
        raise _unavailable("the stream of events ended")

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

    async def _send_clips_and_ask(self, call: PlaceCall) -> Accepted | Unknown | CallRefusal:
        try:
            names = await self._send_clips(call.script)
        except (*_LOST, OSError) as error:
            return CallRefusal(f"the audio did not reach the carrier: {_words(error)}", False)
        body = _encode(request_of(call, names.__getitem__))
        if not call.still_wanted():
            return CallRefusal("nobody waits for this call any more", False)
        try:
            async with self._http().post(f"{self._url}/calls", data=body) as answer:
                return _result(answer.status, await answer.read())
        except _NEVER_SENT as error:
            return CallRefusal(f"the carrier cannot be reached: {_words(error)}", False)
        except _LOST as error:
            return Unknown(f"the carrier's answer was lost: {_words(error)}")

    async def _send_clips(self, script: RenderedScript) -> Mapping[Clip, str]:
        """Send what the carrier has not got; the clips' SHA-256."""
        names = {}
        for clip in clips_of(script):
            names[clip] = await asyncio.to_thread(self._name_of, Path(clip.path))
            if names[clip] not in self._sent:
                await self._send_clip(Path(clip.path), names[clip])
                self._sent.add(names[clip])
        return names

    async def _send_clip(self, path: Path, sha256: str) -> None:
        url = f"{self._url}/clips/{sha256}"
        async with self._http().head(url) as answer:
            if answer.status == 200:
                return
        file = await asyncio.to_thread(path.open, "rb")
        try:
            async with self._http().put(url, data=file) as answer:
                answer.raise_for_status()
        finally:
            file.close()

    def _name_of(self, path: Path) -> str:
        stat = path.stat()
        key = (str(path), stat.st_size, stat.st_mtime_ns)
        if key not in self._names:
            with path.open("rb") as file:
                self._names[key] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._names[key]


def _result(status: int, body: bytes) -> Accepted | Unknown | CallRefusal:
    try:
        if status == 201:
            return Accepted(msgspec.json.decode(body, type=CallTaken).id)
        if 400 <= status < 500:
            return msgspec.json.decode(body, type=CallRefusal)
    except msgspec.DecodeError:
        if 400 <= status < 500:
            return CallRefusal(f"the carrier refused with HTTP {status}", False)
    return Unknown(f"the carrier answered HTTP {status}")


async def _whole_lines(stream: aiohttp.StreamReader) -> AsyncIterator[list[bytes]]:
    """The lines that each arrival completes; blank ones only show that the other side lives."""
    rest = b""
    while chunk := await stream.readany():
        *lines, rest = (rest + chunk).split(b"\n")
        if told := [line for line in lines if line]:
            yield told


def _words(error: object) -> str:
    return str(error) or type(error).__name__


def _unavailable(error: object) -> Unavailable:
    return Unavailable(f"The simulated carrier does not answer: {_words(error)}.")
