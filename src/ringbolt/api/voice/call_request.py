"""The fields of a call, each checked, as one plain command.

Everything that the request alone tells is checked before anything is asked of anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringbolt.api.kit import call_callbacks
from ringbolt.api.voice.audio_files import AudioFiles
from ringbolt.api.voice.call_fields import (
    audio_url_of,
    callback,
    finish_key,
    metadata_of,
    number,
)
from ringbolt.api.voice.fields import Fields, shown
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import fields_of
from ringbolt.core.calls.call import Gather, Play, Say, Step
from ringbolt.core.calls.ssml import is_ssml, parse_ssml
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput
from ringbolt.speech.language import parse_tag, refusal
from ringbolt.speech.voices import LANGUAGE_IGNORED, resolve_persona

DEFAULT_VOICE: Final = "Zeina"
MAX_DIGITS: Final = 32
NO_DIGITS: Final = "dtmf_not_asked"
"""The note on a call that names where digits are to be told, and asks for none."""
REPLACED: Final = "query_field_replaced"
"""The note on a callback by GET whose own query has a field of a name that is added to it."""
NO_FILES: Final = AudioFiles()
_MAX_NAME_CHARS: Final = 64
_METHODS: Final = ("POST", "GET")


@dataclass(frozen=True, slots=True)
class Voiced:
    """Who speaks: ``name`` is '' for the shop's default; ``notes`` say what is not as wished."""

    name: str
    language: str
    neural: bool
    shown: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A valid call: the command, and what is told about it at once."""

    command: CallOrder
    voice: str
    notes: tuple[str, ...]
    ignored: tuple[str, ...]
    files: AudioFiles = NO_FILES


def read_call(shop: Shop, fields: Fields) -> CallRequest:
    """The call that the fields ask for; its audio is yet to be looked at.

    Raises ``InvalidInput``, ``DestinationRefused``.
    """
    voiced = voice_of(shop, fields)
    said = _said(shop, fields, voiced)
    audio_url = audio_url_of(fields)
    if said is None and not audio_url:
        raise fields.missing("sayText", "Give sayText (a text to speak) or audioUrl (a file).")
    step: Say | Play = Play(audio_url, fallback=said) if audio_url else _not_none(said)
    command, notes = common(shop, fields, (_with_keys(fields, step),))
    files = NO_FILES
    if audio_url:
        files = AudioFiles((audio_url,), said is not None, _reps(fields, 1) > 1)
    return CallRequest(command, voiced.shown, (*voiced.notes, *notes), fields.ignored, files)


def common(
    shop: Shop, fields: Fields, steps: tuple[Step, ...]
) -> tuple[CallOrder, tuple[str, ...]]:
    """The command with all that calls have in common, whatever they say, and notes on it."""
    longest = shop.settings.voice.max_minutes
    # Not said: as many as the script may take.
    minutes = fields.whole_number("maxMinutes", 1, longest, 0)
    ring_timeout_s = fields.whole_number("timeout", 5, 120, 30)
    metadata = metadata_of(fields)
    method = fields.line("statusCallbackMethod", 16).upper() or _METHODS[0]
    if method not in _METHODS:
        raise fields.wrong(
            "statusCallbackMethod", "must be POST or GET.", "INVALID_TYPE", "Send POST or GET."
        )
    to = number(shop, fields)
    digits_url = callback(shop, fields, "dtmfCallbackEndpoint")
    asks = any(isinstance(step, Gather) for step in steps)
    command = CallOrder(
        to=to,
        minutes=minutes,
        steps=steps,
        ring_timeout_s=ring_timeout_s,
        status_url=callback(shop, fields, "statusCallbackEndpoint"),
        status_method=method,
        digits_url=digits_url if asks else "",
        metadata=metadata,
    )
    notes = (NO_DIGITS,) if digits_url and not asks else ()
    return command, (*notes, *_replaced(command))


def _replaced(command: CallOrder) -> tuple[str, ...]:
    replaced = fields_of(command.digits_url) & call_callbacks.DIGITS_FIELDS
    if command.status_method == "GET":
        replaced |= fields_of(command.status_url) & call_callbacks.STATUS_FIELDS
    return tuple(f"{REPLACED}: {name}" for name in sorted(replaced))


def voice_of(shop: Shop, fields: Fields) -> Voiced:
    """Who is to speak. A voice that is not known is no error: the default speaks, with a note."""
    default = shop.settings.speech.default_voice or DEFAULT_VOICE
    name = fields.line("voice", _MAX_NAME_CHARS)
    language = fields.line("language", _MAX_NAME_CHARS)
    neural = fields.boolean("neural")
    if name.casefold() == default.casefold():
        name = ""  # then nothing is noted about a text in another language than the default's
    persona, notes = resolve_persona(name, default)
    if language and parse_tag(language) is None:
        notes = (*notes, LANGUAGE_IGNORED)
    return Voiced(name, language, neural, persona.id if persona else default, notes)


def speakable_text(shop: Shop, fields: Fields) -> str:
    """``sayText``, '' if it is absent. Raises ``InvalidInput`` for what no voice can speak."""
    text = fields.text("sayText", shop.settings.voice.max_chars)
    if not text.strip():
        return ""
    check_speakable(fields, "sayText", text)
    return text


def check_speakable(fields: Fields, name: str, text: str) -> None:
    """Raises ``InvalidInput`` for a text, or SSML, that no voice can speak."""
    try:
        words = parse_ssml(text).text if is_ssml(text) else text
    except InvalidInput as error:
        error.field = fields.written.get(name, name)
        raise
    reason = refusal(words)
    if reason:
        raise fields.wrong(
            name,
            f"cannot be spoken: {shown(words)}. {reason}",
            "MESSAGE_NOT_SPEAKABLE",
            "Write it in words.",
        )


def _said(shop: Shop, fields: Fields, voiced: Voiced) -> Say | None:
    text = speakable_text(shop, fields)
    reps = _reps(fields, 2)
    if not text:
        return None
    return Say(text, voiced.name, voiced.language, voiced.neural, reps)


def _reps(fields: Fields, default: int) -> int:
    return fields.whole_number("reps", 1, 10, default)


def _not_none(said: Say | None) -> Say:
    assert said is not None, "there is a text or an audio file"
    return said


def _with_keys(fields: Fields, step: Say | Play) -> Step:
    """The step alone; or, with dtmf, inside of what collects keys during it and after it."""
    max_digits = fields.whole_number("maxDigits", 1, MAX_DIGITS, MAX_DIGITS)
    timeout_s = fields.whole_number("gatherTimeout", 1, 60, 10)
    ends = finish_key(fields)
    if not fields.boolean("dtmf"):
        return step
    return Gather((step,), max_digits, ends, timeout_s * 1000)
