"""Everything about an order's spoken text that the holder of its status token may see."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.app.webhooks.order_report import OrderReport
from ringbolt.core.order import Fulfilment
from ringbolt.store import orders, recordings, refunds
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order
from ringbolt.store.recordings import Recording


@dataclass(frozen=True, slots=True)
class SpeechReport(OrderReport):
    """A spoken text with its order. ``audio``: None until it is made, and once it was removed."""

    audio: Recording | None

    @property
    def was_asked(self) -> bool:
        """Nobody else is asked."""
        return False


def report_by_token(tx: Tx, status_token: str) -> SpeechReport | None:
    """The spoken text behind a status address; None if there is none."""
    order = orders.by_status_token(tx, status_token)
    return None if order is None else _report(tx, order)


def report_by_id(tx: Tx, order_id: str) -> SpeechReport | None:
    """The spoken text of that order; None if it is none."""
    order = orders.by_id(tx, order_id)
    return None if order is None else _report(tx, order)


def file_by_token(tx: Tx, status_token: str) -> tuple[SpeechReport, bytes] | None:
    """The audio file of a spoken text; None if there is none now."""
    report = report_by_token(tx, status_token)
    if report is None or report.audio is None:
        return None
    file = recordings.sound_of(tx, report.audio.id)
    return (report, file) if file else None


def _report(tx: Tx, order: Order) -> SpeechReport | None:
    if order.kind.fulfilment is not Fulfilment.SPEAK:
        return None
    kept = recordings.of_order(tx, order.id)
    refund = refunds.of_order(tx, order.id)
    history = orders.history(tx, order.id)
    return SpeechReport(order, refund, history, tx.now_ms, kept[0] if kept else None)
