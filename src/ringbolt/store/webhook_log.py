"""Webhooks and their tries as people read them: pages, the latest first. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import RowMapping, and_, bindparam, func, or_, select

from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import orders
from ringbolt.store.schema.text_tables import webhook, webhook_try
from ringbolt.store.webhooks import WebhookState

_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Try:
    """One delivery try: the HTTP ``status``, or in ``error`` why there was no answer; ``took_ms``
    is its duration."""

    at_ms: int
    status: int | None
    error: str
    took_ms: int


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook with its log. ``tries`` counts those since it was last (re)sent; ``log`` has all of
    them, the latest first."""

    id: str
    order_id: str
    topic: str
    seq: int
    method: str
    url: str
    state: WebhookState
    tries: int
    created_ms: int
    done_ms: int | None
    log: tuple[Try, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The latest webhooks first; ``cursor`` continues the list, '' at its end."""

    webhooks: tuple[Webhook, ...]
    cursor: str


def count_in_state(tx: Tx, state: WebhookState) -> int:
    """How many webhooks are in that state."""
    found = select(func.count()).select_from(webhook).where(webhook.c.state == state)
    return int(tx.run(found).scalar_one())


def listing(
    tx: Tx,
    order_id: str = "",
    *,
    account: str = "",
    failed: bool = False,
    cursor: str = "",
    limit: int = 50,
) -> Page:
    """Webhooks of one order, of the orders that one account paid for, or of all, the latest first.
    ``failed``: only those that were given up, or are pending after a failed try. Raises
    ``ValueError`` for an invalid cursor."""
    query = select(webhook).order_by(
        webhook.c.created_ms.desc(), webhook.c.seq.desc(), webhook.c.id
    )
    if order_id:
        query = query.where(webhook.c.order_id == order_id)
    if account:
        paid = select(orders.c.id).where(orders.c.account_id == account)
        query = query.where(webhook.c.order_id.in_(paid))
    if failed:
        pending = and_(webhook.c.state == WebhookState.PENDING, webhook.c.tries > 0)
        query = query.where(or_(webhook.c.state == WebhookState.GIVEN_UP, pending))
    if cursor:
        query = query.where(_after(cursor))
    rows = tx.run(query.limit(limit + 1)).mappings().all()  # one more row: is there a next page?
    page = rows[:limit]
    log = _log(tx, [row["id"] for row in page])
    last = page[-1] if len(rows) > limit else None
    return Page(
        tuple(_webhook(row, log.get(row["id"], [])) for row in page),
        f"{last['created_ms']}-{last['seq']}-{last['id']}" if last else "",
    )


def _after(cursor: str) -> Any:
    try:
        created_ms, seq, webhook_id = cursor.split("-")
        at, number = int(created_ms), int(seq)
        if max(at, number) > _LARGEST:
            raise ValueError
    except ValueError:
        raise ValueError(f"{cursor!r} is not a cursor of this list") from None
    same_time = webhook.c.created_ms == at
    return or_(
        webhook.c.created_ms < at,
        and_(same_time, webhook.c.seq < number),
        and_(same_time, webhook.c.seq == number, webhook.c.id > webhook_id),
    )


def _log(tx: Tx, webhook_ids: list[str]) -> dict[str, list[Try]]:
    found: dict[str, list[Try]] = {}
    if webhook_ids:
        for row in tx.run(_TRIES, {"ids_": webhook_ids}):
            tried = Try(row.at_ms, row.status, row.error, row.took_ms)
            found.setdefault(row.webhook_id, []).append(tried)
    return found


def _webhook(row: RowMapping, log: list[Try]) -> Webhook:
    return Webhook(
        id=row["id"],
        order_id=row["order_id"],
        topic=row["topic"],
        seq=row["seq"],
        method=row["method"],
        url=row["url"],
        state=WebhookState(row["state"]),
        tries=row["tries"],
        created_ms=row["created_ms"],
        done_ms=row["done_ms"],
        log=tuple(log),
    )


_TRIES = (
    select(webhook_try)
    .where(webhook_try.c.webhook_id.in_(bindparam("ids_", expanding=True)))
    .order_by(webhook_try.c.id.desc())
)
