"""What a script says in TwiML, and how what is told of a call becomes its numbered events."""

import os
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ringbolt.core.calls.call import (
    CallStatus,
    Clip,
    Pause,
    Record,
    RecordedCall,
    RenderedGather,
    RenderedScript,
)
from ringbolt.core.pricing.amount import Amount
from ringbolt.voice.twilio.journal import Journal, Length
from ringbolt.voice.twilio.journals import LONGEST_MS, Journals
from ringbolt.voice.twilio.same_account import SameAccount
from ringbolt.voice.twilio.scripts import Scripts
from ringbolt.voice.twilio.twiml import Links, document, is_plain, is_whole, message_ms
from ringbolt.voice.twilio.wire import (
    StatusReport,
    cost_in,
    report_of_callback,
    report_of_resource,
    time_ms,
)

S = CallStatus
A, B = Clip("/a&b", 1500), Clip("/b", 500)
KEYS = RenderedGather((A, Pause(1000)), 4, "#", 4500)
LINKS = Links(
    clip=lambda clip: f"https://shop{clip.path}",
    silence=lambda ms: f"https://shop/silence/{ms}",
    gathered=lambda step: f"https://shop/keys/{step}",
    recorded=lambda step: f"https://shop/recorded/{step}",
)


def verbs(script: RenderedScript, first: int = 0) -> list[str]:
    """Each verb with what matters of it."""
    root = ElementTree.fromstring(document(script, first, LINKS))
    return [shown(each) for each in root]


def shown(verb: ElementTree.Element) -> str:
    told = {name: value for name, value in verb.attrib.items() if name not in ("input", "method")}
    inside = [shown(each) for each in verb] or [verb.text or ""]
    return f"{verb.tag} {told or ''} {' '.join(inside)}".replace("  ", " ").strip()


def test_equal_sounds_are_one_loop_and_short_pauses_are_silent_files() -> None:
    assert verbs((A, A, A, Pause(2000), B, Pause(300), A)) == [
        "Play {'loop': '3'} https://shop/a&b",
        "Pause {'length': '2'}",
        "Play https://shop/b",
        "Play https://shop/silence/300",
        "Play https://shop/a&b",
    ]


def test_the_silence_at_the_end_is_listened_to() -> None:
    assert verbs((A, Pause(1500), Pause(1000))) == [
        "Play https://shop/a&b",
        "Gather {'finishOnKey': '', 'timeout': '3', 'action': 'https://shop/keys/2', "
        "'actionOnEmptyResult': 'true'}",
    ]


def test_a_document_ends_where_keys_or_a_recording_decide() -> None:
    script = (B, KEYS, A, Record("#*", 3000, 0), B)

    assert verbs(script) == [
        "Play https://shop/b",
        "Gather {'numDigits': '4', 'finishOnKey': '#', 'timeout': '5', "
        "'action': 'https://shop/keys/1', 'actionOnEmptyResult': 'true'} "
        "Play https://shop/a&b Pause {'length': '1'}",
    ]
    assert verbs(script, 2) == [
        "Play https://shop/a&b",
        "Record {'finishOnKey': '#*', 'timeout': '3', 'maxLength': '14400', 'playBeep': 'true', "
        "'trim': 'do-not-trim', 'action': 'https://shop/recorded/3'}",
    ]
    assert verbs(script, 4) == ["Play https://shop/b"]
    assert not is_whole(script)
    assert is_whole((B, KEYS))


def test_how_long_a_message_is() -> None:
    assert message_ms((B, KEYS, Pause(700), A, Pause(5000))) == 500 + 2500 + 700 + 1500
    assert is_plain((A, Pause(5), B))
    assert not is_plain((A, Pause(5)))


# The journal


def journal() -> Journal:
    return Journal("ref", "+44", 1000, length=Length(1500, 60, is_plain=True))


def story(kept: Journal) -> list[tuple[int, str, str]]:
    return [(event.seq, event.status.value, event.digits) for event in kept.events]


WHOLE = [(1, "initiated", ""), (2, "ringing", ""), (3, "in-progress", ""), (4, "completed", "")]
DONE = StatusReport(S.COMPLETED, talked_ms=2000)


@pytest.mark.parametrize(
    "told",
    [
        [StatusReport(S.INITIATED), StatusReport(S.RINGING), StatusReport(S.IN_PROGRESS), DONE],
        [
            StatusReport(S.INITIATED),
            StatusReport(S.IN_PROGRESS),
            StatusReport(S.RINGING),
            DONE,
            StatusReport(S.RINGING),
        ],
        [
            StatusReport(S.RINGING),
            StatusReport(S.RINGING),
            DONE,
            StatusReport(S.IN_PROGRESS),
            DONE,
            StatusReport(S.FAILED),
        ],
        [DONE],
        [StatusReport(None), DONE, StatusReport(None)],
    ],
)
def test_any_order_repetition_or_loss_gives_the_same_story(told: list[StatusReport]) -> None:
    kept = journal()
    for each in told:
        kept.record(each, 5000)

    assert story(kept) == WHOLE
    assert (kept.events[-1].heard_ms, kept.events[-1].talked_ms) == (1500, 2000)
    assert kept.events[-1].cause == "the caller hung up"


def test_a_call_that_never_rang_does_not_ring_in_its_story() -> None:
    kept = journal()
    kept.record(StatusReport(S.BUSY, cause="486 Busy Here"), 5000)
    assert story(kept) == [(1, "initiated", ""), (2, "busy", "")]


def test_who_hung_up_follows_from_how_long_it_took() -> None:
    def cause(**changes: object) -> str:
        kept = journal()
        for name, value in changes.items():
            setattr(kept, name, value)
        kept.record(StatusReport(S.COMPLETED, talked_ms=1000), 5000)
        return kept.events[-1].cause

    assert cause() == "the phone hung up"
    assert cause(is_ended_by_us=True) == "the caller hung up"
    assert cause(length=Length(9000, 1, is_plain=True)) == "the maximum duration was reached"
    assert cause(length=None) == ""


def test_the_keys_of_a_gather_count_once() -> None:
    kept = journal()
    kept.press("12#", 0, 3000)
    kept.press("12#", 0, 3000)
    kept.press("4", 3, 4000)
    kept.record(DONE, 5000)
    kept.press("5", 4, 6000)

    assert "".join(event.digits for event in kept.events) == "12#4"
    assert [event.seq for event in kept.events] == list(range(1, 9))


RECORD = RecordedCall("ref", "+44", "CA1", 1000, False, True, 3, S.IN_PROGRESS, 0)


def test_after_a_restart_events_are_numbered_on() -> None:
    kept = Journal.of_record(replace(RECORD, last_seq=5, keys=2))
    kept.record(StatusReport(S.RINGING), 5000)
    kept.press("9", 0, 5000)
    kept.press("3", 2, 5000)
    kept.record(DONE, 6000)

    assert story(kept) == [(6, "in-progress", "3"), (7, "completed", "")]


def test_what_another_process_has_committed_moves_the_numbers_on() -> None:
    kept = journal()
    kept.record(StatusReport(S.IN_PROGRESS), 3000)
    kept.committed = len(kept.events)
    kept.rebase(replace(RECORD, last_seq=6, keys=3))
    kept.record(DONE, 5000)
    assert [event.seq for event in kept.uncommitted] == [7]

    # An end that was handed over under a number that was taken is handed over again.
    kept.committed = len(kept.events)
    kept.rebase(replace(RECORD, last_seq=8))
    assert [(event.seq, event.status) for event in kept.uncommitted] == [(9, S.COMPLETED)]

    kept.committed = len(kept.events)
    kept.rebase(replace(RECORD, last_seq=9, status=S.COMPLETED, is_open=False))
    assert kept.uncommitted == ()


# What is told


def test_what_a_callback_tells() -> None:
    form = {
        "CallStatus": "no-answer",
        "Timestamp": "Tue, 01 Dec 2026 00:00:05 +0000",
        "CallDuration": "0",
        "SipResponseCode": "487",
    }
    at_ms = 1_796_083_205_000
    assert report_of_callback(form) == StatusReport(S.NO_ANSWER, at_ms, 0, "487 Request Terminated")
    nonsense = {"CallStatus": "?", "Timestamp": "x" * 70, "CallDuration": "-1"}
    assert report_of_callback(nonsense) == StatusReport(None)


@pytest.mark.parametrize("duration", ["12", 12, 12.0])
def test_what_a_resource_tells_in_any_dialect(duration: object) -> None:
    document = {"status": "completed", "duration": duration, "end_time": "2026-12-01T00:00:05Z"}
    assert report_of_resource(document) == StatusReport(S.COMPLETED, 1_796_083_205_000, 12_000)


def test_a_price_is_an_amount_or_nothing() -> None:
    assert cost_in({"price": "-0.00850", "price_unit": "USD"}) == Amount(8500, "USD")
    assert cost_in({"price": -0.005, "price_unit": "EUR"}) == Amount(5000, "EUR")
    assert cost_in({"price": None, "price_unit": "USD"}) is None
    assert cost_in({}) is None


@pytest.mark.parametrize("text", ["", "soon", None, 7, "Mon, 99 Foo 2026", "+" * 64])
def test_what_is_no_time_is_none(text: object) -> None:
    assert time_ms(text) is None


# What is kept


def test_a_script_is_kept_until_it_is_forgotten(tmp_path: Path) -> None:
    script = (A, Pause(5), KEYS, Record("*", 1, 2), RenderedGather((), 1, "", 0))
    scripts = Scripts(tmp_path / "new")
    scripts.keep("ref", script)

    assert Scripts(tmp_path / "new").find("ref") == script
    assert scripts.find("../new/ref") is None
    scripts.forget("ref")
    assert scripts.find("ref") is None


def test_files_of_calls_that_nobody_ended_are_removed_after_days(tmp_path: Path) -> None:
    scripts = Scripts(tmp_path)
    for ref in ("old", "new"):
        scripts.keep(ref, (A,))
    days_ago_s = (tmp_path / "old.json").stat().st_mtime - 4 * 86_400
    os.utime(tmp_path / "old.json", (days_ago_s, days_ago_s))

    scripts.forget_lost()

    assert scripts.find("old") is None
    assert scripts.find("new") == (A,)


def test_a_call_whose_end_nobody_told_is_forgotten_after_a_day() -> None:
    journals = Journals()
    lost = journals.open("lost", "+44", 1000)
    present = journals.open("present", "+44", 1000 + LONGEST_MS)
    journals.forget_lost(1000 + LONGEST_MS)
    assert [*journals] == [lost, present]
    journals.forget_lost(1001 + LONGEST_MS)
    assert [*journals] == [present]


def test_since_when_the_account_is_the_same(tmp_path: Path) -> None:
    assert SameAccount(tmp_path, "AC1").since_ms(1000) == 0
    assert SameAccount(tmp_path, "AC1").since_ms(2000) == 0
    assert SameAccount(tmp_path, "AC2").since_ms(3000) == 3000
    assert SameAccount(tmp_path, "AC2").since_ms(4000) == 3000
