"""Webhooks, through the running shop if there is one, else directly in its store."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from ringbolt.app.webhooks import resend_webhook
from ringbolt.app.webhooks.webhook_list import list_webhooks
from ringbolt.cli.operator_access import OperatorClient, open_admin
from ringbolt.cli.output import EXIT_OK, day, is_terminal, print_json, print_table
from ringbolt.settings import Settings


async def listing(settings: Settings, order_id: str, failed: bool, limit: int) -> int:
    async with open_admin(settings) as opened:
        if isinstance(opened, OperatorClient):
            query = {"order_id": order_id, "failed": int(failed), "limit": limit}
            found: dict[str, Any] = await opened.ask("GET", f"/webhooks?{urlencode(query)}")
        else:
            found = await opened.read(list_webhooks, order_id, failed, "", limit)
    rows: list[dict[str, Any]] = found["webhooks"]
    if not is_terminal():
        print_json(rows)
        return EXIT_OK
    print_table(
        "Webhooks",
        ("id", "order", "to", "state", "tries", "last try", "told"),
        [
            (
                row["id"],
                row["order_id"][:12],
                row["url"],
                row["state"],
                row["tries"],
                _last(row["log"]),
                day(row["created_ms"]),
            )
            for row in rows
        ],
    )
    return EXIT_OK


async def resend(settings: Settings, webhook_id: str) -> int:
    async with open_admin(settings) as opened:
        if isinstance(opened, OperatorClient):
            await opened.ask("POST", f"/webhooks/{webhook_id}/resend")
        else:
            await opened.tx(resend_webhook.resend, webhook_id)
    if is_terminal():
        print(f"{webhook_id} is sent again.")
    else:
        print_json({"id": webhook_id, "resent": True})
    return EXIT_OK


def _last(log: list[dict[str, Any]]) -> str:
    if not log:
        return ""
    last = log[0]
    return f"{last['error'] or last['status']} ({last['took_ms']} ms)"
