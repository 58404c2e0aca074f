"""What the shop sells, sold without any API: each verb of ``app/checkout`` by itself.

A page, an agent or a command line buys by these calls; nothing of what is sold is decided before.
"""

from __future__ import annotations

import pytest

from ringbolt.app.accounts.keys import create_key
from ringbolt.app.checkout.purchase import Buyer, Hold, Idempotency
from ringbolt.app.checkout.sell_call import sell_call
from ringbolt.app.checkout.sell_mail import sell_mail
from ringbolt.app.checkout.sell_number import sell_number
from ringbolt.app.checkout.sell_text import sell_text
from ringbolt.app.checkout.top_up import top_up
from ringbolt.core.calls.call import Say
from ringbolt.core.commands import CallOrder, ReceiveTexts, SendMail, SendText
from ringbolt.core.errors import DestinationRefused, InvalidInput, Role
from ringbolt.core.order import OrderKind, OrderState
from ringbolt.store import orders
from ringbolt.store.orders import Order
from support.clients.orders import GETS_IT, USA, OrderClient
from support.numbers import BUSY, LISTENS
from support.servers.shop import ShopServer
from support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
BUYER = Buyer("orders", Hold(), "a client")


async def _until(shop: ShopServer, order: Order, state: OrderState) -> Order:
    async def probe() -> Order | None:
        found = await shop.shop.db.read(orders.by_id, order.id)
        return found if found is not None and found.state is state else None

    return await eventually(probe)


async def test_a_text_is_sold_by_its_segments(shared_shop: ShopServer) -> None:
    sold = await sell_text(shared_shop.shop, SendText(GETS_IT, "x" * 161), BUYER)

    assert (sold.segments, sold.order.price_msat) == (2, 2_000_000)
    assert sold.order.command == SendText(
        GETS_IT, "x" * 161, shared_shop.shop.settings.sms.senders[0]
    )
    OrderClient(shared_shop).pay(sold.order.payreq)
    await _until(shared_shop, sold.order, OrderState.SETTLED)


async def test_a_mail_is_sold_to_the_one_address_that_it_names(shared_shop: ShopServer) -> None:
    sold = await sell_mail(shared_shop.shop, SendMail(" bob@Example.com ", "Hi\r\nthere"), BUYER)

    assert sold.order.command == SendMail("bob@example.com", "Hi\nthere")
    OrderClient(shared_shop).pay(sold.order.payreq)
    await _until(shared_shop, sold.order, OrderState.SETTLED)


@pytest.mark.parametrize(("hours", "kind"), [(0, OrderKind.ACTIVATION), (5, OrderKind.RENTAL)])
async def test_a_number_is_sold_for_a_code_or_for_hours(
    shared_shop: ShopServer, hours: int, kind: OrderKind
) -> None:
    sold = await sell_number(shared_shop.shop, ReceiveTexts("tg", USA, hours=hours), BUYER)

    assert (sold.order.kind, sold.order.price_msat) == (kind, 30_000_000 if hours else 3_000_000)


async def test_a_call_may_be_paid_by_a_hold_invoice(shared_shop: ShopServer) -> None:
    command = CallOrder(LISTENS, minutes=2, steps=(Say("Hello."),))
    sold = await sell_call(shared_shop.shop, command, BUYER)

    assert sold.call.minutes == 2
    assert await OrderClient(shared_shop).pay(sold.order.payreq) == "SUCCEEDED"
    await _until(shared_shop, sold.order, OrderState.SETTLED)


async def test_a_call_by_a_hold_invoice_that_nobody_answers_costs_nothing(
    shared_shop: ShopServer,
) -> None:
    command = CallOrder(BUSY, minutes=1, steps=(Say("Hello."),))
    sold = await sell_call(shared_shop.shop, command, BUYER)

    assert await OrderClient(shared_shop).pay(sold.order.payreq) == "FAILED"
    await _until(shared_shop, sold.order, OrderState.RETURNED)


async def test_a_balance_is_topped_up(shared_shop: ShopServer) -> None:
    made = await create_key(shared_shop.shop.db, "a test")
    sold = await top_up(shared_shop.shop, made.key, 5000, BUYER)

    assert (sold.order.kind, sold.order.price_msat) == (OrderKind.FUND, 5_000_000)
    OrderClient(shared_shop).pay(sold.order.payreq)
    await _until(shared_shop, sold.order, OrderState.SETTLED)


async def test_the_same_request_is_sold_once(shared_shop: ShopServer) -> None:
    buyer = Buyer("orders", Hold(), "a client", Idempotency("anybody", "once", "the body"))
    first = await sell_text(shared_shop.shop, SendText(GETS_IT, "Hello"), buyer)
    again = await sell_text(shared_shop.shop, SendText(GETS_IT, "Hello"), buyer)

    assert (first.replayed, again.replayed) == (False, True)
    assert first.order.id == again.order.id


async def test_what_is_not_available_is_refused_in_every_api(shared_shop: ShopServer) -> None:
    shop = shared_shop.shop
    refused = [
        (sell_text(shop, SendText("+43123", "Hello"), BUYER), Role.DESTINATION),
        (sell_call(shop, CallOrder("12", minutes=1, message="Hello"), BUYER), Role.DESTINATION),
        (sell_mail(shop, SendMail("bob", "Hello"), BUYER), Role.ADDRESS),
        (sell_number(shop, ReceiveTexts("full", USA), BUYER), Role.SERVICE),
        (top_up(shop, "rb_none", 0, BUYER), Role.AMOUNT),
    ]
    for selling, role in refused:
        with pytest.raises(InvalidInput) as refusal:
            await selling
        assert refusal.value.role is role


async def test_a_landline_gets_no_text(shared_shop: ShopServer) -> None:
    with pytest.raises(DestinationRefused, match="landline"):
        await sell_text(shared_shop.shop, SendText("+493012345678", "Hello"), BUYER)


async def test_nobody_is_notified_at_an_address_inside(shared_shop: ShopServer) -> None:
    buyer = Buyer("orders", Hold(), "a client", webhook_url="https://127.0.0.1/hook")

    with pytest.raises(InvalidInput) as refusal:
        await sell_text(shared_shop.shop, SendText(GETS_IT, "Hello"), buyer)

    assert refusal.value.role is Role.WEBHOOK
