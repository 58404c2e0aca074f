"""Who gets no messages and no calls from this shop: what the operator adds and removes."""

from __future__ import annotations

from typing import Any

from ringbolt.core.email_address import mailbox_of, parse_address
from ringbolt.core.errors import NotFound
from ringbolt.core.keys import Keyring, hash_of, hashes_of
from ringbolt.core.order import OrderKind
from ringbolt.core.phone import parse_destination
from ringbolt.store import attempts, messages, orders, suppressions
from ringbolt.store.engine.db import Tx
from ringbolt.store.suppressions import Channel


def destination_of(to: str) -> tuple[Channel, str]:
    """The channel and hash of a number or an e-mail address. Raises ``InvalidInput``."""
    if "@" in to:
        return "email", mailbox_of(parse_address(to).address)
    return "sms", parse_destination(to, scripted_allowed=True).number


def suppress(tx: Tx, keyring: Keyring, to: str, why: str) -> dict[str, Any]:
    """Send nothing to ``to`` any more. Harmless if it is suppressed already."""
    channel, text = destination_of(to)
    is_new = suppressions.add(tx, channel, hash_of(keyring.current, text), why[:200])
    return {"to": to, "channel": channel, "suppressed": True, "was_before": not is_new}


def allow_again(tx: Tx, keyring: Keyring, to: str) -> dict[str, Any]:
    """Allow messages to ``to`` again. Raises ``NotFound`` if it is not suppressed."""
    channel, text = destination_of(to)
    removed = [suppressions.remove(tx, channel, each) for each in hashes_of(keyring, text)]
    if not any(removed):
        raise NotFound(f"{to} is not suppressed.")
    return {"to": to, "channel": channel, "suppressed": False}


def record_bounce(tx: Tx, ref: str, status: str) -> dict[str, Any]:
    """The mail with our reference ``ref`` came back, because its mailbox does not exist
    (``status``: the mail server's code): send nothing there any more. The order stays as it is.

    Raises ``NotFound`` if no mail has this reference, or its order is deleted.
    """
    attempt = attempts.by_ref(tx, ref)
    order = None if attempt is None else orders.by_id(tx, attempt.order_id)
    message = None if order is None else messages.message_of(tx, order.id)
    if order is None or message is None or order.kind is not OrderKind.EMAIL:
        raise NotFound("There is no e-mail with this reference.")
    is_new = suppressions.add(tx, "email", message.to_hash, f"bounced: {status}"[:200])
    return {"order_id": order.id, "suppressed": True, "was_before": not is_new}


def list_suppressed(tx: Tx) -> list[dict[str, Any]]:
    """Who is suppressed, by hashes alone: the numbers and addresses are not kept."""
    return [
        {"channel": entry.channel, "hash": entry.to_hash, "why": entry.why, "at_ms": entry.at_ms}
        for entry in suppressions.listing(tx)
    ]
