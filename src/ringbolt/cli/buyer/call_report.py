"""What the buyer of a call is shown: the report, and the ways to go on when it failed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ringbolt.cli.buyer.purchases import links_of, note_of
from ringbolt.cli.output import is_terminal, print_facts, print_json
from ringbolt.cli.program import command
from ringbolt_client.journal import Purchase

_LEFT_OUT = ("timeline", "success", "refund", "retry")


def show_report(report: dict[str, Any], failed: Purchase | None = None) -> None:
    """The report on stdout: facts on a terminal, JSON in a pipe, with the ways to go on with a
    purchase that failed."""
    if is_terminal():
        print_facts(_facts(report))
        return
    if failed is not None:
        report = report | {
            "purchase": failed.id,
            "authorization": failed.authorization,
            "resume": resume_command(failed),
        }
        if links_of(report):
            report["claim"] = claim_command(failed, links_of(report)[0])
    print_json(report)


def show_ways(purchase: Purchase, report: dict[str, Any] | None = None) -> None:
    """What can be done with a purchase that is not over, on stderr, to be copied."""
    sys.stderr.write("\n".join(["", *_ways(purchase, report or {}), ""]))
    sys.stderr.flush()


def status_line(document: Mapping[str, Any]) -> str:
    """A call's status in a few words."""
    text = f"{document['status']}"
    if document.get("digits"):
        text += f", keys pressed: {document['digits']}"
    if document.get("refund"):
        text += f"; not charged, {document['refund']['refund_amount']} sats can be withdrawn"
    return text


def each_line_once(
    tell: Callable[[str], None], line_of: Callable[[Mapping[str, Any]], str]
) -> Callable[[Mapping[str, Any]], None]:
    """Tells a status document whenever its line differs from the last."""
    last = ""

    def told(document: Mapping[str, Any]) -> None:
        nonlocal last
        line = line_of(document)
        if line != last:
            tell(line)
        last = line

    return told


def resume_command(purchase: Purchase) -> str:
    """The command that goes on with a purchase."""
    return command("call", "--resume", purchase.id)


def claim_command(purchase: Purchase, link: str) -> str:
    """The command that takes the refund at ``link`` back."""
    return command("wallet", "claim", link, *note_of(purchase).wallet.options())


def _ways(purchase: Purchase, report: dict[str, Any]) -> Iterator[str]:
    resume = resume_command(purchase)
    note = note_of(purchase)
    links = links_of(report) or note.links
    if not purchase.preimage:
        yield f"The invoice over {purchase.amount_sats} sats may be paid. To go on:"
        yield f"  {resume}"
        return
    if purchase.answer is not None and not note.is_failed:
        yield f"The call is placed; its status: {purchase.status_url}"
        yield f"To follow it:\n  {resume}"
        return
    if note.is_failed:
        yield "The call was not answered, and is not charged."
    else:
        yield f"{purchase.amount_sats} sats are paid, and the call is not placed."
    retry = report.get("retry")
    if retry or not note.is_failed:
        until = f" (until {retry['until']})" if retry and retry.get("until") else ""
        yield f"To call again, with nothing more to pay{until}:\n  {resume}"
    if links:
        yield f"To take the money back instead:\n  {claim_command(purchase, links[0])}"
    if purchase.status_url:
        yield f"Its status: {purchase.status_url}"
    yield f"The credential that you paid for:\n  Authorization: {purchase.authorization}"


def _facts(report: dict[str, Any]) -> dict[str, Any]:
    """A call's report as a person reads it."""
    shown = {
        name: value
        for name, value in report.items()
        if name not in _LEFT_OUT and value not in (None, "", [])
    }
    refund = report.get("refund")
    if refund:
        shown["refund"] = f"{refund['refund_amount']} sats, {refund['status']}"
    return shown
