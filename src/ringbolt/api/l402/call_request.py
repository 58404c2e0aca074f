"""The call that a request describes, after every field is checked."""

from __future__ import annotations

from typing import Any

import msgspec

from ringbolt.api.kit import http
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.request import Request
from ringbolt.api.l402.schema import GatherKeys, PlaceCall
from ringbolt.app.requests.plain_call import MAX_URL_CHARS, Keys, PlainCall
from ringbolt.core.canonical import canonical_json, digest
from ringbolt.core.commands import CallOrder
from ringbolt.core.lightning import mpp
from ringbolt.core.lightning.lnurl import LnurlError, parse_lightning_address

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
    gather = params.gather
    audio_url = params.audio_url.strip()
    call = PlainCall(
        to=params.phone_number,
        message=params.message,
        audio_url=audio_url,
        minutes=params.duration_minutes,
        voice=params.voice.strip(),
        language=params.language.strip(),
        neural=params.neural,
        repeat=params.repeat,
        keys=Keys(gather.max_digits, gather.finish_key, gather.timeout_s)
        if isinstance(gather, GatherKeys)
        else None,
        status_url=_callback_url(fields, params),
    )
    if audio_url:
        if params.duration_minutes is None:
            raise fields.missing(
                "duration_minutes",
                "It is required with audio_url: how many minutes to play, 1 to 30.",
            )
    elif not params.message.strip():
        raise fields.missing(
            "message", "Provide message (text to speak) or audio_url (a file to play)."
        )
    return call.command()


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
