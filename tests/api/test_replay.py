"""One payment, one call: the same request again, soon, later, and much later."""

from __future__ import annotations

import asyncio

import pytest

from support.clients.l402 import PATH, say
from support.numbers import ANSWERS, BUSY, LISTENS, PLAIN
from support.servers.shop import ShopServer

WINDOW_S = 120
DAY_S = 86_400


async def test_the_same_request_soon_gets_the_same_answer(shop: ShopServer) -> None:
    paid, first = await shop.buy(say())
    again = await shop.post(say(), paid.authorization)

    assert again.status_code == 200
    assert again.json() == first
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["payment-receipt"]


async def test_a_first_answer_is_not_marked_as_replayed(shop: ShopServer) -> None:
    paid = await shop.buy_credential(say())
    answer = await shop.post(say(), paid.authorization)

    assert "idempotent-replayed" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


async def test_a_replay_rings_nobody_and_takes_nothing(shop: ShopServer) -> None:
    paid, first = await shop.buy(say())
    await shop.until_over(first)
    for _ in range(3):
        await shop.post(say(), paid.authorization)

    assert len(await shop.calls_of(ANSWERS)) == 1
    assert len(await shop.attempts(first)) == 1
    assert await shop.transfers(first) == [("payment", 50), ("capture", 50)]


async def test_after_the_window_a_new_call_is_a_new_payment(shop: ShopServer) -> None:
    paid, first = await shop.buy(say())
    await shop.until_over(first)
    await shop.advance(WINDOW_S + 1)
    again = await shop.post(say(), paid.authorization)

    assert again.status_code == 402
    assert again.json()["error_code"] == again.headers["x-error-code"] == "L402_TOKEN_SPENT"
    previous = again.json()["previous"]
    assert previous["status_url"] == first["status_url"]
    assert previous["call_id"] == first["call_id"]
    assert previous["order_state"] == "settled"


async def test_the_fresh_challenge_after_the_window_can_be_paid(shop: ShopServer) -> None:
    paid, first = await shop.buy(say())
    await shop.advance(WINDOW_S + 1)
    challenge = (await shop.post(say(), paid.authorization)).json()
    preimage = await shop.pay(challenge["invoice"])
    second = await shop.post(say(), f"L402 {challenge['macaroon']}:{preimage}")

    assert second.status_code == 200
    assert second.json()["sid"] != first["sid"]


async def test_the_same_idempotency_key_gets_the_same_answer_for_ever(shop: ShopServer) -> None:
    paid, first = await shop.buy(say(), Idempotency_Key="order-17")
    await shop.until_over(first)
    await shop.advance(DAY_S / 2)
    again = await shop.post(say(), paid.authorization, Idempotency_Key="order-17")

    assert again.status_code == 200
    assert again.json() == first
    assert again.headers["idempotent-replayed"] == "true"
    assert len(await shop.calls_of(ANSWERS)) == 1


async def test_another_idempotency_key_asks_for_another_call(shop: ShopServer) -> None:
    paid, _ = await shop.buy(say(), Idempotency_Key="order-17")
    again = await shop.post(say(), paid.authorization, Idempotency_Key="order-18")

    assert (again.status_code, again.json()["error_code"]) == (402, "L402_TOKEN_SPENT")


async def test_a_key_that_comes_only_with_the_repetition_changes_nothing(shop: ShopServer) -> None:
    paid, first = await shop.buy(say())
    again = await shop.post(say(), paid.authorization, Idempotency_Key="order-17")

    assert (again.status_code, again.json()) == (200, first)


async def test_a_failed_call_is_tried_again_with_the_same_key(shop: ShopServer) -> None:
    paid, first = await shop.buy(say(BUSY), Idempotency_Key="order-17")
    await shop.until_over(first)
    again = await shop.post(say(BUSY), paid.authorization, Idempotency_Key="order-17")

    assert again.status_code == 200
    assert "idempotent-replayed" not in again.headers
    await shop.until_over(first)
    assert len(await shop.attempts(first)) == 2


async def test_copies_of_a_retry_share_one_attempt(slow_shop: ShopServer) -> None:
    # A phone that rings on: a copy that comes after the attempt has failed may begin another.
    paid, first = await slow_shop.buy(say(PLAIN))
    await slow_shop.phone(PLAIN, "decline")
    await slow_shop.until_over(first)

    copies = [slow_shop.post(say(PLAIN), paid.authorization) for _ in range(20)]
    answers = await asyncio.gather(*copies)

    assert {answer.status_code for answer in answers} == {200}
    await slow_shop.phone(PLAIN, "decline")
    await slow_shop.until(first, lambda status: status["order_state"] == "failed")
    assert len(await slow_shop.attempts(first)) == 2


async def test_a_failed_call_is_repeated_for_another_key(shop: ShopServer) -> None:
    paid, first = await shop.buy(say(BUSY), Idempotency_Key="order-17")
    await shop.until_over(first)
    again = await shop.post(say(BUSY), paid.authorization, Idempotency_Key="order-18")

    assert again.status_code == 200
    assert "idempotent-replayed" not in again.headers
    await shop.until_over(first)
    assert len(await shop.attempts(first)) == 2


async def test_a_credential_may_be_used_for_a_day(shop: ShopServer) -> None:
    paid = await shop.buy_credential(say())
    await shop.advance(DAY_S - 60)
    answer = await shop.post(say(), paid.authorization)

    assert answer.status_code == 200
    assert (await shop.until_over(answer.json()))["charged_sats"] == 50


@pytest.mark.parametrize("form", ["L402 {macaroon}:{preimage}", "MPP"])
async def test_a_payment_never_used_in_time_can_be_had_back(shop: ShopServer, form: str) -> None:
    paid = await shop.buy_credential(say())
    shown = form.format(macaroon=paid.document["macaroon"], preimage=paid.preimage)
    if form == "MPP":
        from api.test_credentials import mpp_credential

        challenge = {"id": "x", "macaroon": paid.document["macaroon"]}
        shown = mpp_credential(challenge, paid.preimage)
    await shop.advance(DAY_S + 1)
    late = await shop.post(say(), shown)

    assert (late.status_code, late.json()["error_code"]) == (402, "L402_TOKEN_EXPIRED")
    status = await shop.status(late.json()["previous"])
    assert status["order_state"] == "failed"
    assert status["refund"]["status"] == "pending"
    assert status["refund"]["refund_amount"] == 50
    assert status["retry"] is None
    assert await shop.calls_of(ANSWERS) == []
    assert (await shop.audit()).differences == []


async def test_a_late_credential_shown_often_opens_one_refund(shop: ShopServer) -> None:
    paid = await shop.buy_credential(say())
    await shop.advance(DAY_S + 1)
    answers = [await shop.post(say(), paid.authorization) for _ in range(3)]

    assert len({answer.json()["previous"]["status_url"] for answer in answers}) == 1
    rows = await shop.rows()
    assert (rows["orders"], rows["refund"]) == (1, 1)


async def test_a_used_credential_that_grew_old_points_at_its_call(shop: ShopServer) -> None:
    paid, first = await shop.buy(say())
    await shop.until_over(first)
    await shop.advance(DAY_S + 1)
    late = await shop.post(say(), paid.authorization)

    assert (late.status_code, late.json()["error_code"]) == (402, "L402_TOKEN_EXPIRED")
    assert late.json()["previous"]["status_url"] == first["status_url"]
    assert (await shop.status(first))["order_state"] == "settled"


async def test_an_invoice_cannot_be_paid_after_its_time(shop: ShopServer) -> None:
    challenge = (await shop.post(say())).json()
    await shop.advance(601)
    answer = await shop.http.post(
        "/simulator/wallet/v2/router/send",
        json={"payment_request": challenge["invoice"], "timeout_seconds": 5},
    )

    assert '"SUCCEEDED"' not in answer.text


async def test_a_credential_for_one_body_never_buys_another(shop: ShopServer) -> None:
    paid, first = await shop.buy(say())
    other = await shop.post(say(LISTENS), paid.authorization)

    assert (other.status_code, other.json()["error_code"]) == (402, "L402_BODY_MISMATCH")
    assert other.json()["previous"]["status_url"] == first["status_url"]
    assert await shop.calls_of(LISTENS) == []


async def test_nothing_a_client_shows_is_answered_with_401_or_5xx(shop: ShopServer) -> None:
    paid, _ = await shop.buy(say())
    await shop.advance(WINDOW_S + 1)
    for shown in (paid.authorization, "L402 a:b", "Bearer x", "Payment x", "Digest y", ","):
        for body in (say(), say(LISTENS)):
            answer = await shop.http.post(PATH, json=body, headers={"Authorization": shown})
            assert answer.status_code == 402, shown
