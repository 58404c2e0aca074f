"""A request to a paid URL: what it buys, and all that binds a payment to it."""

from __future__ import annotations

from typing import Any

import msgspec

from ringbolt.api.kit import http
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.request import Request
from ringbolt.app.checkout.order_rows import PaidOnce
from ringbolt.app.requests.plain_call import MAX_URL_CHARS
from ringbolt.core.canonical import canonical_json, digest
from ringbolt.core.lightning import mpp
from ringbolt.core.lightning.lnurl import LnurlError, parse_lightning_address

_MAX_IDEMPOTENCY_KEY = 255


class Wish(msgspec.Struct, frozen=True):
    """What the fields of a valid request describe. ``audio_url``: the file that a call plays
    ('': a text is spoken). ``webhook_url``: what gets every change of a message; a call has its
    own in its command."""

    command: PaidOnce
    refund_address: str
    audio_url: str = ""
    webhook_url: str = ""


class PaidRequest(msgspec.Struct, frozen=True):
    """A valid request: ``order`` is what is bought. ``body`` is the digest of its canonical JSON,
    ``raw_digest`` of its bytes, ``base`` the URL at which the client reaches the shop,
    ``arrived_s`` when it came by the monotonic clock. ``is_mpp``: the client says that it pays by
    MPP."""

    order: PaidOnce
    refund_address: str
    audio_url: str
    webhook_url: str
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


def paid_request(request: Request[Any], wish: Wish, public_url: str) -> PaidRequest:
    """The request that asks for ``wish``. Raises ``InvalidInput``."""
    canonical = canonical_json(request.document)
    raw_digest = digest(request.body)
    return PaidRequest(
        order=wish.command,
        refund_address=wish.refund_address,
        audio_url=wish.audio_url,
        webhook_url=wish.webhook_url,
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


def read_refund_address(fields: Fields, written: str) -> str:
    """A Lightning Address, '' for none. Raises ``InvalidInput``."""
    written = written.strip()
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


def read_callback_url(fields: Fields, written: str, at_most: int = MAX_URL_CHARS) -> str:
    """A URL of at most so many bytes, '' for none; whether it can be used is checked elsewhere.
    Raises ``InvalidInput``."""
    url = written.strip()
    length = len(url.encode())
    if length > at_most:
        raise fields.wrong(
            "callback_url",
            f"has {length} bytes; at most {at_most} are taken.",
            "WEBHOOK_URL_REFUSED",
            "Give a shorter https URL on the public Internet.",
        )
    return url
