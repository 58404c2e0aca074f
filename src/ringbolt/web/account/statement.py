"""What moved on an account's balance, line by line, for its holder."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Final

from ringbolt.api.orders import FAMILY
from ringbolt.app.accounts import account_history
from ringbolt.core import chart_of_accounts as chart
from ringbolt.core.commands import CallOrder, ReceiveTexts, SendMail, SendText
from ringbolt.core.countries import COUNTRIES
from ringbolt.core.services import FULL_RENT, SERVICES
from ringbolt.store import ledger, ledger_entries, orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.keys import ApiKey
from ringbolt.store.ledger_entries import Entry
from ringbolt.store.orders import Order
from ringbolt.web.formats import place_name, stamp
from ringbolt.web.i18n import _, marked
from ringbolt.web.views.view import Tag

PAGE: Final = 20
_NO_ISOLATES: Final = {0x2068: None, 0x2069: None}
"""Signs that keep a number's order within a sentence from right to left."""
_MONEY: Final = marked("Money")
_BOOKED: Final = Tag(marked("Booked"), "ok")
_TAGS: Final = {
    chart.TOP_UP: {
        "pending": Tag(marked("On its way"), "now"),
        "captured": Tag(marked("Received"), "ok"),
        "voided": Tag(marked("Returned")),
    },
    chart.RESERVE: {
        "pending": Tag(marked("Set aside"), "now"),
        "captured": Tag(marked("Taken"), "ok"),
        "voided": Tag(marked("Returned")),
    },
    chart.WITHDRAWAL: {
        "pending": Tag(marked("On its way"), "now"),
        "captured": Tag(marked("Paid out"), "ok"),
        "voided": Tag(marked("Returned")),
    },
}
"""The words of a transfer's kind and state, not translated yet."""


@dataclass(frozen=True, slots=True)
class Line:
    """In the visitor's language. ``href``: the page of what it is about, '' for none.
    ``amount_msat`` has its sign;
    ``balance_msat`` is what could be spent after it."""

    what: str
    href: str
    at_ms: int
    tag: Tag
    amount_msat: int
    balance_msat: int


@dataclass(frozen=True, slots=True)
class Statement:
    """``held_msat`` is set aside, ``running``: for so many orders. ``next``: the cursor of older
    lines, '' at the end."""

    available_msat: int
    held_msat: int
    running: int
    lines: tuple[Line, ...]
    next: str


EMPTY: Final = Statement(0, 0, 0, (), "")


def statement(tx: Tx, key: ApiKey, cursor: str = "", limit: int = PAGE) -> Statement:
    """Raises ``InvalidInput`` for a cursor that is not the account's."""
    account = chart.account_of_key(key.id)
    balance = ledger.balance(tx, account)
    page = account_history.ledger_page(tx, key, limit, cursor)
    after_msat = balance.available_msat
    if cursor:
        after_msat -= ledger_entries.since_msat(tx, account, cursor)
    lines: list[Line] = []
    for entry in page.entries:
        lines.append(_line(tx, entry, after_msat))
        after_msat -= entry.amount_msat
    return Statement(
        balance.available_msat,
        balance.pending_out_msat,
        ledger_entries.pending_debits(tx, account) if balance.pending_out_msat else 0,
        tuple(lines),
        page.next,
    )


def _line(tx: Tx, entry: Entry, balance_msat: int) -> Line:
    order = orders.by_id(tx, entry.order_id) if entry.order_id else None
    tag = _TAGS.get(entry.kind, {}).get(entry.state, _BOOKED)
    return Line(
        what=_what(entry, order),
        href=_href(entry, order),
        at_ms=entry.at_ms,
        tag=Tag(_(tag.words), tag.tone),
        amount_msat=entry.amount_msat,
        balance_msat=balance_msat,
    )


def _href(entry: Entry, order: Order | None) -> str:
    if entry.kind == chart.WITHDRAWAL:
        return f"/account/withdrawals/{entry.name.removeprefix(chart.withdrawal_idem.prefix)}"
    return f"/o/{order.status_token}" if order is not None and order.family == FAMILY else ""


def _what(entry: Entry, order: Order | None) -> str:
    if entry.kind == chart.WITHDRAWAL:
        return _("Money taken out")
    return _(_MONEY) if order is None else ordered(order)


def ordered(order: Order) -> str:
    """What an order is for, in the visitor's language."""
    match order.command:
        case CallOrder() as call:
            return _("Call to %(number)s", number=call.to)
        case SendText() as text:
            return _("Text to %(number)s", number=text.to)
        case SendMail() as mail:
            return _("E-mail to %(address)s", address=mail.to) if mail.to else _("E-mail")
        case ReceiveTexts() as wanted:
            return _receiving(wanted)
        case _:
            return _("Money added")


def _receiving(wanted: ReceiveTexts) -> str:
    where = place_name(COUNTRIES.get(wanted.country)) or _("any country")
    if wanted.service == FULL_RENT:
        return _("Rented number, %(country)s", country=where)
    service = SERVICES.get(wanted.service)
    name = service.name if service else wanted.service
    return _("Code, %(service)s, %(country)s", service=name, country=where)


def as_csv(shown: Statement) -> str:
    """The lines as CSV (RFC 4180), amounts in sats; texts cannot begin a formula."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(("at", "what", "state", "sats", "balance_sats"))
    for line in shown.lines:
        what = line.what.translate(_NO_ISOLATES)
        what = f"'{what}" if what.startswith(("=", "+", "-", "@")) else what
        sats, balance = (f"{msat / 1000:.3f}" for msat in (line.amount_msat, line.balance_msat))
        rows.writerow((stamp(line.at_ms), what, line.tag.words, sats, balance))
    return written.getvalue()
