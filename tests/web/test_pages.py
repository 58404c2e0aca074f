"""The pages without JavaScript: everything is sold, every error stands beside its field."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from support.clients.pages import PageClient, Seen
from support.numbers import ANSWERS, BUSY, NEVER_ANSWERS
from support.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVICES = ["/call", "/text", "/code", "/rent", "/email"]
CALL = {"phone_number": ANSWERS, "message": "Your table is ready.", "kind": "say"}


async def ordered(pages: PageClient, path: str, fields: dict[str, Any]) -> Seen:
    page = await pages.send(path, fields)
    assert page.url.startswith("/o/"), page.words
    return page


async def paid(pages: PageClient, page: Seen) -> asyncio.Task[str]:
    assert (page.state, page.title[:4]) == ("awaiting_payment", "Pay ")
    return pages.pay(page.invoice)


async def test_the_first_page_offers_everything_and_is_small(pages: PageClient) -> None:
    page = await pages.open("/")
    assert page.status == 200
    for path in SERVICES:
        assert f'href="{path}"' in page.text
    assert len(page.text) < 10_000


async def test_clients_that_name_no_html_get_the_present_document(pages: PageClient) -> None:
    answer = await pages.http.get("/", headers={"Accept": "*/*"})
    assert answer.json()["status"] == "OK"


@pytest.mark.parametrize("path", ["/", *SERVICES, "/simulator", "/no-such-page", "/o/" + "0" * 32])
async def test_every_page_is_safe_from_other_sites(pages: PageClient, path: str) -> None:
    page = await pages.open(path)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert re.search(r"<script(?![^>]* src=)", page.text) is None
    assert re.search(r"\sstyle=|\son[a-z]+=", page.text) is None
    assert "https://" not in page.text.replace('placeholder="https://"', "")


@pytest.mark.parametrize("path", ["/no-such-page", "/o/" + "0" * 32, "/o/short", "/o/x/y"])
async def test_a_page_that_does_not_exist_points_on(pages: PageClient, path: str) -> None:
    page = await pages.open(path)
    assert page.status in (404, 405)
    assert 'href="/"' in page.text


async def test_an_answered_call_is_paid_for_and_its_page_is_the_receipt(pages: PageClient) -> None:
    page = await ordered(pages, "/call", CALL | {"gather": "yes"})
    assert "Taken only if someone answers." in page.words
    assert page.headers["x-robots-tag"] == "noindex"
    payment = await paid(pages, page)
    assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"

    async def probe() -> Seen | None:
        seen = await pages.open(page.url)
        return seen if seen.title == "Answered. They pressed 1." else None

    done = await eventually(probe)
    assert done.state == "settled"
    assert "Receipt" in done.words
    assert "Payment taken" in done.words


@pytest.mark.parametrize(
    ("number", "title"),
    [(BUSY, "Busy."), (NEVER_ANSWERS, "Nobody answered.")],
)
async def test_a_call_that_nobody_answers_gives_the_money_back(
    pages: PageClient, number: str, title: str
) -> None:
    page = await ordered(pages, "/call", CALL | {"phone_number": number})
    payment = await paid(pages, page)
    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"
    done = await pages.until_state(page.url, "returned")
    assert done.title == f"{title} Your 50 sats are back."
    assert "Money returned" in done.words


async def test_a_text_and_an_email_are_sent(pages: PageClient) -> None:
    text = await ordered(pages, "/text", {"phone_number": "+1 202 555 0144", "message": "Hello"})
    mail = await ordered(pages, "/email", {"address": "ann@inbox.example", "message": "Hello"})
    for page in (text, mail):
        payment = await paid(pages, page)
        assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"
    assert (await pages.until_state(text.url, "settled")).title.startswith("Text ")
    assert (await pages.until_state(mail.url, "settled")).title == "E-mail handed over"

    async def has_arrived() -> bool:
        return [each["text"] for each in await pages.texts_on("+12025550144")] == ["Hello"]

    await eventually(has_arrived)


async def test_offers_show_where_numbers_are_in_stock_and_one_is_chosen(pages: PageClient) -> None:
    assert "Numbers for" not in (await pages.open("/code")).words
    page = await pages.send("/code", {"service": "telegram", "country": "999", "show": "offers"})
    assert (page.status, page.value("service")) == (200, "telegram")
    assert "Numbers for Telegram" in page.words
    offered = re.findall(r'href="(/code\?service=telegram&amp;country=\d+)"', page.text)
    assert len(offered) == 12
    assert "United Kingdom – not known yet more than 100" in page.words
    chosen = await pages.open(offered[1].replace("&amp;", "&"))
    assert "Chosen" in chosen.words


async def test_a_code_is_received(pages: PageClient) -> None:
    page = await ordered(pages, "/code", {"service": "telegram", "country": "187"})
    payment = await paid(pages, page)
    waiting = await pages.until_state(page.url, "in_progress")
    assert waiting.title == "Use this number now"
    number = re.search(r"\+[0-9]{8,15}", waiting.words)
    assert number is not None
    await pages.text_to(number[0][1:], "Telegram code: 40291")
    assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"
    done = await pages.until_state(page.url, "settled")
    assert done.title == "Your code is here"
    assert "40291" in done.words
    assert "4 0 2 9 1" in done.words


async def test_a_number_is_cancelled_when_it_may_be(pages: PageClient) -> None:
    page = await ordered(pages, "/code", {"service": "telegram", "country": "187"})
    payment = await paid(pages, page)
    await pages.until_state(page.url, "in_progress")
    early = await pages.send(f"{page.url}/cancel", {})
    assert early.status == 409
    assert "too early" in early.words
    await pages.shop.advance(121)
    done = await pages.send(f"{page.url}/cancel", {})
    assert done.title == "Cancelled. Your 3,000 sats are back."
    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"


async def test_a_rented_number_has_an_inbox(pages: PageClient) -> None:
    page = await ordered(pages, "/rent", {"country": "187", "hours": "12"})
    payment = await paid(pages, page)
    waiting = await pages.until_state(page.url, "in_progress")
    number = re.search(r"\+[0-9]{8,15}", waiting.words)
    assert number is not None
    assert "No texts yet" in waiting.words
    await pages.text_to(number[0][1:], "The parcel is with your neighbour.")
    assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"
    done = await pages.until_state(page.url, "settled")
    assert "The parcel is with your neighbour." in done.words


async def test_an_invoice_that_ran_out_says_that_nothing_was_paid(pages: PageClient) -> None:
    page = await ordered(pages, "/call", CALL)
    await pages.shop.advance(901)
    done = await pages.until_state(page.url, "expired")
    assert done.title == "This invoice is no longer valid"
    assert "You have not paid." in done.words
    assert 'href="/call"' in done.text


@pytest.mark.parametrize(
    ("path", "fields", "field", "says"),
    [
        ("/call", CALL | {"phone_number": ""}, "phone_number", "Enter the number to call."),
        ("/call", CALL | {"phone_number": "0151 234"}, "phone_number", "country code"),
        ("/call", CALL | {"phone_number": "+1900 555 0123"}, "phone_number", "premium"),
        ("/call", CALL | {"message": " "}, "message", "Write what we should say."),
        ("/call", CALL | {"message": "x" * 501}, "message", "501"),
        ("/call", CALL | {"message": "😀"}, "message", "cannot be spoken"),
        ("/call", CALL | {"voice": "Nobody"}, "voice", "no voice"),
        ("/call", CALL | {"kind": "play"}, "audio_url", "Write the address of the file."),
        ("/call", CALL | {"kind": "play", "audio_url": "ftp://x"}, "audio_url", "http"),
        ("/text", {"phone_number": "+12025550144", "message": "x" * 141}, "message", "1 character"),
        ("/text", {"phone_number": "+44 20 7946 0123", "message": "x"}, "phone_number", "landline"),
        ("/email", {"address": "nobody", "message": "x"}, "address", "address"),
        ("/email", {"address": "", "message": "x"}, "address", "Enter the e-mail address"),
        ("/code", {"service": "", "country": "187"}, "service", "Name the service"),
        ("/code", {"service": "zzzzqq", "country": "187"}, "service", "zzzzqq"),
        ("/code", {"service": "telegram", "country": "atlantis"}, "country", "atlantis"),
    ],
)  # fmt: skip
async def test_an_error_stands_beside_its_field_and_nothing_typed_is_lost(
    pages: PageClient, path: str, fields: dict[str, str], field: str, says: str
) -> None:
    page = await pages.send(path, fields)
    assert 400 <= page.status < 500
    assert says in page.error(field), page.words
    assert "Nothing has been charged." in page.words
    for name in ("phone_number", "message", "address"):
        if name in fields:
            assert page.value(name) == fields[name].strip()


async def test_markup_that_is_typed_is_shown_as_text(pages: PageClient) -> None:
    page = await pages.send("/call", {"phone_number": '"><script>', "message": "</textarea><b>"})
    assert "<script>" not in page.text
    assert page.value("phone_number") == '"><script>'


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://["},
    ],
)
async def test_a_form_of_another_site_is_refused(
    pages: PageClient, headers: dict[str, str]
) -> None:
    page = await pages.send("/call", CALL, **headers)
    assert page.status == 403
    assert page.invoice == ""


async def test_the_price_follows_the_form(pages: PageClient) -> None:
    page = await pages.send("/call/price", CALL | {"message": "word " * 90, "repeat": "3"})
    assert "up to 2 minutes" in page.words
    assert "100 sats" in page.words
    empty = await pages.send("/call/price", {"phone_number": "", "message": ""})
    assert "sats" not in empty.words


async def test_the_text_can_be_heard_before_it_is_paid_for(pages: PageClient) -> None:
    page = await pages.send("/call/preview", CALL)
    assert page.status == 200
    assert 'src="data:audio/wav;base64,UklGR' in page.text
    assert page.value("message") == CALL["message"]


async def test_the_stream_sends_what_changed_and_ends(pages: PageClient) -> None:
    page = await ordered(pages, "/text", {"phone_number": "+12025550145", "message": "Hello"})
    events: list[str] = []

    async def follow() -> None:
        async with pages.http.stream("GET", f"{page.url}/events", timeout=PATIENCE_S) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                events.append(line)
                if line == "event: over":
                    return

    following = asyncio.create_task(follow())
    assert await asyncio.wait_for(pages.pay(page.invoice), PATIENCE_S) == "SUCCEEDED"
    await asyncio.wait_for(following, PATIENCE_S)
    ids = [line for line in events if line.startswith("id: ")]
    assert len(ids) == len(set(ids)) >= 2
    shown = "\n".join(events)
    assert 'data-order-state="settled"' in shown
    seen = ids[-1].removeprefix("id: ")
    again = await pages.http.get(f"{page.url}/events", headers={"Last-Event-ID": seen})
    assert again.text.endswith("event: over\ndata:\n\n")
    assert "id: " not in again.text


async def test_the_stream_of_a_page_begins_with_what_the_page_does_not_show(
    pages: PageClient,
) -> None:
    page = await ordered(pages, "/text", {"phone_number": "+12025550146", "message": "Hello"})
    address = page.attribute("div", "hx-sse:connect")
    version = address.partition("?seen=")[2]
    assert version
    payment: asyncio.Task[str] | None = None
    async with pages.http.stream("GET", address, timeout=PATIENCE_S) as answer:
        async for line in answer.aiter_lines():
            if payment is None:  # the stream has begun
                payment = pages.pay(page.invoice)
            if line.startswith("id: "):
                assert line != f"id: {version}"
                break
    assert payment is not None
    assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"


async def test_static_files_are_kept_for_ever_at_their_address(pages: PageClient) -> None:
    page = await pages.open("/")
    found = re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text)
    assert found
    for path in set(found):
        answer = await pages.http.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        tag = answer.headers["etag"]
        again = await pages.http.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
    assert (await pages.http.get("/static/x/..%2f..%2fapp.py")).status_code == 404


async def test_files_are_sent_compressed_and_pages_with_secrets_are_not(pages: PageClient) -> None:
    page = await pages.open("/", **{"Accept-Encoding": "gzip"})
    assert "content-encoding" not in page.headers
    transferred = len(page.text.encode())
    for path in set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text)):
        small = await pages.http.get(path, headers={"Accept-Encoding": "gzip, br"})
        plain = await pages.http.get(path, headers={"Accept-Encoding": "gzip;q=0, identity"})
        assert small.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert small.content == plain.content
        assert small.headers["etag"] != plain.headers["etag"]
        assert small.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
        transferred += int(small.headers["content-length"])
    assert transferred <= 60_000


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/call", CALL),
        ("/text", {"phone_number": "+12025550177", "message": "Hello again"}),
        ("/code", {"service": "telegram", "country": "187"}),
        ("/email", {"address": "a@example.com", "message": "Hello again"}),
    ],
)
async def test_an_expired_invoice_is_made_anew_with_everything_kept(
    pages: PageClient, path: str, fields: dict[str, str]
) -> None:
    page = await ordered(pages, path, fields)
    early = await pages.send(f"{page.url}/again", {})
    assert early.url != page.url
    await pages.shop.advance(901)
    expired = await pages.until_state(page.url, "expired")
    assert "New invoice" in expired.words

    anew = await pages.send(f"{page.url}/again", {})

    assert (anew.status, anew.state) == (200, "awaiting_payment")
    assert anew.url != page.url
    assert anew.invoice not in ("", page.invoice)
    assert anew.title == page.title


async def test_a_finished_order_is_placed_once_more(pages: PageClient) -> None:
    page = await ordered(pages, "/call", CALL | {"phone_number": ANSWERS})
    await asyncio.wait_for(pages.pay(page.invoice), PATIENCE_S)

    async def is_over() -> bool:
        return "Once more" in (await pages.open(page.url)).words

    await eventually(is_over)
    assert (await pages.send(f"{page.url}/again", {})).state == "awaiting_payment"
    foreign = await pages.send(f"{page.url}/again", {}, Origin="https://elsewhere.example")
    assert foreign.status == 403


async def test_play_money_is_paid_from_the_order_and_the_mail_is_in_its_mailbox(
    pages: PageClient,
) -> None:
    mail = {"address": "anna@example.com", "message": "Your table is <ready>."}
    page = await ordered(pages, "/email", mail)
    [link] = re.findall(r'href="(/simulator\?invoice=[^"]*)"', page.text)
    wallet = await pages.open(link.partition("#")[0])
    assert wallet.value("invoice") == page.invoice

    await pages.send("/simulator/do/pay", {"invoice": wallet.value("invoice")})
    await pages.until_state(page.url, "settled")
    mailbox = await pages.open("/simulator?mailbox=anna%40example.com")
    assert "Your table is <ready>." in mailbox.words
    assert "Nothing came" in (await pages.open("/simulator?mailbox=bert%40example.com")).words


async def test_what_a_call_says_is_heard_again_from_its_page(pages: PageClient) -> None:
    page = await ordered(pages, "/call", CALL | {"phone_number": ANSWERS})
    assert "said.wav" not in page.text
    assert (await pages.http.get(f"{page.url}/said.wav")).status_code == 404
    await asyncio.wait_for(pages.pay(page.invoice), PATIENCE_S)
    done = await pages.until_state(page.url, "settled")
    assert f'src="{done.url}/said.wav"' in done.text
    wav = await pages.http.get(f"{page.url}/said.wav")
    assert (wav.status_code, wav.headers["content-type"]) == (200, "audio/wav")
    assert wav.content[:4] == b"RIFF"
    assert len(wav.content) > 8_000

    text = await ordered(pages, "/text", {"phone_number": "+12025550177", "message": "Hello"})
    assert (await pages.http.get(f"{text.url}/said.wav")).status_code == 404
