"""What can go wrong.

ClientError
|-- Refused          the server refused the request; nothing was charged
|-- TooExpensive     the price is over ``max_sats``; nothing was paid
|-- BudgetExceeded   it does not fit in the day's budget; nothing was paid
|-- NotReached       a server or wallet does not answer
|-- NotPaid          the wallet did not pay, and will not
|-- Undelivered      paid, or perhaps paid, and nothing is delivered yet; repeat the same request
`-- Failed           the call, text or order failed; ``document`` says where the money is
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

INVALID_URL: Final = "INVALID_URL"
"""The code of ``Refused`` for what is no address."""


class ClientError(Exception):
    """``code`` is stable, the message is for a person, ``suggestion`` says what to do ('' where
    there is nothing to say), ``document`` is the server's answer, if there is one."""

    default_code = "CLIENT_ERROR"

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        suggestion: str = "",
        status: int = 0,
        document: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{message} {suggestion}".strip())
        self.message = message
        self.code = code or self.default_code
        self.suggestion = suggestion
        self.status = status
        self.document: Mapping[str, Any] = document or {}


class Refused(ClientError):
    """The server refused the request; nothing was charged. ``status`` is the HTTP status."""

    default_code = "REFUSED"


class TooExpensive(ClientError):
    """The price is over ``max_sats``; nothing was paid."""

    default_code = "PRICE_TOO_HIGH"


class BudgetExceeded(ClientError):
    """It does not fit in what is left of the day's budget; nothing was paid."""

    default_code = "BUDGET_EXCEEDED"


class NotReached(ClientError):
    """A server or wallet does not answer. ``is_sent``: it may have got the request."""

    default_code = "NOT_REACHED"

    def __init__(self, message: str, *, is_sent: bool = True) -> None:
        super().__init__(message)
        self.is_sent = is_sent


class NotPaid(ClientError):
    """The wallet did not pay, and will not."""

    default_code = "NOT_PAID"


class Undelivered(ClientError):
    """Paid, or perhaps paid, and nothing is delivered yet. The purchase is kept on the disk: the
    same request goes on with it, and does not pay again."""

    default_code = "UNDELIVERED"


class Failed(ClientError):
    """What was bought failed. ``document["refund"]`` says where the money is."""

    default_code = "FAILED"
