"""Outgoing webhooks, and every attempt to deliver them.

The webhooks of one order and topic are numbered (``seq``) and sent in that order; topics do not
wait for each other. The topic '' carries the order's status. ``id`` is the ``webhook-id`` of
Standard Webhooks: the same in every try, so that a receiver recognises a repetition.

For the method GET, ``body`` holds the parameters, which are put into the query of ``url`` when
the webhook is sent.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import (
    RowMapping,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)

from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import api_key, orders
from ringbolt.store.schema.text_tables import webhook, webhook_try

FORGET_BATCH = 500


class WebhookState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class Outgoing(Struct, frozen=True):
    """A webhook to be sent, the ``seq``-th of its topic. ``tries``: failed tries so far.
    ``owner``: the account's or order's id, whose secret signs it; ``secret``: how often the account
    replaced it, the last time at ``secret_ms``. ``wiped``: the order's texts were deleted
    already."""

    id: str
    order_id: str
    topic: str
    seq: int
    method: str
    url: str
    body: bytes
    tries: int
    family: str
    owner: str
    wiped: bool
    secret: int
    secret_ms: int | None


@dataclass(frozen=True, slots=True)
class Added:
    """A webhook that was added, and its place in its topic."""

    id: str
    seq: int


def insert(
    tx: Tx, order_id: str, method: str, url: str, body: bytes, topic: str = "", news: str = ""
) -> Added | None:
    """Add a webhook behind the earlier ones of its topic; None if the last of them has the same
    ``news``. With ``news`` '' it is added whatever the last one says."""
    webhook_id = f"msg_{secrets.token_hex(12)}"
    seq = tx.run(
        _INSERT,
        {
            "id_": webhook_id,
            "order_": order_id,
            "topic_": topic,
            "method_": method,
            "url_": url,
            "body_": body,
            "news_": news,
            "now_": tx.now_ms,
        },
    ).scalar()
    return None if seq is None else Added(webhook_id, seq)


def next_of(tx: Tx, order_id: str, topic: str = "") -> Outgoing | None:
    """The next webhook to send of an order's topic; None if none is pending."""
    row = tx.run(_NEXT, {"order_": order_id, "topic_": topic}).mappings().first()
    return None if row is None else _outgoing(row)


def record_try(
    tx: Tx, sent: Outgoing, body: bytes, state: WebhookState, outcome: tuple[int | None, str, int]
) -> None:
    """Record one delivery try of ``sent``, and the webhook's state after it.

    ``body``: the bytes sent, which the next try must repeat exactly. ``outcome``: HTTP status or
    None, the error or '', and the duration in ms.
    """
    status, error, took_ms = outcome
    tried = {
        "webhook_id": sent.id,
        "at_ms": tx.now_ms,
        "status": status,
        "error": error,
        "took_ms": took_ms,
    }
    is_done = state is not WebhookState.PENDING
    after = {
        "id_": sent.id,
        "tries_": sent.tries + 1,
        "state_": state,
        "body_": body,
        "done_": tx.now_ms if is_done else None,
    }
    if tx.dialect == "postgresql":  # where each statement is a round trip
        tx.run(_AFTER_TRY_AT_ONCE, tried | after)
    else:
        tx.run(_ADD_TRY, tried)
        tx.run(_AFTER_TRY, after)
    if is_done and sent.wiped:
        wipe(tx, [sent.order_id])


def resend(tx: Tx, webhook_id: str) -> str | None:
    """Make a webhook pending again, with its tries counted from 0; returns the order's id, None if
    the webhook does not exist or its body was wiped."""
    found = tx.run(_RESEND, {"id_": webhook_id}).first()
    return None if found is None else str(found.order_id)


def topic_of(tx: Tx, webhook_id: str) -> str:
    """The topic of a webhook; also '' if there is no such webhook."""
    return str(tx.run(_TOPIC_OF, {"id_": webhook_id}).scalar() or "")


def order_of(tx: Tx, webhook_id: str) -> str | None:
    """The id of a webhook's order; None if there is no such webhook."""
    found = tx.run(_ORDER_OF, {"id_": webhook_id}).scalar()
    return None if found is None else str(found)


def forget(tx: Tx, keep_ms: int) -> int:
    """Delete up to ``FORGET_BATCH`` finished webhooks older than ``keep_ms``, with their tries;
    returns how many."""
    old = [row.id for row in tx.run(_OLD, {"before_": tx.now_ms - keep_ms})]
    if old:
        tx.run(_FORGET_TRIES, {"ids_": old})
        tx.run(_FORGET, {"ids_": old})
    return len(old)


def wipe(tx: Tx, order_ids: Collection[str]) -> None:
    """Delete the content of these orders' webhooks; of pending ones, once they are done."""
    tx.run(_WIPE, {"orders_": list(order_ids)})


def _outgoing(row: RowMapping) -> Outgoing:
    return Outgoing(
        id=row["id"],
        order_id=row["order_id"],
        topic=row["topic"],
        seq=row["seq"],
        method=row["method"],
        url=row["url"],
        body=bytes(row["body"]),
        tries=row["tries"],
        family=row["family"],
        owner=row["account_id"] or row["order_id"],
        wiped=row["wiped_ms"] is not None,
        secret=row["webhook_secret"] or 0,
        secret_ms=row["webhook_secret_ms"],
    )


# Built once: building a statement costs more than running it.
_OF_TOPIC = (webhook.c.order_id == bindparam("order_"), webhook.c.topic == bindparam("topic_"))
_LAST_NEWS = select(webhook.c.news).where(*_OF_TOPIC).order_by(webhook.c.seq.desc()).limit(1)
_LAST_SEQ = select(func.coalesce(func.max(webhook.c.seq), 0)).where(*_OF_TOPIC)
_NEW = {
    webhook.c.id: bindparam("id_", type_=webhook.c.id.type),
    webhook.c.order_id: bindparam("order_", type_=webhook.c.order_id.type),
    webhook.c.topic: bindparam("topic_", type_=webhook.c.topic.type),
    # Numbered in the INSERT itself, to save a statement. Two transactions cannot take the same
    # number: each has locked the order or call that its webhook reports on. The unique constraint
    # on (order, topic, seq) would refuse a mistake.
    webhook.c.seq: _LAST_SEQ.scalar_subquery() + 1,
    webhook.c.method: bindparam("method_", type_=webhook.c.method.type),
    webhook.c.url: bindparam("url_", type_=webhook.c.url.type),
    webhook.c.body: bindparam("body_", type_=webhook.c.body.type),
    webhook.c.news: bindparam("news_", type_=webhook.c.news.type),
    webhook.c.state: literal_column(f"'{WebhookState.PENDING}'"),
    webhook.c.tries: literal_column("0"),
    webhook.c.created_ms: bindparam("now_", type_=webhook.c.created_ms.type),
}
_IS_NEWS = or_(
    bindparam("news_", type_=webhook.c.news.type) == "",
    func.coalesce(_LAST_NEWS.scalar_subquery(), "") != bindparam("news_"),
)
_INSERT = (
    webhook.insert()
    .from_select(list(_NEW), select(*_NEW.values()).where(_IS_NEWS))
    .returning(webhook.c.seq)
)
_KEY = account_of_key.prefix
_NEXT = (
    select(
        webhook.c.id,
        webhook.c.order_id,
        webhook.c.topic,
        webhook.c.seq,
        webhook.c.method,
        webhook.c.url,
        webhook.c.body,
        webhook.c.tries,
        orders.c.family,
        orders.c.account_id,
        orders.c.wiped_ms,
        api_key.c.webhook_secret,
        api_key.c.webhook_secret_ms,
    )
    .select_from(
        webhook.join(orders, orders.c.id == webhook.c.order_id).outerjoin(
            api_key, api_key.c.id == func.substr(orders.c.account_id, len(_KEY) + 1)
        )
    )
    .where(*_OF_TOPIC, webhook.c.state == WebhookState.PENDING)
    .order_by(webhook.c.seq)
    .limit(1)
)
_ADD_TRY = webhook_try.insert()
_AFTER_TRY = (
    update(webhook)
    .where(webhook.c.id == bindparam("id_"))
    .values(
        tries=bindparam("tries_"),
        state=bindparam("state_"),
        body=bindparam("body_"),
        done_ms=bindparam("done_", type_=webhook.c.done_ms.type),
    )
)
_AFTER_TRY_AT_ONCE = _AFTER_TRY.add_cte(
    webhook_try.insert()
    .values(
        {
            name: bindparam(name, type_=webhook_try.c[name].type)
            for name in ("webhook_id", "at_ms", "status", "error", "took_ms")
        }
    )
    .cte("tried")
)
_RESEND = (
    update(webhook)
    .where(webhook.c.id == bindparam("id_"), func.length(webhook.c.body) > 0)
    .values(state=WebhookState.PENDING, tries=0, done_ms=None)
    .returning(webhook.c.order_id)
)
_TOPIC_OF = select(webhook.c.topic).where(webhook.c.id == bindparam("id_"))
_ORDER_OF = select(webhook.c.order_id).where(webhook.c.id == bindparam("id_"))
_OLD = (
    select(webhook.c.id)
    .where(webhook.c.created_ms < bindparam("before_"), webhook.c.state != WebhookState.PENDING)
    .limit(FORGET_BATCH)
)
_FORGET_TRIES = delete(webhook_try).where(
    webhook_try.c.webhook_id.in_(bindparam("ids_", expanding=True))
)
_FORGET = delete(webhook).where(webhook.c.id.in_(bindparam("ids_", expanding=True)))
# Pending webhooks must still be delivered, so they keep their body; ``record_try`` wipes them.
_WIPE = (
    update(webhook)
    .where(
        webhook.c.order_id.in_(bindparam("orders_", expanding=True)),
        webhook.c.state != WebhookState.PENDING,
    )
    .values(body=b"", news="")
)
