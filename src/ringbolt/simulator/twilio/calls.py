"""The calls of the simulated Twilio-compatible API: documents, status callbacks, records."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import urljoin

import msgspec
import structlog

from ringbolt.core.calls.call import (
    CallEvent,
    CallStatus,
    Clip,
    Pause,
    Record,
    RenderedGather,
    RenderedScript,
)
from ringbolt.simulator.clock.world_time import WorldTime
from ringbolt.simulator.file.world_file import WorldFile
from ringbolt.simulator.twilio.accounts import Accounts
from ringbolt.simulator.twilio.call import (
    SIP_CODES,
    TwilioCall,
    date,
    duration_s,
    recording_sid,
    shown,
    told,
)
from ringbolt.simulator.twilio.callbacks import Callbacks
from ringbolt.simulator.twilio.twiml import BadDocument, Verb, read
from ringbolt.simulator.voice.call import SimulatedCall
from ringbolt.simulator.voice.clips import MAX_CLIP_BYTES, ClipRefused
from ringbolt.simulator.voice.line import FRAME_MS, Line
from ringbolt.simulator.voice.phones import PhoneNetwork
from ringbolt.voice.audio.wav import read_wav
from ringbolt.voice.carrier import Accepted, PlaceCall, PlaceResult

KIND: Final = "twilio-call"
CURSOR_KIND: Final = "twilio-cursor"
_EVENT_OF: Final = {
    CallStatus.INITIATED: "initiated",
    CallStatus.RINGING: "ringing",
    CallStatus.IN_PROGRESS: "answered",
}
_SAY_MS: Final = 60
"""How long a sign is spoken: nobody hears it, the world has no voice."""
_ANY_DIGITS: Final = 1000
log = structlog.get_logger("ringbolt.twilio")


class _HangUp(Exception):
    """The document, or what it names, cannot be had: the call ends, as at Twilio."""


@dataclass(slots=True)
class _Course:
    """Where a call is in its documents. ``ended``: the ``Gather`` or ``Record`` that is over when
    the next piece is asked for. ``base``: the URL of the document, for relative ones."""

    verbs: list[Verb] = field(default_factory=list)
    ended: Verb | None = None
    base: str = ""
    has_begun: bool = False


class TwilioCalls:
    """Implements ``Director`` for its calls. Made before
    the phones resume their calls; call ``start`` in the event loop."""

    def __init__(
        self,
        phones: PhoneNetwork,
        accounts: Accounts,
        callbacks: Callbacks,
        store: WorldFile,
        clock: WorldTime,
    ) -> None:
        self._phones = phones
        self._accounts = accounts
        self._callbacks = callbacks
        self._store = store
        self._clock = clock
        self._calls: dict[str, TwilioCall] = {}
        self._courses: dict[str, _Course] = {}
        self._telling: dict[str, asyncio.Task[None]] = {}
        self._following: asyncio.Task[None] | None = None
        for document in store.load(KIND).values():
            self._add(msgspec.convert(document, TwilioCall))

    def start(self) -> None:
        self._following = asyncio.create_task(self._follow(), name="twilio-status")

    async def close(self) -> None:
        tasks = [*self._telling.values(), *([self._following] if self._following else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # The API's side

    async def place(
        self, account_sid: str, form: dict[str, str], events: list[str]
    ) -> tuple[TwilioCall, PlaceResult]:
        """Place the call that ``form`` asks for, which has been checked."""
        sid = f"CA{secrets.token_hex(16)}"
        made = TwilioCall(sid, account_sid, form, events, self._clock.now_ms())
        self._add(made)
        request = PlaceCall(
            sid, form["To"], form["From"], (), int(form["Timeout"]), int(form["TimeLimit"])
        )
        kept = self._store.submit([(KIND, sid, made)])
        result = await self._phones.place(request, sid)
        await kept
        if not isinstance(result, Accepted) and await self._phones.find(sid) is None:
            del self._calls[sid], self._courses[sid], self._phones.directors[sid]
            await self._store.submit([(KIND, sid, None)])
        return made, result

    def find(self, account_sid: str, sid: str) -> TwilioCall | None:
        made = self._calls.get(sid)
        return made if made is not None and made.account_sid == account_sid else None

    def of(self, account_sid: str) -> list[TwilioCall]:
        """Every call of an account, the newest first."""
        calls = [call for call in self._calls.values() if call.account_sid == account_sid]
        return sorted(calls, key=lambda call: call.created_ms, reverse=True)

    async def show(self, made: TwilioCall) -> Any:
        """The call as the API shows it; None if it was never placed."""
        call = await self._phones.find(made.sid)
        if call is None:
            return None
        account = self._accounts.of(made.account_sid)
        return shown(made, call, account, self._clock.now_ms())

    async def hang_up(self, made: TwilioCall) -> None:
        await self._phones.hang_up(made.sid)

    async def recordings(self, made: TwilioCall) -> AsyncIterator[tuple[str, bytes]]:
        """The recordings of a call that is over, each with its id."""
        n = 1
        while (wav := await self._phones.recording(made.sid, n)) is not None:
            yield recording_sid(made.sid, n), wav
            n += 1

    def _add(self, made: TwilioCall) -> None:
        self._calls[made.sid] = made
        self._courses[made.sid] = _Course()
        self._phones.directors[made.sid] = self

    # What a call does

    async def next_piece(self, call: SimulatedCall, line: Line) -> RenderedScript | None:
        made = self._calls[call.id]
        course = self._courses[call.id]
        try:
            await self._move_on(made, call, course, line)
            return await self._piece(made, call, course)
        except (BadDocument, _HangUp, ClipRefused, ValueError) as error:
            log.warning("a call is hung up", call=call.id, why=str(error))
            return None

    async def _move_on(
        self, made: TwilioCall, call: SimulatedCall, course: _Course, line: Line
    ) -> None:
        """To the first document, or to that of the action of what has just ended."""
        ended, course.ended = course.ended, None
        if not course.has_begun:
            course.has_begun = True
            if "Twiml" in made.form:
                course.verbs = read(made.form["Twiml"])
            else:
                await self._go_to(made, call, course, made.form["Url"], {})
        elif ended is not None and ended.name == "Gather":
            await self._gathered(made, call, course, ended, line.gathered)
        elif ended is not None:
            n = len(line.recorded)
            seconds = str(-(-line.recorded[-1] * FRAME_MS // 1000) if n else 0)
            sid = recording_sid(made.sid, n)
            form = {"RecordingSid": sid, "RecordingDuration": seconds}
            await self._go_to(made, call, course, ended.attributes.get("action", ""), form)

    async def _gathered(
        self, made: TwilioCall, call: SimulatedCall, course: _Course, gather: Verb, keys: str
    ) -> None:
        finish = gather.attributes.get("finishOnKey", "#")
        finished_on = keys[-1] if keys and keys[-1] == finish else ""
        digits = keys.removesuffix(finished_on) if finished_on else keys
        if not digits and gather.attributes.get("actionOnEmptyResult", "false") != "true":
            return
        form = {"Digits": digits, "FinishedOnKey": finished_on, "msg": "Gather End"}
        await self._go_to(made, call, course, gather.attributes.get("action", ""), form)

    async def _go_to(
        self,
        made: TwilioCall,
        call: SimulatedCall,
        course: _Course,
        url: str,
        form: dict[str, str],
    ) -> None:
        course.base = urljoin(course.base, url) if url else course.base
        if not course.base:
            raise _HangUp("an inline document has no address of its own: action must be absolute")
        token = self._accounts.of(made.account_sid).auth_token
        fields = told(made, call, CallStatus.IN_PROGRESS.value) | form
        answer = await self._callbacks.post(token, course.base, fields)
        if answer is None or not answer.is_success:
            raise _HangUp("a document cannot be fetched")
        course.verbs = read(answer.body)

    async def _piece(
        self, made: TwilioCall, call: SimulatedCall, course: _Course
    ) -> RenderedScript | None:
        """What is played until keys or a recording decide, or to the document's end."""
        script: list[Clip | Pause | RenderedGather | Record] = []
        while course.verbs and course.ended is None:
            verb = course.verbs.pop(0)
            match verb.name:
                case "Gather":
                    script.append(await self._gather(verb))
                    course.ended = verb
                case "Record":
                    script.append(_record(verb))
                    course.ended = verb
                case "Redirect":
                    await self._go_to(made, call, course, verb.text, {})
                case "Hangup":
                    course.verbs.clear()
                case _:
                    script += await self._sounds(verb)
        return tuple(script) or None

    async def _gather(self, verb: Verb) -> RenderedGather:
        prompt = [sound for each in verb.nested for sound in await self._sounds(each)]
        return RenderedGather(
            tuple(prompt),
            verb.number("numDigits", _ANY_DIGITS),
            verb.attributes.get("finishOnKey", "#"),
            verb.number("timeout", 5) * 1000,
        )

    async def _sounds(self, verb: Verb) -> list[Clip | Pause]:
        match verb.name:
            case "Play":
                return [await self._clip(verb.text)] * verb.repeats
            case "Pause":
                return [Pause(verb.number("length", 1) * 1000)]
            case "Say":
                return [Pause(len(verb.text) * _SAY_MS)] * verb.repeats
            case other:
                raise BadDocument(f"{other} cannot stand there")

    async def _clip(self, url: str) -> Clip:
        wav = await self._callbacks.fetch(url, MAX_CLIP_BYTES)
        if wav is None:
            raise _HangUp("what is to be played cannot be fetched")
        pcm = read_wav(wav).pcm
        name = hashlib.sha256(pcm).hexdigest()
        if self._phones.clips.find(name) is None:
            await self._phones.clips.keep(name, _once(pcm))
        clip = self._phones.clips.find(name)
        assert clip is not None, "it was just kept"
        return clip

    # What is told

    async def _follow(self) -> None:
        """Tell the events of the calls as they are saved; each call's in their order."""
        kept = self._store.load(CURSOR_KIND).get("", {})
        async for numbered in self._phones.events(int(kept.get("n", 0))):
            for _, event in numbered.events:
                if event.ref in self._calls and not event.digits:
                    before = self._telling.get(event.ref)
                    task = asyncio.create_task(self._tell(event, before))
                    self._telling[event.ref] = task
                    task.add_done_callback(partial(self._told, event.ref))
            await self._store.submit([(CURSOR_KIND, "", {"n": numbered.cursor})])

    def _told(self, ref: str, done: asyncio.Task[None]) -> None:
        if self._telling.get(ref) is done:
            del self._telling[ref]

    async def _tell(self, event: CallEvent, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        made = self._calls[event.ref]
        account = self._accounts.of(made.account_sid)
        name = _EVENT_OF.get(event.status, "completed")
        url = made.form.get("StatusCallback", "")
        if not url or name not in made.events or not account.tells:
            return
        call = await self._phones.find(event.ref)
        assert call is not None, "it has an event"
        form = told(made, call, event.status.value) | {
            "Timestamp": date(event.at_ms) or "",
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(made.sequence),
        }
        if event.status.is_final:
            seconds = duration_s(call)
            form |= {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
            form["SipResponseCode"] = SIP_CODES.get(call.state, "200")
        made.sequence += 1
        kept = self._store.submit([(KIND, made.sid, made)])
        await self._callbacks.post(account.auth_token, url, form)
        await kept


def _record(verb: Verb) -> Record:
    return Record(
        verb.attributes.get("finishOnKey", "1234567890*#"),
        verb.number("timeout", 5) * 1000,
        verb.number("maxLength", 3600) * 1000,
    )


async def _once(pcm: bytes) -> AsyncIterator[bytes]:
    yield pcm
