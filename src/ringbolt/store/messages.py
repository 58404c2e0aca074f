"""Texts and e-mails that orders send, and the delivery state of each part of a text.

The text itself is in the order's ``request``, from which it is wiped later.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import RowMapping, Text, bindparam, delete, func, literal_column, select, update

from ringbolt.store import attempts
from ringbolt.store.attempts import Attempt, of_row
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new, update_row
from ringbolt.store.orders import LAST_MOVED, channel
from ringbolt.store.schema.tables import attempt
from ringbolt.store.schema.text_tables import message, message_part


class MessageStatus(StrEnum):
    """The status that the buyer sees. CREATED: not known to be sent yet."""

    CREATED = "created"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


class PartState(StrEnum):
    """ACCEPTED: by the carrier. SENT: to the mobile network."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


class Message(Struct, frozen=True):
    """A text or e-mail of an order; times in ms UTC.

    ``to_hash``: hash of the number or address. ``parts``: the segments of a text, 1 for an e-mail.
    ``public_id``: SM or EM and hexadecimal digits. ``attempt_id``: the attempt whose receipts
    count.
    """

    order_id: str
    to_hash: str
    parts: int
    status: MessageStatus
    public_id: str
    attempt_id: str | None
    cause: str
    sent_ms: int | None
    delivered_ms: int | None
    failed_ms: int | None


class Part(Struct, frozen=True):
    """Part ``n`` (from 1) of an attempt's text. ``part_id``: the carrier's id of it; ``raw``: the
    carrier's latest status, as received."""

    attempt_id: str
    n: int
    carrier: str
    part_id: str
    state: PartState
    raw: str


def insert(tx: Tx, order_id: str, to_hash: str, parts: int, public_id: str) -> None:
    """Record the message of an order, in the transaction that places the order."""
    insert_new(
        tx,
        message,
        order_id=order_id,
        to_hash=to_hash,
        parts=parts,
        status=MessageStatus.CREATED,
        public_id=public_id,
        cause="",
    )


def message_of(tx: Tx, order_id: str) -> Message | None:
    return _message(tx.run(_MESSAGE, {"id_": order_id}).mappings().first())


def message_and_move(tx: Tx, order_id: str) -> tuple[Message, int] | None:
    """The message, and when its order's state changed last (ms UTC)."""
    row = tx.run(_MESSAGE_AND_MOVE, {"id_": order_id}).mappings().first()
    found = _message(row)
    return None if row is None or found is None else (found, int(row["moved_ms"]))


def lock(tx: Tx, order_id: str) -> Message | None:
    """The message, locked until the commit: two machines may receive receipts of two parts at
    once, and both update the message."""
    return _message(tx.run(_MESSAGE_LOCKED, {"id_": order_id}).mappings().first())


def update_message(tx: Tx, order_id: str, **columns: Any) -> None:
    update_row(tx, message.c.order_id, order_id, **columns)
    tx.wake.add(channel(order_id))


def renew(tx: Tx, order_id: str) -> None:
    """Reset a message for another try: the results of the former one are cleared."""
    update_message(
        tx,
        order_id,
        status=MessageStatus.CREATED,
        attempt_id=None,
        cause="",
        sent_ms=None,
        delivered_ms=None,
        failed_ms=None,
    )


def add_attempt(tx: Tx, order_id: str, *, ref: str, carrier: str) -> Attempt:
    """Record the intent to send through ``carrier``, as the message's current attempt."""
    added = attempts.add(tx, order_id, attempt_id=ref, carrier=carrier, ref=ref)
    update_row(tx, message.c.order_id, order_id, attempt_id=ref)
    return added


def present_attempt(tx: Tx, order_id: str) -> Attempt | None:
    """The attempt whose receipts count; None before the first."""
    return of_row(tx.run(_PRESENT, {"id_": order_id}).mappings().first())


def claim_names(tx: Tx, carrier: str, part_ids: Sequence[str]) -> None:
    """Lock these part ids until the commit: another caller with one of them waits.

    The carrier's answer (which names the parts) and a receipt (which looks a part up) may be
    stored at the same time. Without the lock neither would see the other, and the receipt would
    stay unapplied. SQLite has one writer and needs no lock.
    """
    if tx.dialect == "postgresql":  # an advisory lock, because there is no row to lock yet
        for part_id in sorted(set(part_ids)):  # sorted, or two transactions could deadlock
            tx.run(_ADVISORY_LOCK, {"name_": f"{carrier}/{part_id}"})


def add_part(
    tx: Tx,
    attempt_id: str,
    carrier: str,
    n: int,
    part_id: str,
    state: PartState = PartState.ACCEPTED,
) -> None:
    """Record the carrier's id of part ``n``; if the part has an id already, that one stays.

    A carrier may reuse an id after some time: it then refers to the newer message.
    """
    values = {
        "attempt_id": attempt_id,
        "n": n,
        "carrier": carrier,
        "part_id": part_id,
        "state": state,
        "raw": "",
    }
    if insert_new(tx, message_part, **values):
        return
    if all(part.n != n for part in parts_of(tx, attempt_id)):
        tx.run(_FORGET, {"carrier_": carrier, "part_": part_id})
        insert_new(tx, message_part, **values)


def parts_of(tx: Tx, attempt_id: str) -> list[Part]:
    """The parts whose carrier ids are known, by ``n``."""
    return [_part(row) for row in tx.run(_PARTS, {"id_": attempt_id}).mappings()]


def part_named(tx: Tx, carrier: str, part_id: str) -> tuple[Part, str] | None:
    """The part with that carrier id, and its order's id; None if there is none (yet)."""
    row = tx.run(_PART_NAMED, {"carrier_": carrier, "part_": part_id}).mappings().first()
    return None if row is None else (_part(row), row["order_id"])


def open_texts(tx: Tx, carrier: str, most: int) -> list[tuple[str, tuple[str, ...]]]:
    """Our reference of each text that ``carrier`` has and whose end is not known, with the
    carrier's ids of its parts; the oldest first, at most ``most`` parts."""
    found: dict[str, list[str]] = {}
    for row in tx.run(_OPEN_TEXTS, {"carrier_": carrier, "most_": most}).mappings():
        found.setdefault(row["ref"], []).append(row["part_id"])
    return [(ref, tuple(part_ids)) for ref, part_ids in found.items()]


def update_part(tx: Tx, part: Part, state: PartState, raw: str) -> None:
    tx.run(_UPDATE_PART, {"id_": part.attempt_id, "n_": part.n, "state_": state, "raw_": raw})


def _message(row: RowMapping | None) -> Message | None:
    if row is None:
        return None
    values = {name: row[name] for name in Message.__struct_fields__}
    values["status"] = MessageStatus(values["status"])
    return Message(**values)


def _part(row: RowMapping) -> Part:
    values = {name: row[name] for name in Part.__struct_fields__}
    values["state"] = PartState(values["state"])
    return Part(**values)


_MESSAGE = select(message).where(message.c.order_id == bindparam("id_"))
_MESSAGE_AND_MOVE = _MESSAGE.add_columns(LAST_MOVED.scalar_subquery().label("moved_ms"))
_MESSAGE_LOCKED = _MESSAGE.with_for_update()
_PRESENT = (
    select(attempt)
    .join(message, message.c.attempt_id == attempt.c.id)
    .where(message.c.order_id == bindparam("id_"))
)
_ADVISORY_LOCK = select(
    func.pg_advisory_xact_lock(
        func.hashtextextended(bindparam("name_", type_=Text), literal_column("0"))
    )
)
_PARTS = (
    select(message_part)
    .where(message_part.c.attempt_id == bindparam("id_"))
    .order_by(message_part.c.n)
)
_NAMED = (
    message_part.c.carrier == bindparam("carrier_"),
    message_part.c.part_id == bindparam("part_"),
)
_PART_NAMED = (
    select(message_part, attempt.c.order_id)
    .join(attempt, attempt.c.id == message_part.c.attempt_id)
    .where(*_NAMED)
)
_OPEN_TEXTS = (
    select(attempt.c.ref, message_part.c.part_id)
    .join(message_part, message_part.c.attempt_id == attempt.c.id)
    .where(attempt.c.finished_ms.is_(None), attempt.c.carrier == bindparam("carrier_"))
    .order_by(attempt.c.created_ms, attempt.c.id, message_part.c.n)
    .limit(bindparam("most_"))
)
_FORGET = delete(message_part).where(*_NAMED)
_UPDATE_PART = (
    update(message_part)
    .where(message_part.c.attempt_id == bindparam("id_"), message_part.c.n == bindparam("n_"))
    .values(state=bindparam("state_"), raw=bindparam("raw_"))
)
