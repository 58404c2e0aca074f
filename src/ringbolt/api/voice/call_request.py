"""The fields of a call, each checked, as one plain command.

Everything that the request alone tells is checked before anything is asked of anybody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ringbolt.api.voice.fields import Fields, kind, shown
from ringbolt.app.call_order import CallOrder, GatherStep, PlayStep, SayStep, Step
from ringbolt.app.send_webhook import check_webhook_url
from ringbolt.app.shop import Shop
from ringbolt.core.errors import AudioUnplayable, InvalidInput
from ringbolt.core.phone import EXAMPLE, parse_destination
from ringbolt.core.ssml import is_ssml, parse_ssml
from ringbolt.speech.language import parse_tag, refusal
from ringbolt.speech.voices import LANGUAGE_IGNORED, resolve_persona

DEFAULT_VOICE: Final = "Zeina"
MAX_URL_CHARS: Final = 2048
MAX_METADATA_BYTES: Final = 4096
MAX_DIGITS: Final = 32
NO_DIGITS: Final = "dtmf_not_asked"
"""The note on a call that names where digits are to be told, and asks for none."""
_MAX_NAME_CHARS: Final = 64
_PUNCTUATION: Final = re.compile(r"[ .()/\u00a0\u2010-\u2015-]")
_DIALLED: Final = re.compile(r"(?:\+|00)?[0-9]{1,20}", re.ASCII)
_FINISH_KEY: Final = re.compile(r"[0-9*#]?", re.ASCII)
_METHODS: Final = ("POST", "GET")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


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


async def read_call(shop: Shop, fields: Fields) -> CallRequest:
    """The call that the fields ask for; its audio was looked at.

    Raises ``InvalidInput``, ``DestinationRefused``, ``AudioUnplayable``.
    """
    voiced = voice_of(shop, fields)
    said = _said(shop, fields, voiced)
    audio_url = _audio_url(fields)
    if said is None and not audio_url:
        raise fields.missing("sayText", "Give sayText (a text to speak) or audioUrl (a file).")
    step: SayStep | PlayStep = PlayStep(audio_url, fallback=said) if audio_url else _not_none(said)
    command, notes = common(shop, fields, (_with_keys(fields, step),))
    if audio_url:
        await probe(shop, fields, "audioUrl", audio_url)
    return CallRequest(command, voiced.shown, (*voiced.notes, *notes), fields.ignored)


def common(
    shop: Shop, fields: Fields, steps: tuple[Step, ...]
) -> tuple[CallOrder, tuple[str, ...]]:
    """The command with all that calls have in common, whatever they say, and notes on it."""
    longest = shop.settings.voice.max_minutes
    # Not said: as many as the script may take.
    minutes = fields.whole_number("maxMinutes", 1, longest, 0)
    ring_timeout_s = fields.whole_number("timeout", 5, 120, 30)
    metadata = _metadata(fields)
    method = fields.line("statusCallbackMethod", 16).upper() or _METHODS[0]
    if method not in _METHODS:
        raise fields.wrong("statusCallbackMethod", "must be POST or GET.", "INVALID_TYPE")
    to = _number(shop, fields)
    digits_url = _callback(shop, fields, "dtmfCallbackEndpoint")
    asks = any(isinstance(step, GatherStep) for step in steps)
    command = CallOrder(
        to=to,
        minutes=minutes,
        steps=steps,
        ring_timeout_s=ring_timeout_s,
        status_url=_callback(shop, fields, "statusCallbackEndpoint"),
        status_method=method,
        digits_url=digits_url if asks else "",
        metadata=metadata,
    )
    return command, (NO_DIGITS,) if digits_url and not asks else ()


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


async def probe(shop: Shop, fields: Fields, name: str, url: str) -> None:
    """Look at an audio file's beginning. Raises ``AudioUnplayable``."""
    try:
        await shop.audio.probe(url)
    except AudioUnplayable as error:
        error.field = fields.written.get(name, name)
        raise


def _said(shop: Shop, fields: Fields, voiced: Voiced) -> SayStep | None:
    text = speakable_text(shop, fields)
    reps = fields.whole_number("reps", 1, 10, 2)
    if not text:
        return None
    return SayStep(text, voiced.name, voiced.language, voiced.neural, reps)


def _not_none(said: SayStep | None) -> SayStep:
    assert said is not None, "there is a text or an audio file"
    return said


def _audio_url(fields: Fields) -> str:
    url = fields.line("audioUrl", MAX_URL_CHARS)
    if url and not url.lower().startswith(("https://", "http://")):
        raise fields.wrong(
            "audioUrl",
            "must be an http(s) URL.",
            "INVALID_AUDIO_URL",
            "Give the public address of an MP3 or WAV file.",
        )
    return url


def _with_keys(fields: Fields, step: SayStep | PlayStep) -> Step:
    """The step alone; or, with dtmf, inside of what collects keys during it and after it."""
    max_digits = fields.whole_number("maxDigits", 1, MAX_DIGITS, MAX_DIGITS)
    timeout_s = fields.whole_number("gatherTimeout", 1, 60, 10)
    finish_key = _finish_key(fields)
    if not fields.boolean("dtmf"):
        return step
    return GatherStep((step,), max_digits, finish_key, timeout_s * 1000)


def _decoded(text: str) -> Any:
    """What JSON a text holds; the text itself if it holds none."""
    try:
        return _decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
        return text


def _finish_key(fields: Fields) -> str:
    value = fields.get("finishKey")
    if value is None:
        return "#"
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 9:
        return str(value)
    if isinstance(value, str) and _FINISH_KEY.fullmatch(value.strip()):
        return value.strip()
    raise fields.wrong(
        "finishKey",
        f"must be one of 0 to 9, * and #, or empty, not {shown(value)}.",
        "INVALID_FINISH_KEY",
        'Send one key, for example "#".',
    )


def _number(shop: Shop, fields: Fields) -> str:
    """The number to call. Raises ``InvalidInput`` and ``DestinationRefused``."""
    number = "+" + _dialled(fields).removeprefix("+").removeprefix("00")
    try:
        parse_destination(number, scripted_allowed=shop.scripted_numbers)
        shop.rates.price(number, 1)
    except InvalidInput as error:
        error.message = error.message.replace("phone_number", fields.label("to"))
        error.field = fields.written.get("to", "to")
        raise
    return number


def _dialled(fields: Fields) -> str:
    value = fields.get("to")
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**20:
        return str(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise fields.missing("to", f"The number to call, in E.164 format, for example {EXAMPLE}.")
    if not isinstance(value, str):
        raise fields.wrong("to", f"must be one number, not {kind(value)}.", "INVALID_TYPE")
    dialled = _PUNCTUATION.sub("", value.strip()) if len(value) <= _MAX_NAME_CHARS else ""
    if not _DIALLED.fullmatch(dialled):
        raise fields.wrong(
            "to",
            f"is not a telephone number: {shown(value)}.",
            "INVALID_PHONE_NUMBER",
            f'Write + and the country code, then the number; one per call. Example: "{EXAMPLE}".',
        )
    return dialled


def _callback(shop: Shop, fields: Fields, name: str) -> str:
    """A URL that something may be sent to, '' if there is none. Raises ``InvalidInput``."""
    url = fields.line(name, MAX_URL_CHARS)
    if url:
        try:
            check_webhook_url(shop, url)
        except InvalidInput as error:
            error.message = error.message.replace("The webhook URL", fields.label(name))
            error.field = fields.written.get(name, name)
            raise
    return url


def _metadata(fields: Fields) -> str:
    """The client's own object as JSON, '' if there is none. Raises ``InvalidInput``."""
    value: Any = fields.get("metaData")
    if value is None or value == "":
        return ""
    if isinstance(value, str):  # all that a query can say
        value = _decoded(value)
    if not isinstance(value, dict):
        raise fields.wrong("metaData", f"must be a JSON object, not {kind(value)}.", "INVALID_TYPE")
    try:
        encoded = _encode(value)
    except (msgspec.MsgspecError, UnicodeError, OverflowError, RecursionError, ValueError):
        raise fields.wrong(
            "metaData", "holds what JSON cannot say.", "INVALID_TYPE", "Put it in quotes."
        ) from None
    if len(encoded) > MAX_METADATA_BYTES:
        raise fields.wrong(
            "metaData",
            f"has {len(encoded)} bytes; at most {MAX_METADATA_BYTES} are kept.",
            "TOO_LONG",
            "Keep it yourself, and send only a name for it.",
        )
    return encoded.decode()
