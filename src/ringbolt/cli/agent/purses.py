"""What pays for an agent on this machine: a prepaid key or a wallet, within a budget."""

from __future__ import annotations

import asyncio
from typing import Final

from ringbolt.cli.agent.budget import Budget
from ringbolt.cli.buyer.wallet import OpenWallet
from ringbolt.mcp.arguments import Buy
from ringbolt.mcp.purse import Place
from ringbolt.mcp.results import Result, refusal
from ringbolt_client.buying import fee_limit, price_within
from ringbolt_client.errors import ClientError, NotPaid, Refused
from ringbolt_client.invoice import Invoice, read_invoice
from ringbolt_client.wallets.lnd import GIVEN_BACK

_SOON_S: Final = 1.0
"""How long a payment that fails at once may take to do so."""
_RETURNING_S: Final = 5.0
"""How long money is waited for that is not enough only because payments are under way: an order is
known to have failed a moment before the wallet has its payment back."""
_UNKNOWN: Final = frozenset({"NO_ANSWER"})


class InvoicePurse:
    """Nothing pays here: the agent is shown the invoice."""

    async def pay_for(self, wanted: Buy, place: Place) -> Result:
        return await place({} if wanted.max_sats is None else {"maxPrice": wanted.max_sats})

    async def invoice(self, sats: int) -> str:
        """The agent has to name one."""
        return ""


class KeyPurse(InvoicePurse):
    """The balance of a prepaid key pays."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    async def pay_for(self, wanted: Buy, place: Place) -> Result:
        if wanted.pay_by_invoice:
            return await super().pay_for(wanted, place)
        budget, name = self._budget, wanted.request_id
        async with budget.lock:
            most = _most(wanted, budget.left_for(name))
            if most <= 0:
                return budget.exceeded()
            # Counted before it is asked for: an order whose answer is lost may have been placed.
            budget.count(name, most)
            result = await place({"immediate": True, "maxPrice": most})
            if not result.is_error:
                budget.count(name, result.document["price_sats"])
            elif _is_refusal(result):
                budget.release(name)
        return _with_rest(_in_words_of(budget, wanted, result), budget)


class WalletPurse(InvoicePurse):
    """A wallet pays the hold invoice; its payment ends when the order is decided."""

    def __init__(self, wallet: OpenWallet, budget: Budget) -> None:
        self._wallet = wallet
        self._budget = budget
        self._payments: dict[str, asyncio.Task[ClientError | None]] = {}

    async def pay_for(self, wanted: Buy, place: Place) -> Result:
        if wanted.pay_by_invoice:
            return await super().pay_for(wanted, place)
        budget, name = self._budget, wanted.request_id
        async with budget.lock:
            result = await self._placed(wanted, place)
            if result.is_error:
                return result
            most = self._most(wanted)
            document = result.document
            invoice = _read(document["invoice"])
            price = 0 if invoice is None else invoice.sats
            if invoice is None or not 0 < price <= most:
                return refusal(
                    "WRONG_INVOICE",
                    f"The shop's invoice is not over {document['price_sats']} sats or less.",
                    "Nothing was paid. Do not use this shop.",
                )
            budget.count(name, price + fee_limit(price))
        paying = self._pay(name, invoice, price)
        await asyncio.wait({paying}, timeout=_SOON_S)
        error = paying.result() if paying.done() else None
        # A held payment that the shop let go: the order has failed, and says why.
        came_back = error is not None and error.code == GIVEN_BACK
        if error is not None and not came_back:
            return _with_rest(_not_paid(document["order_id"], error), budget)
        told = {key: value for key, value in document.items() if key != "invoice"}
        told |= {"paid": not came_back, "next_step": "Call wait_for_result with this order_id."}
        return _with_rest(Result(told), budget)

    async def _placed(self, wanted: Buy, place: Place) -> Result:
        """An order within the budget; what is coming back is waited for if it does not fit in."""
        paying = {each for each in self._payments.values() if not each.done()}
        while True:
            most = self._most(wanted)
            result = self._budget.exceeded() if most <= 0 else await place({"maxPrice": most})
            result = _in_words_of(self._budget, wanted, result)
            if result.document.get("error") != "BUDGET_EXCEEDED" or not paying:
                return _with_rest(result, self._budget) if result.is_error else result
            ended, paying = await asyncio.wait(
                paying, timeout=_RETURNING_S, return_when=asyncio.FIRST_COMPLETED
            )
            if not ended:
                paying = set()

    def _most(self, wanted: Buy) -> int:
        return _most(wanted, price_within(self._budget.left_for(wanted.request_id)))

    async def invoice(self, sats: int) -> str:
        """An invoice of the wallet."""
        try:
            return await self._wallet.create_invoice(sats, "refund")
        except ClientError:
            return ""  # the agent is asked for one then

    def _pay(self, name: str, invoice: Invoice, price: int) -> asyncio.Task[ClientError | None]:
        """The payment of a request, which is begun once."""
        paying = self._payments.get(name)
        if paying is None or (paying.done() and paying.result() is not None):
            paying = asyncio.create_task(self._payment(name, invoice, price))
            self._payments[name] = paying
        return paying

    async def _payment(self, name: str, invoice: Invoice, price: int) -> ClientError | None:
        """Why it is not, or perhaps not, paid; None once it is."""
        try:
            await self._wallet.pay(invoice, fee_limit(price))
        except NotPaid as error:
            self._budget.release(name)  # it came back, or never left
            return error
        except ClientError as error:
            return error
        return None


def _read(invoice: str) -> Invoice | None:
    """None for an invoice that cannot be read, or names no amount."""
    try:
        return read_invoice(invoice)
    except Refused:
        return None


def _most(wanted: Buy, left: int) -> int:
    return left if wanted.max_sats is None else min(wanted.max_sats, left)


def _is_refusal(result: Result) -> bool:
    """Whether it is certain that no order was placed."""
    return result.document["error"] not in _UNKNOWN and not result.document.get("is_fault")


def _in_words_of(budget: Budget, wanted: Buy, result: Result) -> Result:
    """A price over what is left of the budget, not over the agent's own limit."""
    is_over = result.is_error and result.document["error"] == "PRICE_TOO_HIGH"
    is_own = wanted.max_sats is not None and wanted.max_sats <= budget.left
    return budget.exceeded() if is_over and not is_own else result


def _with_rest(result: Result, budget: Budget) -> Result:
    return Result(result.document | {"budget_left_sats": budget.left}, result.is_error)


def _not_paid(order_id: str, error: ClientError) -> Result:
    if isinstance(error, NotPaid):
        step = "See that the wallet has enough and can reach the shop, and buy again."
        return refusal("NOT_PAID", str(error), step, order_id=order_id)
    step = "It may have been paid: call wait_for_result with this order_id."
    return refusal("PAYMENT_UNKNOWN", str(error), step, order_id=order_id)
