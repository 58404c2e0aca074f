"""Accept a text in which we found no code of the service: the buyer pays, and sees the whole text.

Until then the text is masked: a buyer who saw it unpaid could use the code and cancel.
"""

from __future__ import annotations

from typing import Final

from ringbolt.app.numbers.cancel_order import LOOK, no_such_order
from ringbolt.app.numbers.close_lease import set_timer
from ringbolt.app.numbers.end_receiving import look
from ringbolt.app.payments.decide_outcome import fulfil
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import notify
from ringbolt.core.errors import Conflict
from ringbolt.core.order import DELIVERED, OrderState
from ringbolt.store.engine.db import Tx

WAIT: Final = "Wait until one came."
_WHY: Final = "the buyer took a text without a code"


async def accept_without_code(shop: Shop, order_id: str) -> None:
    """Fulfil the order with the texts that came; does nothing if it is delivered already.

    Raises ``NotFound``, and ``Conflict`` if no text came or the order is over.
    """
    await shop.db.tx(_accept, order_id)


def _accept(tx: Tx, order_id: str) -> None:
    found = look(tx, order_id, lock=True)
    if found is None:
        raise no_such_order()
    if found.receiving.is_rental:
        raise Conflict(
            "A rental shows every text as it is; there is nothing to accept.",
            suggestion="Look at the order's messages.",
        )
    if found.order.state in DELIVERED:
        return
    if found.order.state is not OrderState.IN_PROGRESS or not found.is_open:
        raise Conflict(
            "The order has no number that waits for a code, so nothing can be accepted.",
            suggestion=LOOK,
        )
    if not found.receiving.texts:
        raise Conflict(
            "No text came yet; there is nothing to accept.",
            suggestion=WAIT,
        )
    if not fulfil(tx, order_id, _WHY):
        raise Conflict("The order was just decided.", suggestion=LOOK, retry_after_s=1)
    set_timer(tx, order_id, found.receiving.until_ms or tx.now_ms)
    notify.changed(tx, order_id)
