"""What the operator's settings do to the orders API."""

from __future__ import annotations

from pathlib import Path

from order_client import USA, OrderClient


async def test_a_price_table_holds_for_prices_and_invoices_alike(
    open_shop: Any, tmp_path: Path
) -> None:
    table = tmp_path / "prices.csv"
    table.write_text(
        "kind,country,service,sats\nreceive,germany,tg,1234\nsend,germany,,1500\nrent,us,,9000\n"
    )
    client = OrderClient(await open_shop(prices={"table": str(table)}))

    for path, body, said in (
        ("/createorder", {"country": "DE", "service": "telegram"}, "receive"),
        ("/createorder", {"country": "DE", "service": "vk"}, "receive"),
        ("/createorder", {"country": 187, "isRental": True, "rentalHours": 9}, "rent"),
        ("/createsendorder", {"phone": "+4915123456789", "message": "ä" * 140}, "send"),
        ("/createsendorder", {"phone": "+12025550123", "message": "x" * 140}, "send"),
    ):
        prices = await client.get("/price", **body)
        assert (await client.order(path, body))["price"] == prices[said], body
    assert (await client.get("/price", country="DE", service="tg"))["receive"] == 1234
    assert (await client.get("/getPrice", country="germany", service="Telegram"))["price"] == 1234


async def test_denied_services_are_neither_listed_nor_sold(open_shop: Any) -> None:
    client = OrderClient(await open_shop(abuse={"denied_services": ("tg",)}))
    listed = {item["code"] for item in await client.get("/getServices", country=USA)}
    answer = await client.post("/createorder", {"country": USA, "service": "Telegram"})

    assert "tg" not in listed
    assert "vk" in listed
    assert answer.status_code == 400
    assert answer.json()["field"] == "service"
