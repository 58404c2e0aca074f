"""Texts and e-mails by the paid URLs: from the challenge to the phone or mailbox and the money."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from api.conftest import OpenShop
from support.clients.l402 import Paid, say
from support.clients.orders import OrderClient
from support.servers.shop import ShopServer
from support.servers.webhooks import receiving
from support.waiting import eventually

SMS, MAIL = "/api/l402/send-sms", "/api/l402/send-email"
PHONE = "+12025550130"
FAILS, REFUSED, LATE_FAILURE = "+1234567804", "+1234567805", "+1234567820"
THREE_PARTS = "Привет! " * 17
TEXT_PRICE = 1000


def text(number: str = PHONE, message: str = "Hello", **more: Any) -> dict[str, Any]:
    return {"phone_number": number, "message": message, **more}


def mail(to: str = "ann@inbox.example", body: str = "Hello, Ann", **more: Any) -> dict[str, Any]:
    return {"to": to, "body": body, **more}


async def until_state(shop: ShopServer, answer: dict[str, Any], state: str) -> dict[str, Any]:
    return await shop.until(answer, lambda status: status["order_state"] == state)


async def mails_to(shop: ShopServer, address: str) -> list[dict[str, Any]]:
    answer = await shop.http.get(f"{shop.world_url}/simulator/mailbox/{address}")
    found: list[dict[str, Any]] = answer.json()["messages"]
    return found


async def assert_books_agree(shop: ShopServer) -> None:
    report = await shop.audit()
    assert report.differences == []


# -- bought and sent -------------------------------------------------------------------------------


async def test_a_text_is_sent_once_and_charged(any_shop: ShopServer) -> None:
    paid, answer = await any_shop.buy(text(), path=SMS)

    assert list(answer)[:4] == ["success", "sid", "status", "to"]
    assert (answer["success"], answer["status"], answer["to"]) == (True, "queued", PHONE)
    assert answer["sid"].startswith("SM")
    assert (answer["segments"], answer["price_sats"]) == (1, TEXT_PRICE)
    status = await any_shop.until(answer, lambda status: status["status"] == "delivered")
    assert (status["order_state"], status["charged_sats"]) == ("settled", TEXT_PRICE)
    assert (status["refund"], status["retry"]) == (None, None)
    again = await any_shop.post(text(), paid.authorization, path=SMS)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert again.json() == answer
    (shown,) = await OrderClient(any_shop).texts_on(PHONE)
    assert shown["text"] == "Hello"
    assert await any_shop.transfers(answer) == [("payment", TEXT_PRICE), ("capture", TEXT_PRICE)]
    await assert_books_agree(any_shop)


async def test_copies_at_once_send_one_text(any_shop: ShopServer) -> None:
    paid = await any_shop.buy_credential(text(), SMS)
    answers = await asyncio.gather(
        *(any_shop.post(text(), paid.authorization, path=SMS) for _ in range(8))
    )

    assert {answer.status_code for answer in answers} == {200}
    (sid,) = {answer.json()["sid"] for answer in answers}
    await any_shop.until(answers[0].json(), lambda status: status["status"] == "delivered")
    assert sid == answers[0].json()["sid"]
    assert len(await OrderClient(any_shop).texts_on(PHONE)) == 1
    await assert_books_agree(any_shop)


async def test_every_segment_is_charged_as_the_challenge_says(shop: ShopServer) -> None:
    asked = await shop.post(text(message=THREE_PARTS), path=SMS)
    document = asked.json()

    assert asked.status_code == 402
    assert asked.headers.get_list("www-authenticate")[0].startswith('L402 macaroon="')
    assert (document["segments"], document["amount_sats"]) == (3, 3 * TEXT_PRICE)
    quote = (await shop.http.get(SMS, params=text(message=THREE_PARTS))).json()["quote"]
    assert quote == {"phone_number": PHONE, "segments": 3, "amount_sats": 3 * TEXT_PRICE}


async def test_an_e_mail_is_charged_when_a_mail_server_took_it(any_shop: ShopServer) -> None:
    _, answer = await any_shop.buy(mail(replyTo="bob@home.example"), path=MAIL)

    assert answer["sid"].startswith("EM")
    assert "segments" not in answer
    status = await until_state(any_shop, answer, "settled")
    assert (status["status"], status["charged_sats"]) == ("sent", answer["price_sats"])
    (shown,) = await mails_to(any_shop, "ann@inbox.example")
    assert shown["text"].startswith("Hello, Ann")
    assert shown["headers"]["Reply-To"] == "bob@home.example"
    await assert_books_agree(any_shop)


async def test_the_operator_may_allow_subjects(open_shop: OpenShop) -> None:
    shop = await open_shop(mail={"allow_subject": True})
    _, answer = await shop.buy(mail(subject="A table"), path=MAIL)

    await until_state(shop, answer, "settled")
    (shown,) = await mails_to(shop, "ann@inbox.example")
    assert shown["subject"] == "A table"


@pytest.mark.parametrize(
    ("path", "former", "body"),
    [(SMS, "/api/l402/sms", text()), (MAIL, "/api/l402/email", mail())],
)
async def test_the_former_address_takes_the_same_credential(
    shop: ShopServer, path: str, former: str, body: dict[str, Any]
) -> None:
    paid = await shop.buy_credential(body, former)
    answer = await shop.post(body, paid.authorization, path=path)

    assert answer.status_code == 200, answer.text
    await until_state(shop, answer.json(), "settled")


async def test_every_change_is_told_and_signed(open_shop: OpenShop) -> None:
    async with receiving() as receiver:
        origin = receiver.url.removesuffix("/hook")
        shop = await open_shop(fetch={"allow_origins": origin})
        _, answer = await shop.buy(text(callback_url=receiver.url), path=SMS)

        async def told() -> bool:
            return any(hook.json["status"] == "delivered" for hook in receiver.hooks)

        await eventually(told)
    seen = [hook.json for hook in receiver.hooks]
    assert [each["sequence"] for each in seen] == list(range(1, len(seen) + 1))
    assert {(each["order_id"], each["sid"]) for each in seen} == {
        (answer["order_id"], answer["sid"])
    }
    verifier = Verifier(answer["webhook_secret"])
    for hook in receiver.hooks:
        verifier.verify(hook.body, hook.headers)


# -- not sent --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"), [(SMS, text(FAILS)), (MAIL, mail("eve@refuse.example"))], ids=["sms", "mail"]
)
async def test_what_was_not_sent_is_refunded(
    any_shop: ShopServer, path: str, body: dict[str, Any]
) -> None:
    _, answer = await any_shop.buy(body, path=path)
    status = await until_state(any_shop, answer, "failed")
    refund = status["refund"]

    assert (status["status"], status["charged_sats"]) == ("failed", 0)
    assert (refund["status"], refund["refund_amount"]) == ("pending", answer["price_sats"])
    before = await any_shop.wallet_sats()
    invoice = await any_shop.wallet_invoice(refund["refund_amount"])
    k1 = refund["withdraw_url"].rsplit("/", 1)[1]
    await any_shop.http.get("/lnurl/callback", params={"k1": k1, "pr": invoice})
    await until_state(any_shop, answer, "returned")
    assert await any_shop.wallet_sats() == before + answer["price_sats"]
    await assert_books_agree(any_shop)


async def test_what_was_refused_may_be_tried_again_five_times(any_shop: ShopServer) -> None:
    paid, answer = await any_shop.buy(text(REFUSED), path=SMS)
    for _ in range(4):
        status = await until_state(any_shop, answer, "failed")
        assert status["retry"]["until"]
        again = await any_shop.post(text(REFUSED), paid.authorization, path=SMS)
        assert again.status_code == 200
        assert "idempotent-replayed" not in again.headers
        assert again.json() == answer
    status = await until_state(any_shop, answer, "failed")
    last = await any_shop.post(text(REFUSED), paid.authorization, path=SMS)

    assert status["retry"] is None
    assert (last.status_code, last.json()["error_code"]) == (402, "L402_ORDER_FAILED")
    assert last.json()["previous"]["order_id"] == answer["order_id"]
    await assert_books_agree(any_shop)


async def test_what_a_carrier_took_is_not_tried_again(shop: ShopServer) -> None:
    paid, answer = await shop.buy(text(FAILS), path=SMS)
    status = await until_state(shop, answer, "failed")
    again = await shop.post(text(FAILS), paid.authorization, path=SMS)

    assert status["retry"] is None
    assert (again.status_code, again.json()["error_code"]) == (402, "L402_ORDER_FAILED")


async def test_a_text_that_fails_after_it_was_sent_stays_charged(shop: ShopServer) -> None:
    _, answer = await shop.buy(text(LATE_FAILURE), path=SMS)
    status = await shop.until(answer, lambda status: status["status"] == "failed")

    assert (status["order_state"], status["charged_sats"]) == ("settled", TEXT_PRICE)


async def test_a_limit_reached_since_the_challenge_sends_nothing(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on", abuse={"texts_per_number_per_hour": 1})
    first, second = text(message="One."), text(message="Two.")
    credentials: list[Paid] = [await shop.buy_credential(body, SMS) for body in (first, second)]
    sent = await shop.post(first, credentials[0].authorization, path=SMS)
    refused = await shop.post(second, credentials[1].authorization, path=SMS)
    document = refused.json()

    assert sent.status_code == 200
    assert (refused.status_code, document["error_code"]) == (422, "MESSAGE_FAILED")
    assert "too many messages" in document["error"]
    assert document["charged"] is False
    assert document["refund"]["status"] == "pending"
    status = await shop.status(document)
    assert (status["status"], status["order_state"]) == ("failed", "failed")
    await shop.advance(3601)
    again = await shop.post(second, credentials[1].authorization, path=SMS)
    assert again.status_code == 200, again.text
    # Settled once the carrier has taken it; the phone gets it a little later.
    status = await shop.until(again.json(), lambda status: status["status"] == "delivered")
    assert status["order_state"] == "settled"
    assert len(await OrderClient(shop).texts_on(PHONE)) == 2
    await assert_books_agree(shop)


async def test_a_credential_shown_too_late_is_refunded(any_shop: ShopServer) -> None:
    paid = await any_shop.buy_credential(text(), SMS)
    await any_shop.advance(86_401)
    late = await any_shop.post(text(), paid.authorization, path=SMS)
    document = late.json()

    assert (late.status_code, document["error_code"]) == (402, "L402_TOKEN_EXPIRED")
    status = await any_shop.status(document["previous"])
    assert (status["status"], status["refund"]["status"]) == ("failed", "pending")
    assert await OrderClient(any_shop).texts_on(PHONE) == []
    await assert_books_agree(any_shop)


# -- what a credential is good for -----------------------------------------------------------------


async def test_a_credential_is_for_one_service_and_one_body(shop: ShopServer) -> None:
    of_text = await shop.buy_credential(text(), SMS)
    of_call = await shop.buy_credential(say(PHONE))
    answers = [
        await shop.post(text(message="Another"), of_text.authorization, path=SMS),
        await shop.post(say(PHONE), of_text.authorization),
        await shop.post(text(), of_call.authorization, path=SMS),
    ]

    assert [(each.status_code, each.json()["error_code"]) for each in answers] == [
        (402, "L402_BODY_MISMATCH"),
        (402, "L402_REQUEST_MISMATCH"),
        (402, "L402_REQUEST_MISMATCH"),
    ]
    assert await OrderClient(shop).texts_on(PHONE) == []


async def test_a_challenge_leaves_no_row(shop: ShopServer) -> None:
    before = await shop.rows()
    for path, body in ((SMS, text()), (MAIL, mail())):
        assert (await shop.post(body, path=path)).status_code == 402

    assert await shop.rows() == before


# -- refused before anything is paid ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "field"),
    [
        (SMS, {"message": "Hello"}, 400, "MISSING_FIELD", "phone_number"),
        (SMS, text(message=" "), 400, "MISSING_FIELD", "message"),
        (SMS, text("12025550130x"), 400, "INVALID_PHONE_NUMBER", "phone_number"),
        (SMS, text("+19005550123"), 422, "DESTINATION_REFUSED", "phone_number"),
        (SMS, text("+442079460000"), 422, "LANDLINE", "phone_number"),
        (SMS, text(message="x" * 141), 400, "MESSAGE_TOO_LONG", "message"),
        (SMS, text(refund_adress="a@b.example"), 400, "UNKNOWN_FIELD", "refund_adress"),
        (SMS, text(refund_address="nobody"), 400, "INVALID_REFUND_ADDRESS", "refund_address"),
        (SMS, text(callback_url="http://10.0.0.1/"), 400, "WEBHOOK_URL_REFUSED", "callback_url"),
        (MAIL, {"body": "Hello"}, 400, "MISSING_FIELD", "to"),
        (MAIL, {"to": "ann@inbox.example"}, 400, "MISSING_FIELD", "body"),
        (MAIL, mail("ann@inbox.example, eve@x.example"), 400, "INVALID_EMAIL_ADDRESS", "to"),
        (MAIL, mail(replyTo="a\r\nBcc: b@x.example"), 400, "INVALID_TEXT", "replyTo"),
        (MAIL, mail(body="x" * 141), 400, "MESSAGE_TOO_LONG", "body"),
        (MAIL, mail(subject="A table"), 400, "SUBJECT_NOT_ALLOWED", "subject"),
        (MAIL, mail(subject="x" * 201), 400, "TOO_LONG", "subject"),
    ],
)
async def test_a_request_that_cannot_be_served_costs_nothing(
    shop: ShopServer, path: str, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    answer = await shop.post(body, path=path)
    document = answer.json()

    assert (answer.status_code, document["error_code"]) == (status, code), document
    assert document["field"] == field
    assert document["charged"] is False
    assert document["suggestion"]
    assert document["example"]


async def test_who_wants_no_messages_meanwhile_is_not_written_to(shop: ShopServer) -> None:
    late = await shop.buy_credential(mail("ann+tag@inbox.example", "Once more"), MAIL)
    _, answer = await shop.buy(mail(), path=MAIL)
    await until_state(shop, answer, "settled")
    (shown,) = await mails_to(shop, "ann@inbox.example")
    link = shown["headers"]["List-Unsubscribe"].strip("<>")
    await shop.http.post(link, data={"List-Unsubscribe": "One-Click"})
    refused = await shop.post(
        mail("ann+tag@inbox.example", "Once more"), late.authorization, path=MAIL
    )

    status = await until_state(shop, refused.json(), "failed")
    assert "asked to get no messages" in status["reason"]
    assert len(await mails_to(shop, "ann@inbox.example")) == 1


async def test_get_describes_each_service_for_nothing(shop: ShopServer) -> None:
    texts = (await shop.http.get(SMS)).json()
    mails = (await shop.http.get(MAIL)).json()

    for path, document in ((SMS, texts), (MAIL, mails)):
        assert document["access"]["endpoint"] == f"{shop.url}{path}"
        assert document["access"]["method"] == "POST"
        asked = await shop.post(document["examples"][0], path=path)
        assert asked.status_code == 402
        assert asked.json()["amount_sats"] == document["pricing"]["amount"]
    assert texts["limits"]["message_max_characters"] == 140
    assert mails["limits"]["subject_max_characters"] == 0
