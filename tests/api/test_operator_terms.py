"""Prices, rates and what is sold are changed while the shop is open, in every process of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ringbolt.api.operator.routes import operator_token
from ringbolt.app.sales_terms import PRICES, SALES, Cards, SalesTerms, TermsUnusable
from ringbolt.clock import SystemClock
from ringbolt.core.lightning import bolt11
from ringbolt.core.pricing import rates
from ringbolt.core.pricing.prices import PriceList
from ringbolt.core.pricing.rates import Rate, RateCard
from ringbolt.settings import SettingsError
from ringbolt.store import operator_changes
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.schema.shop_tables import operator_change
from support.clients.l402 import say
from support.clients.orders import GERMANY, OrderClient
from support.numbers import ANSWERS
from support.servers.shop import ShopServer, running_shop, settings_for
from support.waiting import eventually

BY = {"by": "olga@desk"}
SEND = {"phone": "+12025550177", "message": "Hello"}


class Operator:
    def __init__(self, shop: ShopServer) -> None:
        self.shop = shop
        token = operator_token(shop.shop.keyring)
        self._headers = {"Authorization": f"Bearer {token}"}

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self.shop.http.post(
            f"/v1/operator/terms{path}", json={**BY, **body}, headers=self._headers
        )
        return answer.json() | {"status_code": answer.status_code}

    async def get(self, path: str = "") -> Any:
        answer = await self.shop.http.get(f"/v1/operator/terms{path}", headers=self._headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


def sats_of(order: dict[str, Any]) -> int:
    return (bolt11.decode(order["payreq"]).amount_msat or 0) // 1000


async def price_of_a_text(shop: ShopServer) -> int:
    answer = await shop.http.get("/price", params={"type": "send"})
    return int(answer.json()["send"])


async def test_a_new_price_counts_for_new_orders_only(any_shop: ShopServer) -> None:
    operator, buyer = Operator(any_shop), OrderClient(any_shop)
    placed = await buyer.order("/createsendorder", SEND)
    table = "kind,country,service,sats\nsend,,,777\n"

    preview = await operator.post("/prices", csv=table, preview=True)
    assert preview["changes"] == [{"name": "send", "before": "1000", "after": "777"}]
    assert (await operator.get())["changed"] == {}

    changed = await operator.post("/prices", csv=table, reason="a cheaper carrier")
    assert changed["status_code"] == 200
    assert "send,,,777" in changed["prices"]
    later = await buyer.order("/createsendorder", SEND)
    assert sats_of(later) == 777
    assert sats_of(placed) == 1000

    [change] = await operator.get("/changes")
    assert (change["by"], change["reason"]) == ("olga@desk", "a cheaper carrier")
    assert (await buyer.status(placed["orderId"]))["state"] == "awaiting_payment"
    restored = await operator.post("/prices", reset=True)
    assert "send,,,1000" in restored["prices"]
    assert len(await operator.get("/changes")) == 2


async def test_a_paid_call_is_placed_although_its_rate_has_risen(shop: ShopServer) -> None:
    operator = Operator(shop)
    paid = await shop.buy_credential(say(ANSWERS))
    dearer = RateCard(
        Rate(each.prefix, each.sats_per_minute * 3, each.cost_sats_per_minute, each.label)
        for each in shop.shop.rates.rates()
    )
    changed = await operator.post("/rates", csv=rates.to_csv(dearer))
    assert changed["status_code"] == 200

    answer = await shop.post(say(ANSWERS), paid.authorization)

    assert answer.status_code == 200, answer.text
    fresh = await shop.post(say(ANSWERS))
    assert fresh.json()["amount_sats"] == 3 * paid.document["amount_sats"]
    before = await operator.post("/restore", id=1, reason="the same again")
    assert before["status_code"] == 200


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/prices", {}, "a table"),
        ("/prices", {"csv": "nonsense"}, "first line"),
        ("/prices", {"csv": "kind,country,service,sats\nsend,,,0\n"}, "at least 1 sat"),
        ("/rates", {"csv": "prefix,sats_per_minute\n1,2\n"}, "cost_sats_per_minute"),
        ("/rates", {"csv": "a\x00b"}, "control characters"),
        ("/sales", {"services": ["fax"]}, "no service"),
        ("/sales", {"countries": ["XX"]}, "no country"),
        ("/sales", {"services": "call"}, "list of texts"),
    ],
)
async def test_what_cannot_be_used_changes_nothing(
    shared_shop: ShopServer, path: str, body: dict[str, Any], says: str
) -> None:
    operator = Operator(shared_shop)
    refused = await operator.post(path, **body)
    assert refused["status_code"] == 400
    assert says in f"{refused['detail']} {refused.get('suggestion', '')}"
    assert await operator.get("/changes") == []


@pytest.mark.asyncio(loop_scope="module")
async def test_an_unknown_change_is_not_restored(shared_shop: ShopServer) -> None:
    assert (await Operator(shared_shop).post("/restore", id=99))["status_code"] == 404


async def test_a_closed_shop_asks_for_no_payment_and_carries_out_what_is_paid(
    shop: ShopServer,
) -> None:
    operator, buyer = Operator(shop), OrderClient(shop)
    paid = await shop.buy_credential(say(ANSWERS))
    until_ms = shop.shop.clock.now_ms() + 3_600_000
    await operator.post("/sales", is_closed=True, until_ms=until_ms, reason="We move house.")

    call = await shop.post(say(ANSWERS))
    text = await buyer.post("/createsendorder", SEND)
    kept = await shop.post(say(ANSWERS), paid.authorization)

    assert (call.status_code, call.json()["error_code"]) == (503, "SALES_CLOSED")
    assert "We move house." in call.json()["detail"]
    assert 3000 < int(call.headers["retry-after"]) <= 3600
    assert (text.status_code, text.json()["error_code"]) == (503, "SALES_CLOSED")
    assert kept.status_code == 200, kept.text
    await shop.advance(3601)
    assert (await shop.post(say(ANSWERS))).status_code == 402


async def test_a_service_and_a_country_are_closed_by_themselves(shop: ShopServer) -> None:
    operator, buyer = Operator(shop), OrderClient(shop)
    await operator.post("/sales", services=["text"], countries=["de"])

    text = await buyer.post("/createsendorder", SEND)
    code = await buyer.post("/createorder", {"country": GERMANY, "service": "vk"})
    call = await shop.post(say("+4930123456"))

    assert (text.status_code, text.json()["error_code"]) == (503, "SERVICE_CLOSED")
    assert (code.status_code, code.json()["error_code"]) == (422, "COUNTRY_CLOSED")
    assert (call.status_code, call.json()["error_code"]) == (422, "COUNTRY_CLOSED")
    assert (await shop.post(say(ANSWERS))).status_code == 402
    await operator.post("/sales")
    assert (await buyer.post("/createsendorder", SEND)).status_code == 200


async def test_another_process_follows_within_seconds(
    tmp_path: Path, postgres_url: str, speech_dir: Path
) -> None:
    one, two = (
        settings_for(tmp_path / name, speech_dir, database_url=postgres_url, secret="5e" * 32)
        for name in ("one", "two")
    )
    async with running_shop(one) as first, running_shop(two) as second:
        await Operator(first).post("/prices", csv="kind,country,service,sats\nsend,,,123\n")

        async def has_followed() -> bool:
            return await price_of_a_text(second) == 123

        await eventually(has_followed)
        assert await price_of_a_text(first) == 123


async def test_changes_that_cannot_be_read_leave_the_former_in_force_and_are_told(
    any_shop: ShopServer,
) -> None:
    operator, terms = Operator(any_shop), any_shop.shop.terms
    await operator.post("/prices", csv="kind,country,service,sats\nsend,,,777\n")
    await any_shop.shop.db.tx(operator_changes.add, PRICES, "nonsense", "", "a later version")

    with pytest.raises(TermsUnusable, match="first line"):
        await terms.refresh(any_shop.shop.db)
    assert terms.prices.send(None, 1) == 777

    await operator.post("/prices", reset=True)
    assert terms.prices.send(None, 1) == 1000


async def test_a_shop_with_changes_that_cannot_be_read_does_not_open(
    tmp_path: Path, speech_dir: Path
) -> None:
    settings = settings_for(tmp_path / "shop", speech_dir)
    async with running_shop(settings) as shop:
        await shop.shop.db.tx(operator_changes.add, SALES, "{", "", "a later version")
    with pytest.raises(SettingsError, match="ringbolt terms open"):
        async with running_shop(settings):
            pass


async def test_a_change_that_is_committed_late_is_seen(postgres_url: str) -> None:
    """A lower id may be committed after a higher one."""
    db = await open_database(postgres_url, SystemClock())
    try:
        terms = SalesTerms(Cards(PriceList(), RateCard([Rate("1", 10, 5)])))
        late = operator_change.insert().values(
            id=1, setting=PRICES, value="kind,country,service,sats\nsend,,,9\n", reason="",
            by="", at_ms=0,
        )  # fmt: skip
        first = operator_change.insert().values(
            id=2, setting=SALES, value='{"services":["call"]}', reason="", by="", at_ms=0
        )
        for change in (first, late):
            await db.tx(Tx.run, change)
            assert await terms.refresh(db)
        assert (terms.prices.send(None, 1), terms.closed.services) == (9, ("call",))
    finally:
        await db.close()
