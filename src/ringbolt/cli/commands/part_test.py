"""``ringbolt carriers test``: asks the running shop, which far ends call back, for a test."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final
from urllib.parse import quote

from ringbolt.cli.commands.store_reader import print_rows
from ringbolt.cli.exit_codes import EXIT_FAILED, EXIT_OK
from ringbolt.cli.operator_access import OperatorClient
from ringbolt.cli.output import is_terminal
from ringbolt.cli.running_shop import running_shop
from ringbolt.core.errors import Unavailable
from ringbolt.settings import Settings, SettingsError

_LOOK_EVERY_S: Final = 1.0
_PATIENCE_S: Final = {"calls": 120.0, "sms": 20.0, "mail": 0.0}
"""How long to follow what becomes of a test."""
_COLUMNS: Final = (
    ("area", "for"),
    ("name", "name"),
    ("to", "to"),
    ("result", "result"),
    ("id", "its id"),
    ("detail", "what it says"),
    ("cost", "cost"),
)


async def run_test(settings: Settings, name: str, to: str, as_json: bool) -> int:
    """Raises ``SettingsError`` if no shop runs, and what the shop says."""
    shop = await running_shop(settings)
    if shop is None:
        raise SettingsError(
            "No shop runs on this data folder. Start it (ringbolt serve): carriers call it back "
            "and fetch from it what they play."
        )
    client = OperatorClient(settings, shop)
    try:
        found: dict[str, Any] = await client.ask("POST", "/parts/test", {"name": name, "to": to})
        if found["result"] == "accepted":
            await _follow(client, found)
    finally:
        await client.close()
    print_rows("Test", _COLUMNS, [found], as_json or not is_terminal())
    return EXIT_OK if found["result"] == "accepted" else EXIT_FAILED


async def _follow(client: OperatorClient, found: dict[str, Any]) -> None:
    """Ask what became of it, until that is final or the patience is over."""
    until_s = time.monotonic() + _PATIENCE_S.get(found["area"], 0.0)
    ids = quote(found["id"].replace(", ", ","), safe="")
    path = f"/parts/test/{found['area']}/{found['name']}/{found['ref']}?ids={ids}"
    while time.monotonic() < until_s:
        try:
            seen = await client.ask("GET", path)
        except Unavailable as error:
            found["detail"] = f"{found['detail']}; then {error.message}"
            return
        found["detail"] = seen["detail"] or found["detail"]
        found["cost"] = seen["cost"] or found["cost"]
        if seen["is_over"]:
            return
        await asyncio.sleep(_LOOK_EVERY_S)
