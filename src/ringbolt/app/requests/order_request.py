"""The plain command behind every order of a text, a number, an e-mail or a top-up.

They are what an order keeps in ``request``, whichever API it came by.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


class SendText(msgspec.Struct, frozen=True, omit_defaults=True):
    """Send ``message`` to ``to`` (E.164) from ``sender``, a name or number of the operator's."""

    to: str
    message: str = ""  # once it was wiped
    sender: str = ""


class SendMail(msgspec.Struct, frozen=True, omit_defaults=True):
    """Mail ``message`` to ``to``; ``subject`` is '' for the operator's own."""

    to: str
    message: str = ""  # once it was wiped
    subject: str = ""


class ReceiveTexts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Lend a number and show what is texted to it.

    ``service``: its code. ``country``: the seed's number, 999 = any. ``hours``: 0 for an
    activation (one code), else a rental. ``real``: of the operator's own pool. ``again``: the
    number (E.164) that an earlier order of the same buyer had, from ``provider``.
    """

    service: str
    country: int
    hours: int = 0
    real: bool = False
    again: str = ""
    provider: str = ""


class TopUp(msgspec.Struct, frozen=True, omit_defaults=True):
    """Add ``sats`` to the balance of the key ``key_id``."""

    key_id: str
    sats: int


OrderRequest = SendText | SendMail | ReceiveTexts | TopUp

_encode = msgspec.json.Encoder().encode


def to_json(request: msgspec.Struct) -> str:
    return _encode(request).decode()


def from_json(text: str, kind: type[T]) -> T:
    """The command of that kind. A text that was wiped is empty."""
    return msgspec.json.decode(text, type=kind)
