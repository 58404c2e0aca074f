"""Every purchase in a browser, to its good and its bad end: live, and without JavaScript on the
smallest screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.clients.pages import PageClient
from support.clients.visitor import Visitor
from support.numbers import BUSY, DECLINES, LISTENS, NEVER_ANSWERS, REFUSED
from support.servers.shop import running_shop, settings_for
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODE = {"Service": "telegram", "Country of the number": "187"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(
    tmp_path_factory: pytest.TempPathFactory, speech_dir: Path
) -> AsyncIterator[PageClient]:
    settings = settings_for(tmp_path_factory.mktemp("shop"), speech_dir, simulator={"speed": 20.0})
    async with running_shop(settings) as running:
        yield PageClient(running)


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=["live", "without JavaScript, narrow and dark"]
)
async def visitor(
    request: pytest.FixtureRequest, browser: Browser, pages: PageClient
) -> AsyncIterator[Visitor]:
    if request.param == "live":
        arrived = await Visitor.arrive(browser, pages)
    else:
        arrived = await Visitor.arrive(
            browser,
            pages,
            scripts=False,
            viewport={"width": 320, "height": 640},
            color_scheme="dark",
        )
    yield arrived
    await arrived.leave()


def a_call(number: str) -> dict[str, str]:
    return {"Number to call": number, "Text to speak": "Your table is ready."}


def a_text(number: str) -> dict[str, str]:
    return {"Number to text": number, "Text": "Your table is ready."}


async def ended(payment: asyncio.Task[str]) -> str:
    return await asyncio.wait_for(payment, PATIENCE_S)


async def is_refused(pages: PageClient, invoice: str) -> bool:
    """Whether a wallet that tries to pay keeps its money, and knows it."""
    body = {"payment_request": invoice, "timeout_seconds": 60, "fee_limit_sat": "100"}
    url = f"{pages.shop.world_url}/simulator/wallet/v2/router/send"
    answer = await pages.http.post(url, json=body)
    return "error" in answer.json() or answer.json()["result"]["status"] == "FAILED"


@pytest.mark.parametrize(
    ("number", "heading"),
    [
        (NEVER_ANSWERS, "Nobody answered. Your 50 sats are back."),
        (BUSY, "Busy. Your 50 sats are back."),
        (DECLINES, "The call was declined. Your 50 sats are back."),
        (REFUSED, "The call could not be made. Your 50 sats are back."),
    ],
)
async def test_a_call_that_nobody_takes_gives_the_money_back(
    visitor: Visitor, pages: PageClient, number: str, heading: str
) -> None:
    payment = pages.pay(await visitor.order("/call", a_call(number)))
    await visitor.sees_heading(heading)
    await visitor.sees("Money returned")
    assert await ended(payment) == "FAILED"
    await visitor.press("Once more")
    await visitor.sees_heading("Pay 50 sats")


async def test_a_late_payment_is_refused_and_a_new_invoice_is_paid(
    visitor: Visitor, pages: PageClient
) -> None:
    late = await visitor.order("/call", a_call(LISTENS))
    await pages.shop.advance(901)
    await visitor.sees_heading("This invoice is no longer valid")
    await visitor.sees("You have not paid.")
    assert await is_refused(pages, late)
    await visitor.sees_heading("This invoice is no longer valid")
    await visitor.press("New invoice")
    await visitor.sees_heading("Pay 50 sats")
    invoice = await visitor.invoice()
    assert invoice != late
    assert await ended(pages.pay(invoice)) == "SUCCEEDED"
    await visitor.sees_heading("Answered.")


async def test_a_second_payment_is_refused(visitor: Visitor, pages: PageClient) -> None:
    invoice = await visitor.order("/text", a_text(LISTENS))
    assert await ended(pages.pay(invoice)) == "SUCCEEDED"
    before = await pages.shop.wallet_sats()
    assert await is_refused(pages, invoice)
    assert await pages.shop.wallet_sats() == before
    await visitor.sees_heading("Text delivered")
    assert await visitor.state() == "settled"
    await visitor.sees("Payment taken")


async def test_texts_and_mails_say_whether_they_arrived(
    visitor: Visitor, pages: PageClient
) -> None:
    payment = pages.pay(await visitor.order("/text", a_text(REFUSED)))
    await visitor.sees_heading("The text was not delivered. Your 1,000 sats are back.")
    assert await ended(payment) == "FAILED"
    mail = {"E-mail address": "ann@inbox.example", "Text": "Your table is ready."}
    payment = pages.pay(await visitor.order("/email", mail))
    await visitor.sees_heading("E-mail handed over")
    assert await ended(payment) == "SUCCEEDED"


async def test_a_code_comes_and_another_text_after_it(visitor: Visitor, pages: PageClient) -> None:
    payment = pages.pay(await visitor.order("/code", CODE))
    await visitor.sees_heading("Use this number now")
    number = await visitor.number()
    await pages.text_to(number, "Telegram code: 40291. Tell nobody.")
    await visitor.sees_heading("Your code is here")
    await visitor.sees("40291")
    await visitor.sees("Telegram code: 40291. Tell nobody.")
    assert await ended(payment) == "SUCCEEDED"
    await visitor.press("Wait for another text on this number")
    await pages.text_to(number, "Telegram code: 77380.")
    await visitor.sees("Telegram code: 77380.")


async def test_another_number_and_the_cancellation_say_from_when_on(
    visitor: Visitor, pages: PageClient
) -> None:
    payment = pages.pay(await visitor.order("/code", CODE))
    await visitor.sees_heading("Use this number now")
    first, order = await visitor.number(), visitor.page.url
    cancel = visitor.page.get_by_role("button", name="Cancel and get the money back")
    assert await cancel.get_attribute("aria-disabled") == "true"
    await visitor.sees("Possible from ")
    await cancel.click(force=True)
    await visitor.sees("too early")
    assert await visitor.state() == "in_progress"
    await pages.shop.advance(121)
    await visitor.page.goto(order)
    await visitor.press("Another number")
    await visitor.sees_heading("Use this number now")
    assert await visitor.number() != first
    await pages.shop.advance(121)
    await visitor.page.goto(order)
    await visitor.press("Cancel and get the money back")
    await visitor.sees_heading("Cancelled. Your 3,000 sats are back.")
    assert await ended(payment) == "FAILED"


async def test_a_rented_number_has_an_inbox_and_an_end(visitor: Visitor, pages: PageClient) -> None:
    payment = pages.pay(await visitor.order("/rent", {"Country of the number": "187"}))
    await visitor.sees_heading("Your rented number")
    await visitor.sees("Yours until ")
    await visitor.sees("No texts yet")
    if visitor.scripts:
        await visitor.sees("hours left)")
    number = await visitor.number()
    for words in ("The parcel is with your neighbour.", "Your code is 815 007."):
        await pages.text_to(number, words)
        await visitor.sees(words)
    assert await ended(payment) == "SUCCEEDED"
    await pages.shop.advance(14 * 24 * 3600)
    await visitor.page.reload()
    await visitor.sees("Its time is over.")
    await visitor.sees("The parcel is with your neighbour.")
