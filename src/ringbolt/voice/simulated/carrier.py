"""The adapter to the simulated voice carrier, over HTTP like any other carrier.

Every clip is sent once and named by its SHA-256 afterwards. A request that was never sent, or was
refused with 4xx, is a definite no. After a lost answer, a timeout or 5xx it is unknown whether the
call was placed.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import msgspec

from ringbolt.core.calls.call import Clip, RenderedScript
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.sink import Sink
from ringbolt.upstream.exchange import Answer, Lost, NeverSent, words
from ringbolt.upstream.far_end import FarEnd
from ringbolt.upstream.world_client import world_client
from ringbolt.upstream.world_cursor import known_cursor
from ringbolt.voice.carrier import Accepted, CallSnapshot, EventBatch, PlaceCall, PlaceResult
from ringbolt.voice.simulated.wire import (
    CallAccepted,
    CallRefusal,
    CallState,
    EventLine,
    clips_of,
    request_of,
)

_MAX_RECORDING_BYTES = 256 * 1024 * 1024
"""Four hours of 16-bit samples."""
_encode = msgspec.json.Encoder().encode


class SimulatedCarrier:
    """Implements ``VoiceCarrier``, ``SupportsCallLookup`` and ``SupportsRecording`` over the world
    at ``base_url``."""

    recovery = Recovery.LOOKUP

    def __init__(self, base_url: str, name: str = "simulated", token: str = "") -> None:
        self.name = name
        self._url = f"{base_url.rstrip('/')}/simulator/carrier"
        self._far_end = FarEnd("The simulated carrier", world_client(token))
        self._sent: set[str] = set()
        self._names: dict[tuple[str, int, int], str] = {}

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
        """Raises ``Unavailable`` if the carrier does not answer."""
        url = f"{self._url}/calls/{quote(ref, safe='')}/hangup"
        answer = await self._far_end.ask("POST", url)
        if answer.status >= 500:
            raise self._far_end.unavailable(f"HTTP {answer.status}")

    async def find(self, ref: str) -> CallSnapshot | None:
        url = f"{self._url}/calls/{quote(ref, safe='')}"
        found = await self._far_end.find(url, CallState, CallRefusal)
        return None if found is None else CallSnapshot(found.ref, found.id, tuple(found.events))

    async def recording(self, ref: str, n: int) -> bytes | None:
        url = f"{self._url}/calls/{quote(ref, safe='')}/recordings/{n}"
        answer = await self._far_end.ask("GET", url, max_bytes=_MAX_RECORDING_BYTES)
        if answer.status == 404:
            self._far_end.decode(answer.body, CallRefusal)  # a proxy's 404 says nothing
            return None
        if answer.status != 200:
            raise self._far_end.unavailable(f"HTTP {answer.status}")
        return answer.body

    async def follow(self, cursor: str, sink: Sink[EventBatch]) -> None:
        after = known_cursor(cursor)

        async def take(lines: list[bytes]) -> None:
            nonlocal after
            events = [self._far_end.decode(line, EventLine) for line in lines]
            after = str(events[-1].cursor) if events else after
            await sink(EventBatch(tuple(each.event for each in events), after))

        await self._far_end.follow(f"{self._url}/events", {"after": after}, take)

    async def close(self) -> None:
        await self._far_end.close()

    async def _send_clips_and_ask(self, call: PlaceCall) -> Accepted | Unknown | CallRefusal:
        try:
            names = await self._send_clips(call.script)
        except (Unavailable, OSError) as error:
            return CallRefusal(f"the audio did not reach the carrier: {words(error)}", False)
        body = _encode(request_of(call, names.__getitem__))
        if not call.still_wanted():
            return CallRefusal("the request for this call was withdrawn", False)
        match await self._far_end.post(f"{self._url}/calls", body):
            case Answer() as answer:
                return _result(answer)
            case NeverSent(why):
                return CallRefusal(f"the carrier cannot be reached: {why}", False)
            case Lost(why):
                return Unknown(f"the carrier's answer was lost: {why}")

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
        if (await self._far_end.ask("HEAD", url)).status == 200:
            return
        file = await asyncio.to_thread(path.open, "rb")
        try:
            kept = await self._far_end.ask("PUT", url, file)
        finally:
            file.close()
        if not kept.is_success:
            raise self._far_end.unavailable(f"HTTP {kept.status}")

    def _name_of(self, path: Path) -> str:
        stat = path.stat()
        key = (str(path), stat.st_size, stat.st_mtime_ns)
        if key not in self._names:
            with path.open("rb") as file:
                self._names[key] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._names[key]


def _result(answer: Answer) -> Accepted | Unknown | CallRefusal:
    try:
        if answer.status == 201:
            return Accepted(msgspec.json.decode(answer.body, type=CallAccepted).id)
        if answer.is_refusal:
            return msgspec.json.decode(answer.body, type=CallRefusal)
    except msgspec.DecodeError:
        if answer.is_refusal:
            return CallRefusal(f"the carrier refused with HTTP {answer.status}", False)
    return Unknown(f"the carrier answered HTTP {answer.status}")
