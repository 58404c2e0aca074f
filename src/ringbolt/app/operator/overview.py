"""Documents about orders and calls for the operator. Numbers and addresses are masked, and whole
order ids (which give access to the order) are cut, unless they are asked for; texts, codes and keys
pressed are never shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise
from typing import Any, Final

import msgspec

from ringbolt.core.email_address import mailbox_of
from ringbolt.core.errors import Conflict, InvalidInput, NotFound
from ringbolt.core.keys import Keyring, hashes_of
from ringbolt.core.mask import mask_destination, mask_words
from ringbolt.core.order import OrderKind
from ringbolt.core.pricing.amount import Amount
from ringbolt.store import attempts, overview, part_costs
from ringbolt.store.engine.db import Tx
from ringbolt.store.overview import CallLine, OrderLine, StepLine, Wanted
from ringbolt.store.part_costs import AttemptCost

SHOWN_DIGITS: Final = 12
_LEAST_DIGITS: Final = 6
_HASH_DIGITS: Final = 64


class _Recipient(msgspec.Struct):
    to: str = ""


_decode = msgspec.json.Decoder(_Recipient).decode


def list_orders(tx: Tx, wanted: Wanted, *, unmasked: bool) -> list[dict[str, Any]]:
    """The latest orders that are ``wanted``."""
    return [_order(line, unmasked) for line in overview.latest_orders(tx, wanted)]


def find_orders(
    tx: Tx, keyring: Keyring, text: str, limit: int, *, unmasked: bool
) -> list[dict[str, Any]]:
    """Orders by what somebody has at hand: a number (E.164) or an e-mail address that was called,
    written to or leased, a payment hash, the first digits of an id, or the public id of a call or
    message. Raises ``InvalidInput`` for fewer than 6 signs."""
    wanted = "".join(text.split())
    if len(wanted) < _LEAST_DIGITS:
        raise InvalidInput(
            "Write 6 signs or more.",
            suggestion="A number with its country code, an e-mail address, a payment hash, or the "
            "beginning of an order's id.",
        )
    if wanted.startswith("+") or "@" in wanted:
        recipient = mailbox_of(wanted) if "@" in wanted else wanted
        hashes = hashes_of(keyring, recipient)
        lines = overview.orders_to(tx, wanted, hashes, limit)
    else:
        lines = overview.orders_named(tx, wanted)
        if len(wanted) == _HASH_DIGITS:
            lines += overview.orders_paid_by(tx, wanted.lower())
    return [_order(line, unmasked) for line in lines]


def list_calls(tx: Tx, wanted: Wanted, *, unmasked: bool) -> list[dict[str, Any]]:
    """The latest calls that are ``wanted``."""
    return [_call(line, unmasked) for line in overview.latest_calls(tx, wanted)]


def show_order(tx: Tx, name: str, *, unmasked: bool) -> dict[str, Any]:
    """Everything about one order. ``name``: the first digits of its id (6 at least), or the public
    id of its call or message. Raises ``NotFound``, ``Conflict``, ``InvalidInput``."""
    line = _named(tx, name)
    steps = overview.steps_of(tx, line.id)
    call = overview.call_line(tx, line.id)
    costs = part_costs.of_order(tx, line.id)
    return {
        **_order(line, unmasked),
        "call": None if call is None else _call(call, unmasked),
        "refund": overview.refund_state(tx, line.id) or None,
        "steps": list(_with_times(steps, unmasked)),
        "attempts": [
            {
                "part": each.carrier,
                "state": each.state.value,
                "reason": each.reason if unmasked else mask_words(each.reason),
                "created_ms": each.created_ms,
                "finished_ms": each.finished_ms,
                **_cost(costs.get(each.id)),
            }
            for each in attempts.of_order(tx, line.id)
        ],
        "transfers": [asdict(each) for each in overview.transfers_of(tx, line.id)],
    }


def show_call(tx: Tx, name: str, *, unmasked: bool) -> dict[str, Any]:
    """One call, with its order; ``name`` as for ``show_order``. Raises the same."""
    order = show_order(tx, name, unmasked=unmasked)
    call = order.pop("call")
    if call is None:
        raise NotFound(f"Order {order['id'][:SHOWN_DIGITS]} has no call: it is {order['kind']}.")
    return {**call, "order": order}


def step_document(line: StepLine) -> dict[str, Any]:
    """A step as in the log of a running shop."""
    return {
        "at_ms": line.at_ms,
        "order": line.order_id[:SHOWN_DIGITS],
        "kind": line.kind,
        "from": line.source,
        "to": line.target,
        "cause": mask_words(line.why),
        "part": line.part if line.source else "",  # nobody is asked before it begins
    }


def _cost(cost: AttemptCost | None) -> dict[str, Any]:
    """What an attempt costs, as its part told it or by its card; nothing if that is not known."""
    known = cost is not None and cost.micros is not None
    return {
        "cost": str(Amount(cost.micros, cost.currency)) if cost and cost.micros else "",
        "cost_source": cost.source if cost is not None and known else "",
        "cost_msat": cost.msat if cost is not None else None,
    }


def _named(tx: Tx, name: str) -> OrderLine:
    if len(name) < _LEAST_DIGITS:
        raise InvalidInput(
            "Name an order by the first 6 digits of its id, at least.",
            suggestion="'ringbolt orders list' shows 12.",
        )
    found = overview.orders_named(tx, name)
    if not found:
        raise NotFound(f"There is no order {name[:64]}.")
    if len(found) > 1:
        raise Conflict(
            f"Several orders begin with {name}.", suggestion="Write more digits of the id."
        )
    return found[0]


def _order(line: OrderLine, unmasked: bool) -> dict[str, Any]:
    to = line.to or _recipient(line)
    return {
        "id": line.id if unmasked else line.id[:SHOWN_DIGITS],
        "kind": line.kind,
        "state": line.state,
        "to": to if unmasked else mask_destination(to),
        "part": line.part,
        "method": line.method,
        "family": line.family,
        "price_msat": line.price_msat,
        "reason": line.reason if unmasked else mask_words(line.reason),
        "created_ms": line.created_ms,
        "moved_ms": line.moved_ms,
        "finished_ms": line.finished_ms,
    }


def _recipient(line: OrderLine) -> str:
    """Of a text or e-mail: '' once it is wiped."""
    if line.kind not in (OrderKind.SMS, OrderKind.EMAIL):
        return ""
    return _decode(line.request).to


def _call(line: CallLine, unmasked: bool) -> dict[str, Any]:
    talked_ms = line.talked_ms
    if talked_ms is None and line.answered_ms is not None and line.ended_ms is not None:
        talked_ms = max(0, line.ended_ms - line.answered_ms)
    return {
        "sid": line.sid,
        "order_id": line.order_id if unmasked else line.order_id[:SHOWN_DIGITS],
        "to": line.to if unmasked else mask_destination(line.to),
        "status": line.status,
        "cause": line.cause if unmasked else mask_words(line.cause),
        "part": line.part,
        "order_state": line.order_state,
        "price_msat": line.price_msat,
        "minutes": line.minutes,
        "queued_ms": line.queued_ms,
        "ringing_ms": line.ringing_ms,
        "answered_ms": line.answered_ms,
        "ended_ms": line.ended_ms,
        "talked_ms": talked_ms,
    }


def _with_times(steps: list[StepLine], unmasked: bool) -> Iterator[dict[str, Any]]:
    """Each step with how long the order was in the state before, ms; None for the first."""
    lasted: list[int | None] = [None]
    lasted += [later.at_ms - earlier.at_ms for earlier, later in pairwise(steps)]
    for step, ms in zip(steps, lasted, strict=True):
        yield {
            "at_ms": step.at_ms,
            "from": step.source,
            "to": step.target,
            "cause": step.why if unmasked else mask_words(step.why),
            "ms": ms,
        }
