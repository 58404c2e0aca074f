"""``ringbolt call``: buy a call and follow it, or go on with one that was begun before."""

from __future__ import annotations

import asyncio
import math
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from ringbolt.cli.buyer.call_report import (
    each_line_once,
    resume_command,
    show_report,
    show_ways,
    status_line,
)
from ringbolt.cli.buyer.errors import WrongInput
from ringbolt.cli.buyer.note import Note
from ringbolt.cli.buyer.purchases import (
    asked_at,
    find_purchase,
    is_in_use,
    links_of,
    note_of,
    users_journal,
)
from ringbolt.cli.buyer.wallet import OpenWallet, WalletAddress, opened_wallet
from ringbolt.cli.exit_codes import EXIT_NOT_ANSWERED, EXIT_OK
from ringbolt.cli.output import progress
from ringbolt_client.buying import Buyer, Tell, Wanted
from ringbolt_client.errors import ClientError
from ringbolt_client.following import follow, read_status
from ringbolt_client.journal import Journal, Purchase, new_id
from ringbolt_client.shop import CALL_FINAL
from ringbolt_client.steps import Steps

PATH = "/api/l402/place-call"
_OVER = ("settled", "returned")
"""States of an order with which nothing is left to do."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where a call is bought: a wallet that is open, the user's journal, and lines on stderr."""

    wallet: OpenWallet
    journal: Journal
    buyer: Buyer
    tell: Tell


async def buy_call(
    server: str, body: dict[str, Any], wallet: WalletAddress, max_sats: int, *, waits: bool
) -> int:
    """Buy a call and follow it; the exit code. Raises ``ClientError``."""
    journal = users_journal()
    _remind(journal)
    wanted = Wanted(
        "POST",
        server.rstrip("/") + PATH,
        body,
        max_sats,
        name=new_id(),  # each call is a purchase of its own, kept until it is over
        needs_document=True,
        note=Note(wallet=wallet.to_be_kept()).written(),
    )
    async with _desk(wallet, journal) as desk:
        with _stopped_by_sigterm():
            return await _go_on(desk, wanted.key, desk.buyer.buy(wanted), waits)


async def resume_call(name: str, wallet: WalletAddress, *, waits: bool) -> int:
    """Go on with the purchase whose id begins with ``name``, or the newest unfinished one; the exit
    code. ``wallet`` replaces the one it was begun with, unless its URL is ''."""
    journal = users_journal()
    purchase = find_purchase(journal, name) if name else _newest(journal)
    if is_in_use(journal, purchase):
        raise ClientError(
            f"Purchase {purchase.id} is in use by another process. Wait for it, or stop it."
        )
    note = note_of(purchase)
    async with _desk(wallet if wallet.url else note.wallet, journal) as desk:
        with _stopped_by_sigterm():
            desk.tell(f"purchase {purchase.id} of {asked_at(purchase)}: {purchase.url}")
            if note.is_failed and purchase.status_url:
                await _again(desk, purchase)
            is_same = not wallet.url or wallet.to_be_kept().url == note.wallet.url
            steps = desk.buyer.resume(purchase, is_same_wallet=is_same)
            return await _go_on(desk, purchase.key, steps, waits)


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
async def _desk(address: WalletAddress, journal: Journal) -> AsyncIterator[_Desk]:
    from rich.markup import escape

    started = time.monotonic()

    def tell(text: str) -> None:
        progress.print(f"[dim]{time.monotonic() - started:6.1f} s[/]  {escape(text)}")

    async with opened_wallet(address) as wallet:
        buyer = Buyer(wallet.wallet, journal, tell=tell, tries=None)
        yield _Desk(wallet, journal, buyer, tell)


async def _go_on(desk: _Desk, key: str, buying: Steps[dict[str, Any]], waits: bool) -> int:
    """Do what is left of a purchase; when that ends early, say how it can be continued."""
    try:
        answer = await desk.wallet.do(buying)
        purchase = _kept(desk.journal, key)
        desk.tell(f"{answer.get('status', 'placed')}: sid {answer.get('sid')}")
        report = {**answer, "paid_sats": 0 if purchase is None else purchase.amount_sats}
        status_url = str(answer.get("status_url") or "")
        if not status_url:
            desk.journal.forget(key)
            show_report(report)
            return EXIT_OK
        desk.tell(f"status: {status_url}")
        if waits:
            told = each_line_once(desk.tell, status_line)
            seen = await desk.wallet.do(follow(status_url, CALL_FINAL, math.inf, told=told))
            return _ended(desk.journal, purchase, report | seen)
    except (ClientError, asyncio.CancelledError) as error:
        kept = _kept(desk.journal, key)
        if kept is not None:
            show_ways(_with_links(desk.journal, kept, error))
        raise
    show_report(report)
    if purchase is not None:
        show_ways(purchase)
    return EXIT_OK


def _kept(journal: Journal, key: str) -> Purchase | None:
    """The purchase, unless it is over or the disk has failed meanwhile."""
    try:
        return journal.find(key)
    except ClientError:
        return None


def _with_links(journal: Journal, purchase: Purchase, error: BaseException) -> Purchase:
    """The purchase with the links of a refund, if that is what it was refused with."""
    links = links_of(dict(error.document)) if isinstance(error, ClientError) else []
    if not links:
        return purchase
    noted = msgspec.structs.replace(note_of(purchase), links=links).on(purchase)
    with suppress(ClientError):  # on a full disk they are shown at least
        journal.keep(noted)
    return noted


def _ended(journal: Journal, purchase: Purchase | None, report: dict[str, Any]) -> int:
    """The call is over; the exit code."""
    if purchase is None or report.get("order_state", "settled") in _OVER:
        if purchase is not None:
            journal.forget(purchase.key)
        show_report(report)
    else:
        note = note_of(purchase)
        note = msgspec.structs.replace(note, is_failed=True, links=links_of(report))
        failed = journal.keep(note.on(purchase))
        show_report(report, failed)
        show_ways(failed, report)
    return EXIT_OK if report.get("answered_at") else EXIT_NOT_ANSWERED


async def _again(desk: _Desk, purchase: Purchase) -> None:
    """A purchase whose call failed: its credential is shown again if it may buy the call again,
    else the call is followed to its end."""
    now = await desk.wallet.do(read_status(purchase.status_url))
    note = msgspec.structs.replace(note_of(purchase), is_failed=False)
    if now.get("retry"):
        desk.tell("the call failed; it is tried again with the same credential")
        purchase = replace(purchase, answer=None)
    desk.journal.keep(note.on(purchase))


def _newest(journal: Journal) -> Purchase:
    """The newest purchase that is not over. Raises ``WrongInput``."""
    kept = journal.all()
    begun = [each for each in kept if not note_of(each).is_failed and not is_in_use(journal, each)]
    if begun:
        return begun[-1]
    failed = [f"  {resume_command(each)}   {asked_at(each)}, {each.url}" for each in kept]
    if not failed:
        raise WrongInput(f"There is no unfinished purchase in {journal.folder}.")
    listed = "\n".join(failed)
    raise WrongInput(
        f"No purchase was interrupted. These failed, and may be tried again:\n{listed}"
    )


def _remind(journal: Journal) -> None:
    """Say which earlier purchases are paid for and not delivered."""
    for each in journal.unfinished():
        if not is_in_use(journal, each):
            sys.stderr.write(
                f"An earlier purchase ({asked_at(each)}, {each.amount_sats} sats) is not finished: "
                f"{resume_command(each)}\n"
            )
