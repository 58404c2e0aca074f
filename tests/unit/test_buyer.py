"""How the buyer pays, repeats and keeps a purchase, with servers of the test's own making."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from ringbolt.cli.buyer.errors import NotPaid, NotReached, PurchaseError, Undelivered
from ringbolt.cli.buyer.purchase import Began, Buyer
from ringbolt.cli.buyer.purchase_file import Purchase, PurchaseFolder
from ringbolt.cli.buyer.refund import claim
from ringbolt.cli.buyer.wallet import FAILURES, Wallet, WalletAddress
from ringbolt.core.lightning import bolt11, lnurl

M = "AgEIcmluZ2JvbHQCQgAA+/8="
PREIMAGE = "ab" * 32
URL = "http://shop/x"
PURSE = WalletAddress("http://wallet")


def invoice(amount_msat: int = 50_000) -> str:
    return bolt11.encode(
        private_key=b"\1" * 32, network="regtest", payment_hash=b"\2" * 32,
        payment_secret=b"\3" * 32, amount_msat=amount_msat, description="Phone call",
        timestamp_s=1_900_000_000, expiry_s=600, min_final_cltv=80,
    )  # fmt: skip


INVOICE = invoice()
LOST = httpx.ReadError("the connection broke")
NOT_THERE = httpx.ConnectError("refused")
ASKED = httpx.Response(
    402, headers={"WWW-Authenticate": f'L402 macaroon="{M}", invoice="{INVOICE}"'}
)
PLACED = {"sid": "CA1", "status_url": "http://shop/calls/1"}


class Server:
    """Answers what it was given, one after another; remembers what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.on_asked: Callable[[], None] = lambda: None

    def client(self, base_url: str = "") -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url=base_url)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.on_asked()
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class LndWallet(Wallet):
    """The wallet's client, with a server of the test's own."""

    def __init__(self, server: Server) -> None:
        super().__init__("http://wallet")
        self._http = server.client("http://wallet")


def ended(status: str, **more: str) -> httpx.Response:
    """A payment's last update, as LND streams it."""
    return httpx.Response(200, text=json.dumps({"result": {"status": status, **more}}) + "\n")


def said(code: int, message: str, status: int = 500) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": message}})


SUCCEEDED = ended("SUCCEEDED", payment_preimage=PREIMAGE)
NO_PAYMENT = said(5, "payment isn't initiated", 404)


class Rig:
    """A buyer whose shop and wallet answer as they are told."""

    def __init__(self, path: Path) -> None:
        self.folder = PurchaseFolder(path / "purchases")
        self.lines: list[str] = []
        self.slept: list[float] = []

    def buyer(self, shop: Server, wallet: Server | None = None) -> Buyer:
        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        purse = LndWallet(wallet or Server(SUCCEEDED))
        return Buyer(shop.client(), purse, self.folder, self.lines.append, sleep)

    async def buy(self, shop: Server, wallet: Server | None = None) -> Purchase:
        buyer = self.buyer(shop, wallet)
        asked = await buyer.ask(URL, {"a": 1}, 100, PURSE)
        return await buyer.go_on(asked, Began.NOW)

    def kept(self) -> Purchase:
        (found,) = self.folder.all()
        return found


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def ok(**document: Any) -> httpx.Response:
    return httpx.Response(200, json=document)


async def test_purchase_pays_once_and_repeats_the_same_body(rig: Rig) -> None:
    shop, wallet = Server(ASKED, ok(**PLACED)), Server(SUCCEEDED)

    bought = await rig.buy(shop, wallet)

    assert len(wallet.asked) == 1
    assert shop.asked[0].content == shop.asked[1].content
    assert shop.asked[1].headers["Authorization"] == f"L402 {M}:{PREIMAGE}"
    assert (bought.answer, bought.amount_sats, bought.status_url) == (
        PLACED,
        50,
        PLACED["status_url"],
    )


async def test_price_over_the_limit_is_not_paid(rig: Rig) -> None:
    buyer = rig.buyer(Server(ASKED))

    with pytest.raises(PurchaseError, match="over your limit of 49"):
        await buyer.ask(URL, {}, 49, PURSE)

    assert rig.folder.all() == []


async def test_purchase_is_on_the_disk_before_it_is_paid_and_before_it_is_used(rig: Rig) -> None:
    shop, wallet = Server(ASKED, ok(**PLACED)), Server(SUCCEEDED)
    seen: list[str] = []
    wallet.on_asked = lambda: seen.append(rig.kept().preimage)
    shop.on_asked = lambda: seen.extend(each.preimage for each in rig.folder.all())

    await rig.buy(shop, wallet)

    (path,) = rig.folder.path.glob("*.json")
    assert seen == ["", PREIMAGE]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(rig.folder.path.stat().st_mode) == 0o700
    assert rig.kept().is_delivered


@pytest.mark.parametrize("content", [b"[]", b"null", b'"no"', b"<html>", b""])
async def test_refusal_of_any_form_is_reported(rig: Rig, content: bytes) -> None:
    with pytest.raises(PurchaseError, match="400"):
        await rig.buy(Server(httpx.Response(400, content=content)))


async def test_paid_request_is_repeated_until_it_is_answered(rig: Rig) -> None:
    busy = httpx.Response(503, headers={"Retry-After": "7"}, json={"error": "busy"})
    shop = Server(ASKED, LOST, NOT_THERE, busy, httpx.Response(502), ok(**PLACED))

    bought = await rig.buy(shop)

    assert bought.answer == PLACED
    assert rig.slept == [0.5, 1.0, 7.0, 14.0]
    assert len({request.headers["Authorization"] for request in shop.asked[1:]}) == 1
    assert len({request.headers["Idempotency-Key"] for request in shop.asked[1:]}) == 1


async def test_a_server_that_fails_again_and_again_is_left_with_the_purchase_kept(rig: Rig) -> None:
    with pytest.raises(Undelivered, match="500"):
        await rig.buy(Server(ASKED, *[httpx.Response(500, content=b"oops")] * 5))

    assert rig.kept().authorization == f"L402 {M}:{PREIMAGE}"


async def test_answer_that_was_lost_long_ago_is_found_by_the_former_order(rig: Rig) -> None:
    spent = {"error": "spent", "previous": {"status_url": "http://shop/calls/1"}}
    shop = Server(ASKED, LOST, httpx.Response(402, json=spent))

    assert (await rig.buy(shop)).status_url == "http://shop/calls/1"


async def test_refusal_after_payment_keeps_the_refunds_links(rig: Rig) -> None:
    refund = {"lnurl_withdraw": "LNURL1", "withdraw_url": "http://shop/w"}
    refused = httpx.Response(422, json={"error": "no audio", "refund": refund})

    with pytest.raises(Undelivered, match="422 no audio"):
        await rig.buy(Server(ASKED, refused))

    assert rig.kept().links == ["LNURL1", "http://shop/w"]


@pytest.mark.parametrize(
    "answers",
    [
        [LOST, SUCCEEDED],
        [said(6, "invoice is already paid", 409), SUCCEEDED],
        [said(6, "payment is in transition", 409), SUCCEEDED],
        [httpx.Response(200, text=""), SUCCEEDED],
    ],
    ids=["answer lost", "paid before", "in flight", "stream ended"],
)
async def test_a_payment_is_found_by_its_hash(
    rig: Rig, answers: list[httpx.Response | Exception]
) -> None:
    wallet = Server(*answers)

    bought = await rig.buy(Server(ASKED, ok(**PLACED)), wallet)

    assert bought.preimage == PREIMAGE
    assert wallet.asked[1].url.path.startswith("/v2/router/track/")


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ([NOT_THERE], NotReached),
        ([ended("FAILED", failure_reason="FAILURE_REASON_NO_ROUTE")], NotPaid),
        ([said(2, "invoice expired"), NO_PAYMENT], NotPaid),
    ],
)
async def test_purchase_that_was_surely_not_paid_is_forgotten(
    rig: Rig, answers: list[httpx.Response | Exception], fault: type[PurchaseError]
) -> None:
    with pytest.raises(fault):
        await rig.buy(Server(ASKED), Server(*answers))

    assert rig.folder.all() == []


@pytest.mark.parametrize("answers", [[LOST, LOST], [LOST, NO_PAYMENT]])
async def test_purchase_that_may_be_paid_is_kept(
    rig: Rig, answers: list[httpx.Response | Exception]
) -> None:
    with pytest.raises(Undelivered, match="not known whether"):
        await rig.buy(Server(ASKED), Server(*answers))

    assert rig.kept().preimage == ""


@pytest.mark.parametrize(("began", "is_kept"), [(Began.EARLIER, False), (Began.WITH_ANOTHER, True)])
async def test_another_wallet_cannot_say_that_nothing_was_paid(
    rig: Rig, began: Began, is_kept: bool
) -> None:
    buyer = rig.buyer(Server(ASKED), Server(said(2, "invoice expired"), NO_PAYMENT))
    asked = await buyer.ask(URL, {}, 100, PURSE)

    with pytest.raises(PurchaseError):
        await buyer.go_on(asked, began)

    assert bool(rig.folder.all()) is is_kept


@pytest.mark.parametrize("reason", FAILURES)
async def test_failed_payments_are_explained_in_words(rig: Rig, reason: str) -> None:
    with pytest.raises(NotPaid) as failed:
        await rig.buy(Server(ASKED), Server(ended("FAILED", failure_reason=reason)))

    assert FAILURES[reason] in str(failed.value)


async def test_a_disk_that_fails_after_the_payment_stops_nothing(rig: Rig) -> None:
    wallet = Server(SUCCEEDED)
    buyer = rig.buyer(Server(ASKED, ok(**PLACED)), wallet)
    asked = await buyer.ask(URL, {"a": 1}, 100, PURSE)
    wallet.on_asked = lambda: _replace_by_a_file(rig.folder.path)

    assert (await buyer.go_on(asked, Began.NOW)).answer == PLACED
    assert any(f"L402 {M}:{PREIMAGE}" in line for line in rig.lines)


async def test_a_disk_that_fails_before_the_payment_stops_it(rig: Rig) -> None:
    wallet = Server(SUCCEEDED)
    rig.folder.path.write_text("no folder")

    with pytest.raises(PurchaseError, match="cannot be written"):
        await rig.buy(Server(ASKED), wallet)

    assert wallet.asked == []


def _replace_by_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("no folder")


async def test_a_call_is_followed_through_outages(rig: Rig) -> None:
    rings = {"status": "ringing", "order_state": "in_progress", "digits": ""}
    over = rings | {"status": "completed"}
    shop = Server(ok(**rings), LOST, httpx.Response(503), ok(**over))
    purchase = replace(await rig.buyer(Server(ASKED)).ask(URL, {}, 99, PURSE), answer=PLACED)
    seen: list[dict[str, Any]] = []

    assert await rig.buyer(shop).follow(purchase, seen.append) == over
    assert [each["status"] for each in seen] == ["ringing", "completed"]


@pytest.mark.parametrize(
    ("answers", "fault", "words"),
    [
        ([LOST] * 20, NotReached, "http://shop/calls/1 does not answer"),
        ([httpx.Response(404, json={"error": "There is no such call."})], PurchaseError, "no such"),
    ],
)
async def test_a_status_that_cannot_be_had_is_given_up(
    rig: Rig, answers: list[httpx.Response | Exception], fault: type[PurchaseError], words: str
) -> None:
    purchase = replace(await rig.buyer(Server(ASKED)).ask(URL, {}, 99, PURSE), answer=PLACED)

    with pytest.raises(fault, match=words):
        await rig.buyer(Server(*answers)).follow(purchase, lambda _: None)


async def test_a_purchase_is_in_one_hand_at_a_time(rig: Rig) -> None:
    kept = rig.folder.keep(await rig.buyer(Server(ASKED)).ask(URL, {}, 99, PURSE))

    with rig.folder.locked(kept.id):
        assert rig.folder.is_locked(kept)
        with pytest.raises(PurchaseError, match="in use by process"):
            rig.folder.locked(kept.id).__enter__()

    assert not rig.folder.is_locked(kept)


@pytest.mark.parametrize("as_lnurl", [False, True])
async def test_withdrawal_keeps_the_callbacks_own_query(as_lnurl: bool) -> None:
    offer = {"callback": "http://shop/cb?shop=7", "k1": "k", "maxWithdrawable": 50_999}
    shop, wallet = Server(ok(**offer), ok(status="OK")), Server(ok(payment_request="lnbcrt1"))
    link = "http://shop/lnurl?x=1"
    given = lnurl.encode(link) if as_lnurl else link

    sats = await claim(shop.client(), given, LndWallet(wallet))

    assert sats == 50
    assert str(shop.asked[0].url) == link
    assert json.loads(wallet.asked[0].content)["value"] == "50"
    assert dict(shop.asked[1].url.params) == {"shop": "7", "k1": "k", "pr": "lnbcrt1"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ok(status="ERROR", reason="claimed already"), "claimed already"),
        (ok(hello="world"), "not a link to withdraw with"),
        (httpx.Response(404, content=b"<html>"), "HTTP 404"),
    ],
)
async def test_withdrawal_that_is_refused_says_why(answer: httpx.Response, words: str) -> None:
    with pytest.raises(PurchaseError, match=words):
        await claim(Server(answer).client(), "http://shop/lnurl", LndWallet(Server()))
