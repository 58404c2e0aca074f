"""Answers the far end: callbacks about a call, and requests for the next part of its script."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import structlog

from ringbolt.clock import Clock
from ringbolt.core.callback import CallbackRequest, CallbackResponse, CallbackRoute
from ringbolt.core.calls.call import RenderedGather, RenderedScript
from ringbolt.core.sanitise import sanitise
from ringbolt.twilio.account import TwilioApi, is_sid
from ringbolt.twilio.dialect import Dialect
from ringbolt.voice.carrier import AudioUrls
from ringbolt.voice.twilio.journal import Journal
from ringbolt.voice.twilio.journals import Journals
from ringbolt.voice.twilio.scripts import Scripts
from ringbolt.voice.twilio.twiml import HANG_UP, Links, document
from ringbolt.voice.twilio.wire import StatusReport, report_of_callback

_MAX_BODY_BYTES: Final = 16 * 1024
_MOST_KEYS: Final = 256
_KEYS: Final = frozenset("0123456789*#ABCD")
_REPEATED: Final = "#rc=5&rp=ct,rt,5xx"
"""Twilio repeats a request that fails so often, if its URL ends so:
https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides."""
log = structlog.get_logger("ringbolt.twilio")

RecordReport = Callable[[Journal, StatusReport], Awaitable[None]]
Flush = Callable[[Journal], Awaitable[None]]
Answer = Callable[[CallbackRequest, Journal, Mapping[str, str]], Awaitable[CallbackResponse]]


class Answers:
    """``record`` writes a status down, ``flush`` commits what a journal has learned; both raise
    ``Unavailable`` if they cannot."""

    def __init__(
        self,
        api: TwilioApi,
        journals: Journals,
        scripts: Scripts,
        clock: Clock,
        record: RecordReport,
        flush: Flush,
    ) -> None:
        self._api = api
        self._journals = journals
        self._scripts = scripts
        self._clock = clock
        self._record = record
        self._flush = flush
        self._base_url = ""
        self._audio: AudioUrls | None = None
        self._end = _REPEATED if api.account.dialect is Dialect.TWILIO else ""

    # What is set at the start

    def routes(self, base_url: str) -> Sequence[CallbackRoute]:
        self._base_url = base_url
        answers: dict[str, Answer] = {
            "/status/{ref}": self._status,
            "/document/{ref}": self._document,
            "/keys/{ref}/{step}/{before}/{valid_s}": self._keys,
            "/recorded/{ref}/{step}/{before}/{valid_s}": self._recorded,
        }
        return [
            CallbackRoute(path, self._checked(answer), max_body_bytes=_MAX_BODY_BYTES)
            for path, answer in answers.items()
        ]

    def fetch_audio_from(self, audio: AudioUrls) -> None:
        self._audio = audio

    # What the far end is given

    def status_url(self, ref: str) -> str:
        return f"{self._base_url}/status/{ref}{self._end}"

    def document_url(self, ref: str) -> str:
        return f"{self._base_url}/document/{ref}{self._end}"

    def document(
        self, ref: str, script: RenderedScript, first: int, keys: int, valid_s: int
    ) -> str:
        """The script from step ``first`` on, as TwiML; ``keys`` were told before it."""
        audio = self._audio
        assert audio is not None, "the shop sets it before the first call"

        def next_url(what: str, step: int) -> str:
            return f"{self._base_url}/{what}/{ref}/{step}/{keys}/{valid_s}{self._end}"

        links = Links(
            clip=lambda clip: audio.url(clip, valid_s),
            silence=lambda ms: audio.silence(ms, valid_s),
            gathered=lambda step: next_url("keys", step),
            recorded=lambda step: next_url("recorded", step),
        )
        return document(script, first, links)

    # What the far end asks

    def _checked(self, answer: Answer) -> Callable[[CallbackRequest], Awaitable[CallbackResponse]]:
        """``answer`` for signed requests about a call that is known, by the id that it has."""

        async def handle(request: CallbackRequest) -> CallbackResponse:
            form = self._api.form_of(request, self._clock.now_ms())
            if form is None:
                log.warning("a callback is not signed by the account", path=request.params)
                return CallbackResponse(403)
            journal = await self._journals.known(sanitise(request.params["ref"]))
            sid = form.get("CallSid", "")
            if journal is None or not is_sid(sid):
                return CallbackResponse(404)
            if journal.sid and journal.sid != sid:
                log.warning("a callback is about another call", ref=journal.ref, sid=sid[:64])
                return CallbackResponse(409)
            if journal.length is None:
                await self._journals.sync(journal)  # another process has placed it
            journal.sid = sid
            journal.news_s = asyncio.get_running_loop().time()
            return await answer(request, journal, form)

        return handle

    async def _status(
        self, request: CallbackRequest, journal: Journal, form: Mapping[str, str]
    ) -> CallbackResponse:
        await self._record(journal, report_of_callback(form))
        await self._flush(journal)
        return CallbackResponse()

    async def _document(
        self, request: CallbackRequest, journal: Journal, form: Mapping[str, str]
    ) -> CallbackResponse:
        valid_s = 3600 if journal.length is None else journal.length.max_duration_s + 600
        return self._next(journal, await self._script(journal), 0, valid_s)

    async def _keys(
        self, request: CallbackRequest, journal: Journal, form: Mapping[str, str]
    ) -> CallbackResponse:
        """The keys of a gather: what was pressed, and the key that ended it."""
        step, before, valid_s = _numbers(request)
        script = await self._script(journal)
        digits = form.get("Digits", "")
        pressed = digits + form.get("FinishedOnKey", _finish_key(script, step, digits))
        keys = "".join(key for key in pressed if key in _KEYS)[:_MOST_KEYS]
        journal.press(keys, before, self._clock.now_ms())
        await self._flush(journal)
        return self._next(journal, script, step + 1, valid_s)

    async def _recorded(
        self, request: CallbackRequest, journal: Journal, form: Mapping[str, str]
    ) -> CallbackResponse:
        step, _, valid_s = _numbers(request)
        return self._next(journal, await self._script(journal), step + 1, valid_s)

    async def _script(self, journal: Journal) -> RenderedScript:
        """The script of a call; empty if it is not kept: then nothing comes after this."""
        return await asyncio.to_thread(self._scripts.find, journal.ref) or ()

    def _next(
        self, journal: Journal, script: RenderedScript, first: int, valid_s: int
    ) -> CallbackResponse:
        if first >= len(script):
            journal.is_ended_by_us = True
            return _twiml(HANG_UP)
        return _twiml(self.document(journal.ref, script, first, journal.keys, valid_s))


def _finish_key(script: RenderedScript, step: int, digits: str) -> str:
    """What parts the keys of this gather from those of the next one, for vendors that do not tell
    the key that ended it."""
    gather = script[step] if step < len(script) else None
    if not isinstance(gather, RenderedGather) or len(digits) >= gather.max_digits:
        return ""
    return gather.finish_key


def _numbers(request: CallbackRequest) -> tuple[int, int, int]:
    """The step, the keys before it and for how long audio is served, which we wrote ourselves."""
    texts = [request.params[name] for name in ("step", "before", "valid_s")]
    step, before, valid_s = (
        int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0 for text in texts
    )
    return step, before, valid_s


def _twiml(text: str) -> CallbackResponse:
    return CallbackResponse(200, text.encode(), "text/xml; charset=utf-8")
