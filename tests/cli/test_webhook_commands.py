"""Webhooks as the operator lists them and sends them again, with a running shop or without."""

from __future__ import annotations

import os
from pathlib import Path

from cli.conftest import Ran, run_command
from ringbolt.app.webhooks import notify
from ringbolt.clock import SystemClock
from ringbolt.store import webhooks
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.webhooks import WebhookState
from support.databases.order_rows import put_order
from support.processes.shop import running_process


def tell_and_give_up(tx: Tx) -> str:
    """An order whose webhook was given up; the webhook's id."""
    order_id = put_order(tx, "sms", "paid", webhook_url="https://10.0.0.1/hook").id
    notify.changed(tx, order_id)
    sent = webhooks.next_of(tx, order_id)
    assert sent is not None
    webhooks.record_try(tx, sent, sent.body, WebhookState.GIVEN_UP, (410, "HTTP 410", 5))
    return sent.id


def alone(data_dir: Path) -> dict[str, str]:
    """An environment with nothing but a data folder."""
    kept = {name: value for name, value in os.environ.items() if "RINGBOLT" not in name}
    return {**kept, "RINGBOLT_DATA_DIR": str(data_dir)}


async def given_up(data_dir: Path) -> str:
    data_dir.mkdir()
    db = await open_database(f"sqlite:///{data_dir}/ringbolt.db", SystemClock())
    try:
        return await db.tx(tell_and_give_up)
    finally:
        await db.close()


async def assert_listed_and_sent_again(environment: dict[str, str], webhook_id: str) -> None:
    """It is listed as failed, and can be sent again; what does not exist cannot."""

    async def run(*arguments: str) -> Ran:
        return await run_command(environment, "webhooks", *arguments)

    (found,) = (await run("list", "--failed")).json
    assert (found["id"], found["state"]) == (webhook_id, "given_up")
    assert found["log"][0]["error"] == "HTTP 410"
    assert (await run("list", "--order", "00")).json == []
    assert (await run("resend", webhook_id)).json["resent"] is True
    missing = await run("resend", "msg_nothing")
    assert missing.code == 1
    assert "There is no webhook msg_nothing" in missing.err


async def test_in_the_store_of_a_closed_shop(tmp_path: Path) -> None:
    webhook_id = await given_up(tmp_path / "data")
    await assert_listed_and_sent_again(alone(tmp_path / "data"), webhook_id)


async def test_through_a_running_shop(tmp_path: Path) -> None:
    webhook_id = await given_up(tmp_path / "data")
    async with running_process(["serve"], tmp_path / "data") as shop:
        await assert_listed_and_sent_again(shop.environment, webhook_id)
