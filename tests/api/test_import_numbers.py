"""A CSV of own numbers, handed to a running shop by its operator."""

from __future__ import annotations

from typing import Any

from ringbolt.api.operator.routes import PREFIX, operator_token
from support.servers.shop import ShopServer


async def test_the_operator_imports_numbers_into_a_running_shop(shop: ShopServer) -> None:
    headers = {"Authorization": f"Bearer {operator_token(shop.shop.keyring)}"}

    async def send(table: str) -> Any:
        url = f"{PREFIX}/numbers/import"
        return await shop.http.post(url, json={"csv": table}, headers=headers)

    table = "number,label\r\n+12025550123,Küche\r\n# not yet: +12025550124\r\n+12025550125,\r\n"
    done = [await send(table) for _ in range(2)]
    refused = await send("number\n+12025550126\n12\n")
    listed = (await shop.http.get(f"{PREFIX}/numbers", headers=headers)).json()

    assert [answer.status_code for answer in done] == [200, 200]
    assert [answer.json() for answer in done] == [
        {"added": 2, "known": 0},
        {"added": 0, "known": 2},
    ]
    assert refused.status_code == 400
    assert "row 2 ('12')" in refused.json()["detail"]
    assert [(row["number"], row["label"], row["state"]) for row in listed] == [
        ("+12025550123", "Küche", "ready"),
        ("+12025550125", "", "ready"),
    ]
    assert (await shop.http.post(f"{PREFIX}/numbers/import", json={})).status_code == 401
