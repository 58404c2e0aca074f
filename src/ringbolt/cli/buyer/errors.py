"""Why a purchase, a payment or a withdrawal failed.

PurchaseError           nothing was bought
|-- WrongInput          what was given to the command cannot be used; nothing was tried
|-- NotReached          a server or wallet does not answer
|-- NotPaid             the wallet did not pay, and will not
`-- Undelivered         paid, or perhaps paid, and nothing is delivered yet
"""

from __future__ import annotations

from ringbolt.cli.exit_codes import EXIT_FAILED, EXIT_UNAVAILABLE, EXIT_UNDELIVERED, EXIT_USAGE


class PurchaseError(Exception):
    """Nothing was bought; the message is for a person."""

    exit_code: int = EXIT_FAILED


class WrongInput(PurchaseError):
    """What was given to the command cannot be used; nothing was tried."""

    exit_code = EXIT_USAGE


class NotReached(PurchaseError):
    """A server or wallet does not answer. ``is_sent``: it may have got the request."""

    exit_code = EXIT_UNAVAILABLE

    def __init__(self, message: str, *, is_sent: bool = True) -> None:
        super().__init__(message)
        self.is_sent = is_sent


class NotPaid(PurchaseError):
    """The wallet did not pay, and will not: the payment failed, or it refused to send it."""


class Undelivered(PurchaseError):
    """Paid, or perhaps paid, and nothing is delivered yet."""

    exit_code = EXIT_UNDELIVERED
