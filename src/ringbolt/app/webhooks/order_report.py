"""What the holder of an order's status token may see of it, whatever it brings about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from ringbolt.core.order import DELIVERED, OrderState
from ringbolt.store.orders import Order, OrderEvent
from ringbolt.store.refunds import Refund


@dataclass(frozen=True, slots=True)
class OrderReport(ABC):
    """An order with its refund (None: there is none) and its changes."""

    order: Order
    refund: Refund | None
    history: list[OrderEvent]
    now_ms: int

    @property
    def charged_msat(self) -> int:
        """What the order has cost so far: nothing until it is fulfilled."""
        return self.order.price_msat if self.order.state in DELIVERED else 0

    @property
    def may_retry(self) -> bool:
        return (
            self.order.state is OrderState.FAILED
            and self.order.may_retry
            and self.now_ms < self.order.retry_until_ms
        )

    @property
    @abstractmethod
    def was_asked(self) -> bool:
        """Whether a carrier or mail server was asked in the latest try."""
