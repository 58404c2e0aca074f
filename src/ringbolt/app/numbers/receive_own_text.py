"""A text that came to one of the operator's own numbers, whoever hands it in: a carrier's callback,
a phone, or a script over HTTP."""

from __future__ import annotations

from ringbolt.app.numbers.receive_text import receive_texts
from ringbolt.app.policies import ReceivingPolicy
from ringbolt.numbers.provider import InboundText
from ringbolt.numbers.types import OWN_NUMBERS
from ringbolt.sms.carrier import InboundSms
from ringbolt.store import pool, receiving_orders
from ringbolt.store.engine.db import Tx


def receive_own_text(tx: Tx, policy: ReceivingPolicy, source: str, text: InboundSms) -> bool:
    """Take a text, once per ``source`` and its ``event_id``; False if the number is not ours.

    ``source``: who hands it in, e.g. ``sms:phone``. The text goes to the order that leases the
    number at that time, to the list of opt-outs if we send from that number, or to quarantine.
    """
    if not _is_ours(tx, policy, text.to):
        return False
    inbound = InboundText(
        event_id=f"{source}:{text.event_id}",
        number=text.to,
        lease_id="",
        sender=" ".join(text.sender.split()),
        text=text.text,
        code="",
        at_ms=min(text.at_ms, tx.now_ms),
    )
    receive_texts(tx, policy, OWN_NUMBERS.name, [inbound])
    return True


def _is_ours(tx: Tx, policy: ReceivingPolicy, number: str) -> bool:
    if number in policy.senders or pool.has(tx, number):
        return True
    lease = receiving_orders.open_lease_of_number(tx, number)
    return lease is not None and lease.provider == OWN_NUMBERS.name
