"""A wallet that is a function of the user's: invoice in, preimage out."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ringbolt_client.errors import ClientError, NotPaid, NotReached
from ringbolt_client.invoice import Invoice
from ringbolt_client.steps import Call, Steps

Pay = Callable[[str], str] | Callable[[str], Awaitable[str]]
Find = Callable[[str], str | None] | Callable[[str], Awaitable[str | None]]


class FunctionWallet:
    """``pay`` gets the invoice and returns the preimage in hex; what it raises means that it is not
    known whether it paid, but ``NotPaid``. ``find`` gets the payment hash (hex) and returns the
    preimage of a payment that was made, None for none; without it, a payment whose outcome was lost
    is never repeated by itself."""

    def __init__(self, pay: Pay, find: Find | None = None) -> None:
        self._pay = pay
        self._find = find

    def pay(self, invoice: Invoice, fee_limit_sats: int) -> Steps[str]:
        return str((yield from _called(self._pay, invoice.text)))

    def find(self, invoice: Invoice) -> Steps[str | None]:
        if self._find is None:
            raise NotReached("This wallet cannot say whether it has paid.")
        found = yield from _called(self._find, invoice.payment_hash)
        return None if found is None else str(found)


def _called(function: Callable[..., Any], argument: str) -> Steps[Any]:
    def guarded(given: str) -> Any:
        with _plain_faults():
            result = function(given)
            return _awaited(result) if inspect.isawaitable(result) else result

    result = yield Call(guarded, (argument,))
    if result == "":
        raise NotPaid("The wallet's function returned no preimage.")
    return result


async def _awaited(result: Awaitable[Any]) -> Any:
    with _plain_faults():
        return await result


@contextmanager
def _plain_faults() -> Iterator[None]:
    """Whatever the user's function raises leaves open whether it has paid."""
    try:
        yield
    except ClientError:
        raise
    except Exception as error:
        raise NotReached(f"The wallet's function failed: {error!r}") from error
