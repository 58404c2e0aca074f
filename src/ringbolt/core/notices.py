"""Notices to the receivers of an order, as plain facts.

A notice is stored in the transaction that makes it true. The API family of the order turns it into
its own document when it is sent for the first time. Until then it is stored as JSON: tags, names
and defaults of the fields never change.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec
from msgspec.structs import replace

from ringbolt.core.order import OrderKind, OrderState, PaymentMethod


class TextNotice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text that came, as the buyer may see it. ``code``: the code found in it."""

    at_ms: int
    text: str
    sender: str = ""
    code: str = ""


class SentNotice(msgspec.Struct, frozen=True):
    """A text or e-mail that is sent. ``status``: created, sent, delivered or failed."""

    public_id: str
    status: str


class NumberNotice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A number to receive on. ``number``: '' until there is one. ``country``: by its number in the
    country list, the country of the number, or the one that was asked for. ``latest``: the latest
    text; ``texts``: it and those before it, or those of a page, of ``texts_kept``; ``texts_lost``
    came beyond those. ``is_masked``: what is worth something in the texts is not shown, because it
    is not paid for yet. ``cancel_after_ms``: from when on its provider takes it back, 0 if at
    once."""

    number: str = ""
    country: int
    service: str
    code: str = ""
    latest: str = ""
    texts: tuple[TextNotice, ...] = ()
    texts_kept: int = 0
    texts_lost: int = 0
    is_masked: bool = False
    assigned_ms: int | None = None
    cancel_after_ms: int = 0


class CalledNotice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The call of an order. ``digits``: the keys that answer its questions so far. ``talked_ms``:
    how long it lasted, known when it is over; ``heard_ms``: how much of its script was heard."""

    sid: str
    to: str
    status: str
    digits: str = ""
    cause: str = ""
    talked_ms: int = 0
    heard_ms: int = 0
    notes: tuple[str, ...] = ()


class OrderNotice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="order"):
    """The state of an order. Times in ms UTC.

    ``changed_ms``: when something changed last; None before it is paid. ``expires_ms``: until when
    it can be paid, or texts are waited for. ``fault``: why the buyer gets the money back; None for
    an order that is well. ``has_no_number``: because there was none. ``is_cancelled``: before it
    was paid.
    """

    order_id: str
    kind: OrderKind
    state: OrderState
    method: PaymentMethod
    price_msat: int
    changed_ms: int | None = None
    expires_ms: int | None = None
    fault: str | None = None
    has_no_number: bool = False
    is_cancelled: bool = False
    sent: SentNotice | None = None
    receiving: NumberNotice | None = None
    called: CalledNotice | None = None

    def news(self) -> str:
        """Equal for two notices with the same content; the time of the change does not count."""
        content = replace(self, changed_ms=None)
        if content.receiving is not None:
            receiving = replace(content.receiving, cancel_after_ms=0)
            content = replace(content, receiving=receiving)
        return hashlib.blake2b(_encode(content), digest_size=12).hexdigest()


class CallNotice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="call"):
    """The status of a call. ``digits``: the keys pressed so far; ``metadata`` is the buyer's own
    JSON, '' for none."""

    order_id: str
    sid: str
    to: str
    status: str
    at_ms: int
    digits: str = ""
    talked_ms: int = 0
    cause: str = ""
    metadata: str = ""

    def news(self) -> str:
        return self.status


class DigitsNotice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="digits"):
    """The keys pressed in a call that is over."""

    sid: str
    to: str
    status: str
    digits: str
    metadata: str = ""

    def news(self) -> str:
        return "told"


Notice = OrderNotice | CallNotice | DigitsNotice

_MARK: Final = b'{"notice":'
_encode = msgspec.json.Encoder().encode


class _Waiting(msgspec.Struct, frozen=True):
    notice: Notice


_decode = msgspec.json.Decoder(_Waiting).decode


def to_json(notice: Notice) -> bytes:
    """The notice as it is stored until it is sent."""
    return _encode(_Waiting(notice))


def is_notice(body: bytes) -> bool:
    """Whether ``body`` is a stored notice; otherwise it is a document that was sent before."""
    return body.startswith(_MARK)


def from_json(body: bytes) -> Notice:
    return _decode(body).notice
