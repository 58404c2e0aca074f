"""``ringbolt call``: buy a call and follow it."""

from __future__ import annotations

import time
from typing import Any

import httpx

from ringbolt.cli.buyer.errors import PurchaseError
from ringbolt.cli.buyer.purchase import buy, follow
from ringbolt.cli.buyer.wallet import Wallet
from ringbolt.cli.output import (
    EXIT_FAILED,
    EXIT_OK,
    fail,
    is_terminal,
    print_facts,
    print_json,
    progress,
)

PATH = "/api/l402/place-call"


async def place_call(
    server: str, body: dict[str, Any], wallet: Wallet, max_sats: int, wait: bool
) -> int:
    """Buy a call and follow it; the exit code is 0 if it was answered."""
    started = time.monotonic()

    def tell(text: str) -> None:
        progress.print(f"[dim]{time.monotonic() - started:6.1f} s[/]  {text}")

    try:
        async with httpx.AsyncClient(timeout=60) as http:
            bought = await buy(http, server.rstrip("/") + PATH, body, wallet, max_sats, tell)
            tell(f"{bought.answer.get('status')}: sid {bought.answer.get('sid')}")
            report: dict[str, Any] = {**bought.answer, "paid_sats": bought.paid_sats}
            status_url = bought.answer.get("status_url")
            if wait and status_url:
                report |= await follow(http, status_url, lambda now: tell(_status(now)))
    except (PurchaseError, httpx.HTTPError) as error:
        return fail(str(error) or repr(error))
    finally:
        await wallet.close()
    if is_terminal():
        print_facts(_facts(report))
    else:
        print_json(report)
    if not wait or not status_url:
        return EXIT_OK
    return EXIT_OK if report.get("answered_at") else EXIT_FAILED


_LEFT_OUT = ("timeline", "success", "refund", "retry")


def _facts(report: dict[str, Any]) -> dict[str, Any]:
    """A call's report as a person reads it."""
    shown = {
        name: value
        for name, value in report.items()
        if name not in _LEFT_OUT and value not in (None, "", [])
    }
    refund, retry = report.get("refund"), report.get("retry")
    if refund:
        shown["refund"] = f"{refund['refund_amount']} sats, {refund['status']}"
        if "lnurl_withdraw" in refund:
            shown["withdraw with"] = f"ringbolt wallet claim {refund['lnurl_withdraw']}"
    if retry:
        shown["or try again until"] = retry["until"]
    return shown


def _status(document: dict[str, Any]) -> str:
    text = f"{document['status']}"
    if document.get("digits"):
        text += f", keys pressed: {document['digits']}"
    if document.get("refund"):
        text += f"; not charged, {document['refund']['refund_amount']} sats can be withdrawn"
    return text
