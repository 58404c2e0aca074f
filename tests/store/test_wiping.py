"""What is left of an order when its texts are no longer needed."""

from __future__ import annotations

import json

import pytest

from ringbolt.core.calls.call import Gather, Play, Say
from ringbolt.core.commands import CallOrder, SendMail, SendText, to_json
from ringbolt.store import housekeeping, orders
from ringbolt.store.engine.db import Database, Tx
from support.databases.order_rows import put_order

CALL = CallOrder(
    "+12025550123",
    1,
    steps=(
        Say("Secret"),
        Gather((Play("https://secret.example/a.wav", fallback=Say("Secret")),)),
    ),
    status_url="https://hooks.example/secret",
    metadata='{"secret":1}',
)


@pytest.mark.parametrize(
    ("kind", "request_", "kept"),
    [
        ("sms", to_json(SendText("+12025550123", "Secret", "Ringbolt")), "+12025550123"),
        ("email", to_json(SendMail("secret@example.com", "Secret", "Secret")), ""),
        ("call", to_json(CALL), "+12025550123"),
    ],
)
async def test_a_number_stays_for_the_bill_and_nothing_else(
    database: Database, kind: str, request_: str, kept: str
) -> None:
    def finish_and_wipe(tx: Tx) -> str:
        order = put_order(tx, kind, "settled", request=request_, finished_ms=tx.now_ms - 1)
        assert housekeeping.wipe_texts(tx, 0) == 1
        assert housekeeping.wipe_texts(tx, 0) == 0, "once is enough"
        wiped = orders.by_id(tx, order.id)
        assert wiped is not None
        return wiped.request

    request = await database.tx(finish_and_wipe)
    assert "secret" not in request.lower()
    assert json.loads(request)["to"] == kept
