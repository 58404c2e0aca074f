"""How each API family describes its orders to their receivers."""

from __future__ import annotations

from collections.abc import Mapping

from ringbolt.api import l402, orders, voice
from ringbolt.api.kit.call_callbacks import CallRenderer
from ringbolt.api.l402.callbacks import PaidRenderer
from ringbolt.api.orders.order_document import OrderRenderer
from ringbolt.app.shop import NoticeRenderer
from ringbolt.settings import Settings


def renderers(settings: Settings) -> Mapping[str, NoticeRenderer]:
    """By the family's name, as orders keep it."""
    return {
        l402.FAMILY: PaidRenderer(),
        orders.FAMILY: OrderRenderer(settings),
        voice.FAMILY: CallRenderer(),
    }
