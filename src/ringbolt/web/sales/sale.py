"""What the forms that sell have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ringbolt.app.checkout.purchase import Buyer
from ringbolt.app.shop import Shop
from ringbolt.store.orders import Order
from ringbolt.web.forms import Form


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order costs: ``lines`` are its parts in words, with their satoshis; None where the
    form does not say enough yet. ``hint``: about the number or text, '' for nothing."""

    sats: int | None = None
    lines: tuple[tuple[str, int], ...] = ()
    hint: str = ""


class Sale(ABC):
    """A form that sells one service. ``name`` is the service's (``closed_sales.SERVICES``), the
    form's address and its template."""

    name: ClassVar[str]

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    @abstractmethod
    async def choices(self, form: Form) -> Mapping[str, Any]:
        """What the form's lists offer. Raises ``Unavailable``."""

    @abstractmethod
    async def quote(self, form: Form) -> Quote:
        """The price of what is filled in so far. It refuses nothing."""

    @abstractmethod
    async def buy(self, form: Form, buyer: Buyer, client: str) -> Order | None:
        """Place the order; None if ``form.errors`` says what is wrong. Raises ``RingboltError``."""
