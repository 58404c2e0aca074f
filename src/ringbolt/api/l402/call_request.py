"""The call that a request describes, after every field is checked.

Everything is checked before anything is charged, names of voices and languages too: nobody must
pay for an option that was not read.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ringbolt.api.kit import http
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.request import Request
from ringbolt.api.l402.duration_check import check_fits, takes_longer
from ringbolt.api.l402.schema import MAX_MESSAGE_CHARS, MAX_URL_CHARS, GatherKeys, PlaceCall
from ringbolt.core.calls.call import Gather, Play, Say, Step
from ringbolt.core.canonical import canonical_json, digest
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput
from ringbolt.core.lightning import mpp
from ringbolt.core.lightning.lnurl import LnurlError, parse_lightning_address
from ringbolt.core.pricing.rates import MAX_MINUTES, started_minutes
from ringbolt.speech.language import SPOKEN_HERE, parse_tag, refusal
from ringbolt.speech.voices import find_persona

_MAX_IDEMPOTENCY_KEY = 255


class CallRequest(msgspec.Struct, frozen=True):
    """A valid request: ``order`` is what is bought, ``audio_url`` the file that is played ('': a
    text is spoken). ``body`` is the digest of its canonical JSON, ``raw_digest`` of its bytes,
    ``base`` the URL at which the client reaches the shop, ``arrived_s`` when it came by the
    monotonic clock. ``is_mpp``: the client says that it pays by MPP."""

    order: CallOrder
    refund_address: str
    audio_url: str
    ignored: tuple[str, ...]
    document: dict[str, Any]
    body: str
    raw_digest: str
    base: str
    authorization: list[str]
    idempotency_key: str
    arrived_s: float
    client: str
    is_mpp: bool

    @property
    def is_paid(self) -> bool:
        """Whether it has an Authorization header, valid or not."""
        return any(value.strip() for value in self.authorization)


def read_request(request: Request[PlaceCall], public_url: str) -> CallRequest:
    """Raises ``InvalidInput``."""
    refund_address = _refund_address(request.fields, request.params)
    order = read_order(request.fields, request.params)
    canonical = canonical_json(request.document)
    raw_digest = digest(request.body)
    return CallRequest(
        order=order,
        refund_address=refund_address,
        audio_url=request.params.audio_url.strip(),
        ignored=request.fields.ignored,
        document=request.document,
        body=raw_digest if canonical == request.body else digest(canonical),
        raw_digest=raw_digest,
        base=http.base_url(request.scope, public_url),
        authorization=http.headers(request.scope, b"authorization"),
        idempotency_key=request.header(b"idempotency-key")[:_MAX_IDEMPOTENCY_KEY],
        arrived_s=request.arrived_s,
        client=request.client,
        is_mpp=mpp.is_accepted(request.header(b"accept-payment")),
    )


def read_order(fields: Fields, params: PlaceCall) -> CallOrder:
    """The call, with every field checked except the number. Raises ``InvalidInput``."""
    duration = _duration(fields, params)
    speech = Say(
        params.message,
        _voice(params.voice.strip()),
        _language(params.language.strip()),
        params.neural,
        params.repeat,
    )
    callback_url = _callback_url(fields, params)
    audio_url = params.audio_url.strip()
    if audio_url:
        return _played(fields, params, Play(audio_url, params.repeat), duration, callback_url)
    if speech.text.strip():
        return _spoken(fields, params, speech, duration, callback_url)
    raise fields.missing(
        "message", "Provide message (text to speak) or audio_url (a file to play)."
    )


def _spoken(
    fields: Fields, params: PlaceCall, speech: Say, duration: float | None, callback_url: str
) -> CallOrder:
    _check_speakable(fields, speech.text)
    to, is_step = params.phone_number, _is_step(params)
    minutes = 1
    if duration is not None and (is_step or takes_longer(speech.text)):
        minutes = started_minutes(duration)
    if is_step:
        order = CallOrder(to, minutes, steps=(_step(params, speech),), status_url=callback_url)
    else:
        order = CallOrder(
            to,
            minutes,
            speech.text,
            voice=speech.voice,
            language=speech.language,
            neural=speech.neural,
            status_url=callback_url,
        )
    check_fits(speech.text, order)
    return order


def _played(
    fields: Fields, params: PlaceCall, played: Play, duration: float | None, callback_url: str
) -> CallOrder:
    url = played.url
    if len(url) > MAX_URL_CHARS or not url.lower().startswith(("https://", "http://")):
        raise fields.wrong(
            "audio_url",
            f"must be an http(s) URL of at most {MAX_URL_CHARS} characters.",
            "INVALID_AUDIO_URL",
            "Give the public address of an MP3 or WAV file.",
        )
    if duration is None:
        raise fields.missing(
            "duration_minutes", "It is required with audio_url: how many minutes to play, 1 to 30."
        )
    minutes, is_step = started_minutes(duration), _is_step(params)
    return CallOrder(
        params.phone_number,
        minutes,
        audio_url="" if is_step else url,
        steps=(_step(params, played),) if is_step else (),
        status_url=callback_url,
    )


def _is_step(params: PlaceCall) -> bool:
    """Whether the call repeats what is heard, or asks for keys."""
    return params.repeat > 1 or params.gather is not None


def _step(params: PlaceCall, heard: Say | Play) -> Step:
    gather = params.gather
    if not isinstance(gather, GatherKeys):
        return heard
    return Gather((heard,), gather.max_digits, gather.finish_key, gather.timeout_s * 1000)


def _check_speakable(fields: Fields, message: str) -> None:
    if len(message) > MAX_MESSAGE_CHARS:
        raise fields.wrong(
            "message",
            f"has {len(message)} characters; at most {MAX_MESSAGE_CHARS} are spoken.",
            "MESSAGE_TOO_LONG",
            "Shorten it, or record it and send audio_url with duration_minutes.",
        )
    unspeakable = refusal(message)
    if unspeakable:
        raise fields.wrong(
            "message",
            f"cannot be spoken. {unspeakable}",
            "MESSAGE_NOT_SPEAKABLE",
            SPOKEN_HERE,
        )


def _duration(fields: Fields, params: PlaceCall) -> float | None:
    duration = params.duration_minutes
    if duration is None or 1 <= duration <= MAX_MINUTES:
        return duration
    raise fields.wrong(
        "duration_minutes",
        f"must be between 1 and {MAX_MINUTES}, not {str(fields.get('duration_minutes'))[:32]}.",
        "INVALID_DURATION",
        "Choose 1 to 30 minutes; started minutes are charged.",
    )


def _refund_address(fields: Fields, params: PlaceCall) -> str:
    written = params.refund_address.strip()
    if not written:
        return ""
    try:
        address = parse_lightning_address(written)
    except LnurlError as error:
        raise fields.wrong(
            "refund_address",
            f"is not a Lightning Address: {error}",
            "INVALID_REFUND_ADDRESS",
            "Write it like an e-mail address (name@domain), or leave it out: a refund can then be "
            "withdrawn by LNURL.",
        ) from None
    return f"{address.name}@{address.host}"


def _voice(name: str) -> str:
    if name and find_persona(name) is None:
        raise InvalidInput(
            f"There is no voice {name[:32]!r}.",
            code="UNKNOWN_VOICE",
            field="voice",
            suggestion="Leave it out, or name one such as Joanna, Matthew, Zeina or Vicki.",
        )
    return name


def _language(tag: str) -> str:
    if tag and parse_tag(tag[:64]) is None:
        raise InvalidInput(
            f"The language {tag[:32]!r} is not spoken here.",
            code="UNKNOWN_LANGUAGE",
            field="language",
            suggestion="Leave it out to have it recognised, or write a tag such as en or es-MX.",
        )
    return tag


def _callback_url(fields: Fields, params: PlaceCall) -> str:
    url = params.callback_url.strip()
    if len(url) > MAX_URL_CHARS:
        raise fields.wrong(
            "callback_url",
            f"has {len(url)} characters; at most {MAX_URL_CHARS} are taken.",
            "WEBHOOK_URL_REFUSED",
            "Give a shorter https URL on the public Internet.",
        )
    return url
