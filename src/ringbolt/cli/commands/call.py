"""``ringbolt call``: buy a call and follow it, or go on with one that was begun before."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
from msgspec.structs import replace

from ringbolt.cli.buyer.answers import links_of
from ringbolt.cli.buyer.call_report import (
    resume_command,
    show_report,
    show_ways,
    status_line,
)
from ringbolt.cli.buyer.errors import NotReached, PurchaseError, WrongInput
from ringbolt.cli.buyer.purchase import Began, Buyer
from ringbolt.cli.buyer.purchase_file import Purchase, PurchaseFolder, users_folder
from ringbolt.cli.buyer.wallet import WalletAddress, open_wallet
from ringbolt.cli.exit_codes import EXIT_NOT_ANSWERED, EXIT_OK
from ringbolt.cli.output import progress

PATH = "/api/l402/place-call"
_OVER = ("settled", "returned")
"""States of an order with which nothing is left to do."""


async def buy_call(
    server: str, body: dict[str, Any], wallet: WalletAddress, max_sats: int, *, waits: bool
) -> int:
    """Buy a call and follow it; the exit code. Raises ``PurchaseError``."""
    folder = users_folder()
    _remind(folder)
    async with _buyer(wallet, folder) as buyer:
        url = server.rstrip("/") + PATH
        purchase = await buyer.ask(url, body, max_sats, wallet)
        with _stopped_by_sigterm(), folder.locked(purchase.id):
            return await _go_on(buyer, purchase, Began.NOW, waits)


async def resume_call(name: str, wallet: WalletAddress, *, waits: bool) -> int:
    """Go on with the purchase whose id begins with ``name``, or the newest unfinished one; the exit
    code. ``wallet`` replaces the one it was begun with, unless its URL is ''."""
    folder = users_folder()
    purchase = folder.find(name) if name else _newest(folder)
    began = Began.WITH_ANOTHER if wallet.url else Began.EARLIER
    with _stopped_by_sigterm(), folder.locked(purchase.id):
        purchase = folder.find(purchase.id)  # as it is now
        async with _buyer(wallet if wallet.url else purchase.wallet, folder) as buyer:
            buyer.tell(f"purchase {purchase.id} of {purchase.asked_at}: {purchase.url}")
            if purchase.is_failed and purchase.status_url:
                purchase = await _again(buyer, purchase)
            return await _go_on(buyer, purchase, began, waits)


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """SIGTERM stops a purchase as Ctrl-C does: how to go on is printed.

    Scripts need it: a shell without job control starts what ends in ``&`` with SIGINT ignored, so
    that Ctrl-C does not reach it, and Python leaves it so.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    try:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    except NotImplementedError:  # on Windows
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


@asynccontextmanager
async def _buyer(address: WalletAddress, folder: PurchaseFolder) -> AsyncIterator[Buyer]:
    from rich.markup import escape

    started = time.monotonic()

    def tell(text: str) -> None:
        progress.print(f"[dim]{time.monotonic() - started:6.1f} s[/]  {escape(text)}")

    wallet = open_wallet(address)
    try:
        async with httpx.AsyncClient(timeout=60) as http:
            yield Buyer(http, wallet, folder, tell)
    finally:
        await wallet.close()


async def _go_on(buyer: Buyer, purchase: Purchase, began: Began, waits: bool) -> int:
    """Do what is left of a purchase; when that ends early, say how it can be continued."""
    try:
        purchase = await buyer.go_on(purchase, began)
        assert purchase.answer is not None
        buyer.tell(f"{purchase.answer.get('status', 'placed')}: sid {purchase.answer.get('sid')}")
        report = {**purchase.answer, "paid_sats": purchase.amount_sats}
        if not purchase.status_url:
            buyer.folder.remove(purchase)
            show_report(purchase, report)
            return EXIT_OK
        buyer.tell(f"status: {purchase.status_url}")
        if waits:
            seen = await buyer.follow(purchase, lambda now: buyer.tell(status_line(now)))
            return _ended(buyer, purchase, report | seen)
    except (PurchaseError, asyncio.CancelledError):
        for kept in buyer.folder.all():
            if kept.id == purchase.id:
                show_ways(kept)
        raise
    show_report(purchase, report)
    show_ways(purchase)
    return EXIT_OK


def _ended(buyer: Buyer, purchase: Purchase, report: dict[str, Any]) -> int:
    """The call is over; the exit code."""
    if report["order_state"] in _OVER:
        buyer.folder.remove(purchase)
        show_report(purchase, report)
    else:
        failed = replace(purchase, is_failed=True, links=links_of(report))
        buyer.folder.keep(failed)
        show_report(failed, report)
        show_ways(failed, report)
    return EXIT_OK if report.get("answered_at") else EXIT_NOT_ANSWERED


async def _again(buyer: Buyer, purchase: Purchase) -> Purchase:
    """A purchase whose call failed: its credential is shown again if it may buy the call again."""
    now = await buyer.status(purchase)
    if now is None:
        raise NotReached(f"{purchase.status_url} does not answer.")
    if now.get("retry"):
        buyer.tell("the call failed; it is tried again with the same credential")
        return replace(purchase, answer=None, is_failed=False)
    return replace(purchase, is_failed=False)  # it is followed to its end


def _newest(folder: PurchaseFolder) -> Purchase:
    """The newest purchase that is not over. Raises ``WrongInput``."""
    kept = folder.all()
    begun = [each for each in kept if not each.is_failed and not folder.is_locked(each)]
    if begun:
        return begun[-1]
    failed = [f"  {resume_command(each)}   {each.asked_at}, {each.url}" for each in kept]
    if not failed:
        raise WrongInput(f"There is no unfinished purchase in {folder.path}.")
    listed = "\n".join(failed)
    raise WrongInput(
        f"No purchase was interrupted. These failed, and may be tried again:\n{listed}"
    )


def _remind(folder: PurchaseFolder) -> None:
    """Say which earlier purchases are paid for and not delivered."""
    for each in folder.all():
        if not each.is_delivered and not folder.is_locked(each):
            sys.stderr.write(
                f"An earlier purchase ({each.asked_at}, {each.amount_sats} sats) is not finished: "
                f"{resume_command(each)}\n"
            )
