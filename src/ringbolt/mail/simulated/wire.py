"""The JSON between the simulated mail server and its adapter; both use this."""

from __future__ import annotations

from msgspec import Struct


class MailRequest(Struct, frozen=True):
    """An envelope and the message in it: RFC 5322, lines ending in CR LF, ASCII only."""

    ref: str
    envelope_from: str
    to: str
    message: str


class MailAccepted(Struct, frozen=True):
    id: str


class MailRefusal(Struct, frozen=True):
    """``permanent``: as SMTP's 5xx; otherwise as its 4xx."""

    reason: str
    permanent: bool
