"""What moved on an account's balance, line by line, for its holder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringbolt.api.orders import FAMILY
from ringbolt.app.accounts import account_history
from ringbolt.core import chart_of_accounts as chart
from ringbolt.core.commands import CallOrder, ReceiveTexts, SendMail, SendText
from ringbolt.core.countries import COUNTRIES
from ringbolt.core.pricing.money import MSAT_PER_SAT
from ringbolt.core.services import FULL_RENT, SERVICES
from ringbolt.store import ledger, ledger_entries, orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.keys import ApiKey
from ringbolt.store.ledger_entries import Entry
from ringbolt.store.orders import Order
from ringbolt.web.views.view import Tag

PAGE: Final = 20
_TAGS: Final = {
    chart.TOP_UP: {
        "pending": Tag("On its way", "now"),
        "captured": Tag("Received", "ok"),
        "voided": Tag("Returned"),
    },
    chart.RESERVE: {
        "pending": Tag("Set aside", "now"),
        "captured": Tag("Taken", "ok"),
        "voided": Tag("Returned"),
    },
}


@dataclass(frozen=True, slots=True)
class Line:
    """``href``: the page of what it is about, '' for none. ``amount_msat`` has its sign;
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
    what, href = ("Money", "") if order is None else (_what(order), _href(order))
    tag = _TAGS.get(entry.kind, {}).get(entry.state, Tag("Booked", "ok"))
    return Line(what, href, entry.at_ms, tag, entry.amount_msat, balance_msat)


def _href(order: Order) -> str:
    return f"/o/{order.status_token}" if order.family == FAMILY else ""


def _what(order: Order) -> str:
    match order.command:
        case CallOrder() as call:
            return f"Call to {call.to}"
        case SendText() as text:
            return f"Text to {text.to}"
        case SendMail() as mail:
            return f"E-mail to {mail.to}" if mail.to else "E-mail"
        case ReceiveTexts() as wanted:
            return _receiving(wanted)
        case _:
            return "Money added"


def _receiving(wanted: ReceiveTexts) -> str:
    country = COUNTRIES.get(wanted.country)
    where = country.name if country is not None and country.region else "any country"
    if wanted.service == FULL_RENT:
        return f"Rented number, {where}"
    service = SERVICES.get(wanted.service)
    return f"Code, {service.name if service else wanted.service}, {where}"


def exact_sats(msat: int) -> str:
    """``1,234``, ``-1.5``: all of it, with a real minus sign."""
    sign = "\N{MINUS SIGN}" if msat < 0 else ""
    whole, rest = divmod(abs(msat), MSAT_PER_SAT)
    return f"{sign}{whole:,}" + (f".{rest:03}".rstrip("0") if rest else "")


def signed_sats(msat: int) -> str:
    """The same, with a plus sign."""
    return f"+{exact_sats(msat)}" if msat > 0 else exact_sats(msat)
