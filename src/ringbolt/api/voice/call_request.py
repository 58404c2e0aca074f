"""The fields of a call as one plain command.

Everything that needs the request alone is checked before any audio is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ringbolt.api.kit import call_callbacks
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.request import Request
from ringbolt.api.kit.style import shown
from ringbolt.api.voice import schema
from ringbolt.api.voice.audio_files import AudioFiles
from ringbolt.api.voice.call_fields import check_callback, encode_json
from ringbolt.app.checkout.prices import call_price
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import fields_of
from ringbolt.core.calls.call import Gather, Play, Say, Step
from ringbolt.core.calls.ssml import is_ssml, parse_ssml
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput
from ringbolt.speech.language import SPOKEN_HERE, parse_tag, refusal
from ringbolt.speech.voices import LANGUAGE_IGNORED, resolve_persona

DEFAULT_VOICE: Final = "Zeina"
NO_DIGITS: Final = "dtmf_not_asked"
"""The note on a call that has a URL for digits but collects none."""
REPLACED: Final = "query_field_replaced"
"""The note on a callback by GET that replaces a field of the URL's own query."""
NO_FILES: Final = AudioFiles()


@dataclass(frozen=True, slots=True)
class Voiced:
    """Who speaks: ``name`` is '' for the shop's default; ``notes`` say what differs from what was
    requested."""

    name: str
    language: str
    neural: bool
    shown: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A valid call: the command, and what is answered about it at once."""

    command: CallOrder
    voice: str
    notes: tuple[str, ...]
    files: AudioFiles = NO_FILES


def read_call(shop: Shop, request: Request[schema.Call]) -> CallRequest:
    """The call that is requested; its audio is yet to be examined.

    Raises ``InvalidInput``, ``DestinationRefused``.
    """
    params, fields = request.params, request.fields
    voiced = voice_of(shop, params)
    spoken = _spoken(fields, params, voiced)
    if params.audio_url:
        step: Step = _with_keys(params, Play(params.audio_url, fallback=spoken))
    elif spoken is not None:
        step = _with_keys(params, spoken)
    else:
        raise fields.missing("sayText", "Give sayText (a text to speak) or audioUrl (a file).")
    command, notes = command_of(shop, request, (step,))
    files = NO_FILES
    if params.audio_url:
        repeats = fields.get("reps") is not None and params.reps > 1
        files = AudioFiles((params.audio_url,), spoken is not None, repeats)
    return CallRequest(command, voiced.shown, (*voiced.notes, *notes), files)


def command_of(
    shop: Shop, request: Request[Any], steps: tuple[Step, ...]
) -> tuple[CallOrder, tuple[str, ...]]:
    """The command with all that calls have in common, whatever they say, and notes on it."""
    params: schema.AnyCall = request.params
    call_price(shop, params.to)  # refuses a number that is not called
    digits_url, status_url = (
        check_callback(shop, request.fields, name, url)
        for name, url in (
            ("dtmfCallbackEndpoint", params.dtmf_callback_endpoint),
            ("statusCallbackEndpoint", params.status_callback_endpoint),
        )
    )
    collects = any(isinstance(step, Gather) for step in steps)
    command = CallOrder(
        to=params.to,
        minutes=params.max_minutes or 0,  # 0: as many as the script may take
        steps=steps,
        ring_timeout_s=params.timeout,
        status_url=status_url,
        status_method=params.status_callback_method,
        digits_url=digits_url if collects else "",
        metadata="" if params.meta_data is None else encode_json(params.meta_data).decode(),
    )
    notes = (NO_DIGITS,) if digits_url and not collects else ()
    return command, (*notes, *_replaced(command))


def _replaced(command: CallOrder) -> tuple[str, ...]:
    replaced = fields_of(command.digits_url) & call_callbacks.DIGITS_FIELDS
    if command.status_method == "GET":
        replaced |= fields_of(command.status_url) & call_callbacks.STATUS_FIELDS
    return tuple(f"{REPLACED}: {name}" for name in sorted(replaced))


def voice_of(shop: Shop, params: schema.Spoken) -> Voiced:
    """The voice of a call. An unknown voice is no error: the default speaks, and a note says so."""
    default = shop.settings.speech.default_voice or DEFAULT_VOICE
    name, language = params.voice, params.language
    if name.casefold() == default.casefold():
        name = ""  # then nothing is noted about a text in another language than the default's
    persona, notes = resolve_persona(name, default)
    if language and parse_tag(language) is None:
        notes = (*notes, LANGUAGE_IGNORED)
    return Voiced(name, language, params.neural, persona.id if persona else default, notes)


def check_speakable(fields: Fields, name: str, text: str) -> None:
    """Raises ``InvalidInput`` for a text, or SSML, that no voice can speak."""
    try:
        words = parse_ssml(text).text if is_ssml(text) else text
    except InvalidInput as error:
        error.field = fields.written(name)
        raise
    reason = refusal(words)
    if reason:
        raise fields.wrong(
            name,
            f"cannot be spoken: {shown(words)}. {reason}",
            "MESSAGE_NOT_SPEAKABLE",
            SPOKEN_HERE,
        )


def _spoken(fields: Fields, params: schema.Call, voiced: Voiced) -> Say | None:
    text = params.say_text
    if not text.strip():
        return None
    check_speakable(fields, "sayText", text)
    return Say(text, voiced.name, voiced.language, voiced.neural, params.reps)


def _with_keys(params: schema.Call, step: Say | Play) -> Step:
    """The step alone; or, with dtmf, inside of what collects keys during it and after it."""
    if not params.dtmf:
        return step
    timeout_ms = params.gather_timeout * 1000
    return Gather((step,), params.max_digits, params.finish_key, timeout_ms)
