"""Calls through Twilio's REST API: https://www.twilio.com/docs/voice/api/call-resource.

A call is requested once. What happens to it comes by callbacks, and the keys with the requests for
the next part of its script; calls that no callback tells of are asked about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import structlog

from ringbolt.clock import Clock
from ringbolt.core.callback import CallbackRoute
from ringbolt.core.calls.call import Record
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.part_checks import Finding
from ringbolt.core.pricing.amount import Amount
from ringbolt.core.sink import Sink
from ringbolt.twilio.account import created, resource
from ringbolt.twilio.dialect import Dialect
from ringbolt.twilio.settings import open_api
from ringbolt.upstream.pushed import PushedEvents
from ringbolt.voice.audio.wav import read_wav, wav_bytes
from ringbolt.voice.carrier import (
    Accepted,
    AudioUrls,
    CallRecords,
    CallSnapshot,
    EventBatch,
    PlaceCall,
    PlaceResult,
)
from ringbolt.voice.twilio.answers import Answers
from ringbolt.voice.twilio.journal import Journal, Length
from ringbolt.voice.twilio.journals import Journals
from ringbolt.voice.twilio.lookup import search
from ringbolt.voice.twilio.poller import Poller
from ringbolt.voice.twilio.same_account import SameAccount
from ringbolt.voice.twilio.scripts import Scripts
from ringbolt.voice.twilio.settings import TwilioCarrierSettings
from ringbolt.voice.twilio.twiml import INLINE_CHARS, asks_at_end, is_plain, is_whole, message_ms
from ringbolt.voice.twilio.wire import StatusReport, cost_in, report_of_resource

EVENTS: Final = ("initiated", "ringing", "answered", "completed")
LISTED_AFTER_MS: Final = 20_000
"""A list that lacks a call proves that it was not accepted only so long after it was asked for:
no vendor promises that a list is up to date at once."""
_AUDIO_MARGIN_S: Final = 600
"""Calls wait in the vendor's queue before they ring."""
_MAX_RECORDING_BYTES: Final = 256 * 1024 * 1024
log = structlog.get_logger("ringbolt.twilio")


class TwilioCarrier:
    """Implements ``VoiceCarrier``, ``SupportsCallLookup``, ``SupportsRecording``,
    ``SupportsCallbacks``, ``NeedsAudioUrls``, ``NeedsCallRecords``, ``SupportsCostLookup``,
    ``SupportsCheck`` and ``SupportsBalance``.

    ``folder``: where scripts of calls are kept that are played in several parts.
    ``listed_after_ms``: when a call that was accepted is in the account's list for certain.
    """

    recovery = Recovery.LOOKUP

    def __init__(
        self,
        settings: TwilioCarrierSettings,
        clock: Clock,
        folder: Path,
        listed_after_ms: int = LISTED_AFTER_MS,
    ) -> None:
        self._listed_after_ms = listed_after_ms
        self.name = settings.name
        self._clock = clock
        self._api = open_api(settings, f"The carrier {settings.name}")
        self._journals = Journals()
        self._scripts = Scripts(folder)
        account = f"{settings.dialect} {settings.base_url} {settings.account_sid}"
        self._same_account = SameAccount(folder, account)
        self._pushed: PushedEvents[EventBatch] = PushedEvents()
        self._answers = Answers(
            self._api, self._journals, self._scripts, clock, self._record, self._flush
        )
        self._poller = Poller(self._journals, self._look, self._flush, settings.poll_s, clock)

    # Asked at the start

    def callback_routes(self, base_url: str) -> Sequence[CallbackRoute]:
        return self._answers.routes(base_url)

    def fetch_audio_from(self, audio: AudioUrls) -> None:
        self._answers.fetch_audio_from(audio)

    def read_records(self, records: CallRecords) -> None:
        self._journals.records = records

    # The port

    async def place(self, call: PlaceCall) -> PlaceResult:
        try:
            form = await self._form(call)
        except (OSError, ValueError) as error:
            return Rejected(f"the script cannot be kept: {error}", permanent=False)
        if not call.still_wanted():
            return Rejected("the request for this call was withdrawn", permanent=False)
        journal = self._journals.open(call.ref, call.to, self._clock.now_ms())
        journal.length = Length(
            message_ms(call.script),
            call.max_duration_s,
            is_plain=is_plain(call.script),
            asks_at_end=asks_at_end(call.script),
            records=_records(call),
        )
        result = created(await self._api.create("Calls", form))
        if isinstance(result, Rejected) and not journal.sid:
            self._journals.drop(call.ref)
            await asyncio.to_thread(self._scripts.forget, call.ref)
        if isinstance(result, Rejected | Unknown):
            return result
        return self._accepted(journal, result)

    def _accepted(self, journal: Journal, told: dict[str, Any]) -> Accepted | Unknown:
        sid, to = told["sid"], told.get("to")
        if isinstance(to, str) and to not in ("", journal.to):
            return Unknown("the answer is about a call to another number")
        # A callback that came before the answer has told the id under our reference.
        journal.sid = journal.sid or sid
        return Accepted(journal.sid)

    async def hang_up(self, ref: str) -> None:
        """Raises ``Unavailable`` if the far end does not answer."""
        journal = await self._journals.known(ref)
        if journal is None or journal.is_over or not await self._has_sid(journal):
            return
        journal.is_ended_by_us = True
        # A call that is over is answered with 4xx.
        await self._api.update(resource("Calls", journal.sid), [("Status", "completed")])

    async def find(self, ref: str) -> CallSnapshot | None:
        journal = await self._journals.known(ref)
        if journal is None:
            return None
        await self._journals.sync(journal)
        if not journal.is_over and not await self._look(journal):
            return None
        return CallSnapshot(ref, journal.sid, tuple(journal.events))

    async def recording(self, ref: str, n: int) -> bytes | None:
        journal = await self._journals.known(ref)
        if journal is None or not await self._has_sid(journal):
            return None
        sids = await self._recordings(journal)
        if not 1 <= n <= len(sids):
            return None
        answer = await self._api.file(f"Recordings/{sids[n - 1]}.wav", _MAX_RECORDING_BYTES)
        if answer.status == 404:
            return None
        try:
            audio = await asyncio.to_thread(read_wav, answer.body)
        except ValueError:
            raise self._api.unavailable("the recording cannot be read") from None
        return await asyncio.to_thread(wav_bytes, audio.pcm, audio.sample_rate)

    async def follow(self, cursor: str, sink: Sink[EventBatch]) -> None:
        await self._account_since_ms()
        await asyncio.to_thread(self._scripts.forget_lost)
        polling = asyncio.ensure_future(self._poller.run())
        following = asyncio.ensure_future(self._pushed.follow(sink, EventBatch((), "")))
        both = {polling, following}
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # neither ends but by an exception
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def close(self) -> None:
        await self._api.close()

    # Optional abilities

    async def cost_of(self, ref: str, carrier_id: str) -> Amount | None:
        journal = await self._journals.known(ref)
        sid = carrier_id or ("" if journal is None else journal.sid)
        if not sid:
            return None
        document = await self._api.get(resource("Calls", sid))
        return None if document is None else cost_in(document)

    async def check(self) -> Sequence[Finding]:
        return await self._api.check("Calls")

    async def balance(self) -> Amount | None:
        return await self._api.balance()

    # Requests

    async def _form(self, call: PlaceCall) -> list[tuple[str, str]]:
        """The request for a call, and its script kept if it is played in several parts. Raises
        ``OSError``, and ``ValueError`` for audio that cannot be served."""
        valid_s = call.ring_timeout_s + call.max_duration_s + _AUDIO_MARGIN_S
        text = self._answers.document(call.ref, call.script, 0, 0, valid_s)
        is_inline = self._api.rules.takes_twiml and len(text) <= INLINE_CHARS
        if not (is_inline and is_whole(call.script)):
            await asyncio.to_thread(self._scripts.keep, call.ref, call.script)
        url = self._answers.document_url(call.ref)
        form = [
            ("To", call.to),
            ("From", call.caller_id),
            ("Twiml", text) if is_inline else ("Url", url),
            ("Timeout", str(call.ring_timeout_s)),
            ("TimeLimit", str(call.max_duration_s)),
            ("StatusCallback", self._answers.status_url(call.ref)),
            ("StatusCallbackMethod", "POST"),
        ]
        if self._api.rules.needs_application:
            form.append(("ApplicationSid", self._api.account.application_sid))
        if self._api.account.dialect is Dialect.TELNYX:
            return [*form, ("StatusCallbackEvent", " ".join(EVENTS))]
        return [*form, *(("StatusCallbackEvent", event) for event in EVENTS)]

    async def _look(self, journal: Journal) -> bool:
        """Ask about a call and write down what is told; False if there is no such call. Raises
        ``Unavailable``."""
        await self._journals.sync(journal)
        if journal.sid:
            document = await self._api.get(resource("Calls", journal.sid))
            if document is None:
                # It was accepted: another account's credentials must not undo that.
                raise self._api.unavailable("it does not know a call that it had accepted")
        else:
            since_ms = await self._account_since_ms()
            if journal.asked_ms < since_ms:
                raise self._api.unavailable("the call may have been asked for at another account")
            document = await search(self._api, self._journals, journal)
            if document is None and not journal.sid:  # a callback may have told it meanwhile
                if self._clock.now_ms() < journal.asked_ms + self._listed_after_ms:
                    raise self._api.unavailable("the call may not be in its list yet")
                return False
            if document is None:
                return True
            journal.sid = journal.sid or document["sid"]
        await self._record(journal, report_of_resource(document))
        return True

    async def _record(self, journal: Journal, report: StatusReport) -> None:
        """Raises ``Unavailable``."""
        is_end = report.status is not None and report.status.is_final
        if is_end and not journal.is_over and (journal.length is None or journal.length.records):
            journal.recordings = len(await self._recordings(journal))
        journal.record(report, self._clock.now_ms())

    async def _account_since_ms(self) -> int:
        try:
            return await asyncio.to_thread(self._same_account.since_ms, self._clock.now_ms())
        except OSError as error:
            raise self._api.unavailable(f"its account cannot be kept: {error}") from error

    async def _has_sid(self, journal: Journal) -> bool:
        return bool(journal.sid) or await self._look(journal)

    async def _flush(self, journal: Journal) -> None:
        """Commit what is not. Raises ``Unavailable``, and what the sink raises."""
        if events := journal.uncommitted:
            count = journal.committed + len(events)
            await self._pushed.hand_over(EventBatch(events, ""), journal.ref)
            journal.committed = max(journal.committed, count)
        if journal.is_over and not journal.uncommitted:
            self._journals.end_if_over(journal)
            await asyncio.to_thread(self._scripts.forget, journal.ref)

    async def _recordings(self, journal: Journal) -> list[str]:
        """The ids of a call's recordings, in the order in which they were made."""
        document = await self._api.get(f"{resource('Calls', journal.sid)}/Recordings")
        listed = (document or {}).get("recordings")
        if not isinstance(listed, list):
            raise self._api.unavailable("its list of recordings cannot be read")
        sids = [each.get("sid") for each in listed if isinstance(each, dict)]
        return [sid for sid in reversed(sids) if isinstance(sid, str) and sid.isalnum()]


def _records(call: PlaceCall) -> bool:
    return any(isinstance(step, Record) for step in call.script)
