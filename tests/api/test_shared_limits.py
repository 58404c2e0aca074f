"""Two machines, one PostgreSQL: what one of them has sent counts at the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ringbolt.api.l402 import paid_url
from ringbolt.app.checkout.paid_limits import PaidLimits
from support.clients.l402 import say
from support.clients.orders import OrderClient
from support.servers.shop import running_shop, settings_for

ABUSE = {
    "same_text_per_client_per_hour": 2,
    "contacts_per_number_per_day": 2,
    "contacts_per_block_per_hour": 4,
    "hourly_country_sats": 5000,
}
Machines = tuple[OrderClient, OrderClient]


@pytest.fixture
async def machines(
    postgres_url: str, tmp_path: Path, speech_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Machines]:
    monkeypatch.setattr(paid_url, "PaidLimits", partial(PaidLimits, max_age_s=-1.0))
    options: dict[str, Any] = {
        "database_url": postgres_url, "limits": "on", "abuse": ABUSE, "secret": "ab" * 32,
    }  # fmt: skip
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(
            running_shop(settings_for(tmp_path / "one", speech_dir, **options))
        )
        world = {"url": first.world_url}
        second = await stack.enter_async_context(
            running_shop(settings_for(tmp_path / "two", speech_dir, simulator=world, **options))
        )
        yield OrderClient(first), OrderClient(second)


async def text(client: OrderClient, to: str, message: str) -> None:
    order_id, _ = await client.buy("/createsendorder", {"phone": to, "message": message})
    await client.until(order_id, lambda status: status["paid"])


async def refusals(client: OrderClient, to: str, message: str) -> list[str]:
    """What an order of a text, and a call, are refused for."""
    ordered = await client.post("/createsendorder", {"phone": to, "message": message})
    called = await client.shop.post(say(to, message))
    return [answer.json().get("error_code", "") for answer in (ordered, called)]


async def test_limits_hold_over_all_machines(machines: Machines) -> None:
    one, two = machines
    await text(one, "+12025550100", "Your parcel 1 waits for its duty")
    await text(two, "+12025561100", "Your parcel 2 waits for its duty")
    same = [
        await refusals(each, "+12025571100", "Your parcel 3 waits for its duty")
        for each in machines
    ]
    await text(two, "+12025550100", "Another")
    person = [await refusals(each, "+12025550100", "A third") for each in machines]
    await text(one, "+12025550101", "Fourth")
    await text(two, "+12025550102", "Fifth")
    block = [await refusals(each, "+12025550103", "Sixth") for each in machines]
    country = [await refusals(each, "+13105550100", "Seventh") for each in machines]

    assert same == [["SAME_TEXT_LIMIT_REACHED"] * 2] * 2
    assert person == [["DESTINATION_LIMIT_REACHED"] * 2] * 2
    assert country == [["HOURLY_LIMIT_REACHED"] * 2] * 2
    assert [codes[0] for codes in block] == ["DESTINATION_LIMIT_REACHED"] * 2
    assert await refusals(two, "+4915112345678", "Hallo") == ["", "PAYMENT_REQUIRED"]
