"""A call as an XML plan: a relative of TwiML that is easy to write.

    <plan>
      <say reps="2" lang="en" voice="Joanna" neural="true">Hello <break time="1s"/> there</say>
      <play url="https://example.com/menu.wav"/>
      <gather numDigits="1" finishOnKey="#" timeout="5"><say>Press one.</say></gather>
      <pause length="1"/>
      <record terminateOn="#" maxSilence="5" maxDuration="0"/>
      <hangup/>
    </plan>

Names of verbs and attributes are read without regard to case. The outermost element may have any
name; a plan of one verb needs none around it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ringbolt.core.calls.call import (
    CallScript,
    Gather,
    Hangup,
    Pause,
    Play,
    Record,
    Say,
    Sound,
    Step,
)
from ringbolt.core.calls.plan_attributes import Attributes, refused
from ringbolt.core.calls.ssml import KEYS, is_ssml, markup_of, read_markup
from ringbolt.core.calls.xml_tree import Element, XmlRefused, parse_xml

MAX_BYTES: Final = 64 * 1024
MAX_STEPS: Final = 50
MAX_REPS: Final = 10
MAX_PAUSE_S: Final = 60
MAX_TIMEOUT_S: Final = 60
MAX_DIGITS: Final = 32
MAX_RECORDING_S: Final = 1800
MAX_URL_CHARS: Final = 2048


def parse_plan(xml: str | bytes) -> CallScript:
    """The script that a plan asks for. Raises ``InvalidInput`` (``INVALID_PLAN``)."""
    try:
        root = parse_xml(xml.strip(), MAX_BYTES)
    except XmlRefused as error:
        raise refused(f"The plan {error}.", error.line) from error
    if root.key in _VERBS:
        verbs = [root]
    else:
        Attributes(root, "version")
        _refuse_text(root)
        verbs = list(root.elements)
    if not verbs:
        raise refused("The plan has no verb.", root.line)
    count = sum(1 + len(list(verb.elements)) * (verb.key == "gather") for verb in verbs)
    if count > MAX_STEPS:
        raise refused(f"The plan has {count} steps; at most {MAX_STEPS} are done.", root.line)
    return tuple(_part(verb) for verb in verbs)


def _part(verb: Element) -> Step:
    read = _VERBS.get(verb.key)
    if read is None:
        raise refused(
            f"<{verb.name[:40]}> is not a verb of a plan; these are: {', '.join(_VERBS)}.",
            verb.line,
        )
    return read(verb)


def _say(verb: Element) -> Say:
    given = Attributes(verb, "reps", "lang", "voice", "neural")
    return Say(
        text=_text_of(verb),
        voice=given.name("voice"),
        language=given.name("lang"),
        neural=given.boolean("neural"),
        repeat=given.whole("reps", 1, 1, MAX_REPS),
    )


def _text_of(verb: Element) -> str:
    """Plain text, or SSML if the verb holds elements; SSML is checked here."""
    elements = list(verb.elements)
    text = verb.text.strip()
    try:
        if elements:
            speak = elements[0]
            if text or len(elements) > 1 or speak.key != "speak":
                speak = Element("speak", {}, verb.line, verb.children)
            markup_of(speak)
            return speak.outer_xml()
        if is_ssml(text):
            read_markup(text)
            return text
    except XmlRefused as error:
        raise refused(f"The text of <{verb.name}> {error}.", error.line) from error
    if not any(char.isalnum() or char in KEYS for char in text):
        raise refused(f"<{verb.name}> has no text to speak.", verb.line)
    return " ".join(text.split())


def _play(verb: Element) -> Play:
    given = Attributes(verb, "url", "reps")
    url = given.text("url") or verb.text.strip()
    repeat = given.whole("reps", 1, 1, MAX_REPS)
    _refuse_elements(verb)
    if verb.text.strip() not in ("", url):
        raise refused(f"<{verb.name}> names two files; give it one url.", verb.line)
    if not url.lower().startswith(("https://", "http://")) or len(url) > MAX_URL_CHARS:
        raise refused(f"<{verb.name}> needs a url that begins with https://", verb.line)
    return Play(url, repeat)


def _pause(verb: Element) -> Pause:
    given = Attributes(verb, "length")
    ms = given.milliseconds("length", 1000, 100, MAX_PAUSE_S * 1000)
    _refuse_elements(verb)
    _refuse_text(verb)
    return Pause(ms)


def _gather(verb: Element) -> Gather:
    given = Attributes(verb, "numDigits", "maxDigits", "finishOnKey", "timeout")
    fewer = given.whole("numDigits", MAX_DIGITS, 1, MAX_DIGITS)
    most = given.whole("maxDigits", fewer, 1, MAX_DIGITS)
    if given.both("numDigits", "maxDigits") and fewer != most:
        raise refused(
            f"<{verb.name}>: numDigits and maxDigits mean the same, and differ.", verb.line
        )
    finish_key = given.keys("finishOnKey", "#", 1)
    timeout_ms = given.milliseconds("timeout", 5000, 1000, MAX_TIMEOUT_S * 1000)
    _refuse_text(verb)
    return Gather(tuple(map(_prompt, verb.elements)), most, finish_key, timeout_ms)


def _prompt(verb: Element) -> Sound:
    if verb.key in _VERBS and verb.key not in _PROMPTS:
        raise refused(
            f"<{verb.name}> cannot stand in a gather; these can: {', '.join(_PROMPTS)}.", verb.line
        )
    part = _part(verb)
    assert not isinstance(part, Gather | Record | Hangup), "only prompts come so far"
    return part


def _record(verb: Element) -> Record:
    given = Attributes(verb, "terminateOn", "maxSilence", "maxDuration", "format", "recordURL")
    keys = given.keys("terminateOn", "#", 12)
    silence_ms = given.milliseconds("maxSilence", 5000, 1000, MAX_TIMEOUT_S * 1000)
    duration_ms = given.milliseconds("maxDuration", 0, 0, MAX_RECORDING_S * 1000)
    sound = given.text("format").lower().removeprefix("audio/").removeprefix(".")
    _refuse_elements(verb)
    _refuse_text(verb)
    if sound not in ("", "wav", "x-wav", "wave"):
        raise refused(f"<{verb.name}> records as wav, not as {sound[:20]!r}.", verb.line)
    return Record(keys, silence_ms, duration_ms, given.text("recordURL")[:MAX_URL_CHARS])


def _hangup(verb: Element) -> Hangup:
    Attributes(verb)
    _refuse_elements(verb)
    _refuse_text(verb)
    return Hangup()


_PROMPTS: Final = ("say", "play", "pause")
_VERBS: Final[dict[str, Callable[[Element], Step]]] = {
    "say": _say,
    "play": _play,
    "gather": _gather,
    "pause": _pause,
    "record": _record,
    "hangup": _hangup,
}


def _refuse_text(verb: Element) -> None:
    if verb.text.strip():
        raise refused(
            f"<{verb.name}> has text between its elements; put what is spoken into <say>.",
            verb.line,
        )


def _refuse_elements(verb: Element) -> None:
    for element in verb.elements:
        raise refused(f"<{verb.name}> cannot hold <{element.name[:40]}>.", element.line)
