"""How the client pays, repeats and keeps a purchase, with servers of the test's own making."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringbolt.cli.buyer.refund import claim
from ringbolt.core.lightning import bolt11, lnurl
from ringbolt_client.buying import Buyer, Wanted
from ringbolt_client.errors import ClientError, NotPaid, NotReached, Refused, Undelivered
from ringbolt_client.following import follow
from ringbolt_client.journal import Journal, Purchase
from ringbolt_client.shop import CALL_FINAL
from ringbolt_client.steps import Send, Sleep, Steps, run_async
from ringbolt_client.wallets import LndWallet
from ringbolt_client.wallets.lnd import FAILURES

M = "AgEIcmluZ2JvbHQCQgAA+/8="
PREIMAGE = "ab" * 32
URL = "http://shop/x"
WANTED = Wanted("POST", URL, {"a": 1}, 100, name="one", needs_document=True)


def invoice(amount_msat: int = 50_000, timestamp_s: int = 1_900_000_000) -> str:
    return bolt11.encode(
        private_key=b"\1" * 32, network="regtest",
        payment_hash=sha256(bytes.fromhex(PREIMAGE)).digest(),
        payment_secret=b"\3" * 32, amount_msat=amount_msat, description="Phone call",
        timestamp_s=timestamp_s, expiry_s=600, min_final_cltv=80,
    )  # fmt: skip


INVOICE = invoice()
LOST = httpx.ReadError("the connection broke")
NOT_THERE = httpx.ConnectError("refused")


def asked(text: str = INVOICE) -> httpx.Response:
    line = f'L402 macaroon="{M}", invoice="{text}"'
    return httpx.Response(402, headers={"WWW-Authenticate": line})


ASKED = asked()
EXPIRED = asked(invoice(timestamp_s=1_600_000_000))
PLACED = {"sid": "CA1", "status_url": "http://shop/calls/1"}


class Server:
    """Answers what it was given, one after another; remembers what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.on_asked: Callable[[], None] = lambda: None

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.on_asked()
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def ended(status: str, **more: str) -> httpx.Response:
    """A payment's last update, as LND streams it."""
    return httpx.Response(200, text=json.dumps({"result": {"status": status, **more}}) + "\n")


def said(code: int, message: str, status: int = 500) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": message}})


SUCCEEDED = ended("SUCCEEDED", payment_preimage=PREIMAGE)
NO_PAYMENT = said(5, "payment isn't initiated", 404)


class Rig:
    """A buyer whose shop and wallet answer as they are told, and whose sleep takes no time."""

    def __init__(self, path: Path) -> None:
        self.journal = Journal(path / "state", None)
        self.lines: list[str] = []
        self.slept: list[float] = []

    async def run(self, steps: Steps[Any], shop: Server, wallet: Server | None = None) -> Any:
        servers = {"shop": shop, "wallet": wallet or Server(SUCCEEDED)}

        def answer(request: httpx.Request) -> httpx.Response:
            return servers[request.url.host].answer(request)

        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            return await run_async(self._without_sleep(steps), http)

    def _without_sleep(self, steps: Steps[Any]) -> Steps[Any]:
        step = next(steps)
        try:
            while True:
                if isinstance(step, Sleep):
                    self.slept.append(step.seconds)
                    step = steps.send(None)
                    continue
                assert isinstance(step, Send)
                try:
                    done = yield step
                except ClientError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(done)
        except StopIteration as end:
            return end.value

    def buyer(self, **options: Any) -> Buyer:
        return Buyer(
            LndWallet("http://wallet", "00"), self.journal, tell=self.lines.append, **options
        )

    async def buy(
        self, shop: Server, wallet: Server | None = None, wanted: Wanted = WANTED
    ) -> dict[str, Any]:
        bought: dict[str, Any] = await self.run(self.buyer().buy(wanted), shop, wallet)
        return bought

    def kept(self) -> Purchase:
        (found,) = self.journal.all()
        return found


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def ok(**document: Any) -> httpx.Response:
    return httpx.Response(200, json=document)


async def test_purchase_pays_once_and_repeats_the_same_body(rig: Rig) -> None:
    shop, wallet = Server(ASKED, ok(**PLACED)), Server(SUCCEEDED)

    assert await rig.buy(shop, wallet) == PLACED

    assert len(wallet.asked) == 1
    assert shop.asked[0].content == shop.asked[1].content
    assert shop.asked[1].headers["Authorization"] == f"L402 {M}:{PREIMAGE}"
    assert rig.lines == ["402: the server asks for 50 sats", "paid 50 sats"]
    kept = rig.kept()
    assert (kept.amount_sats, kept.status_url) == (50, PLACED["status_url"])


async def test_price_over_the_limit_is_not_paid(rig: Rig) -> None:
    with pytest.raises(ClientError, match="over the limit of 49"):
        await rig.buy(Server(ASKED), wanted=Wanted("POST", URL, {}, 49))

    assert rig.journal.all() == []


async def test_purchase_is_on_the_disk_before_it_is_paid_and_before_it_is_used(rig: Rig) -> None:
    shop, wallet = Server(ASKED, ok(**PLACED)), Server(SUCCEEDED)
    seen: list[str] = []
    wallet.on_asked = lambda: seen.append(rig.kept().preimage)
    shop.on_asked = lambda: seen.extend(each.preimage for each in rig.journal.all())

    await rig.buy(shop, wallet)

    (path,) = rig.journal.folder.glob("purchases/*.json")
    assert seen == ["", PREIMAGE]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert rig.kept().answer == PLACED


@pytest.mark.parametrize("content", [b"[]", b"null", b'"no"', b"<html>", b""])
async def test_refusal_of_any_form_is_reported(rig: Rig, content: bytes) -> None:
    with pytest.raises(Refused, match="400"):
        await rig.buy(Server(httpx.Response(400, content=content)))


async def test_paid_request_is_repeated_until_it_is_answered(rig: Rig) -> None:
    busy = httpx.Response(503, headers={"Retry-After": "7"}, json={"error": "busy"})
    shop = Server(ASKED, LOST, NOT_THERE, busy, httpx.Response(502), ok(**PLACED))

    assert await rig.buy(shop) == PLACED

    assert rig.slept == [0.5, 1.0, 7.0, 14.0]
    assert len({request.headers["Authorization"] for request in shop.asked[1:]}) == 1
    assert len({request.headers["Idempotency-Key"] for request in shop.asked[1:]}) == 1


async def test_a_buyer_without_end_outlasts_a_long_outage(rig: Rig) -> None:
    shop = Server(ASKED, *[LOST] * 40, ok(**PLACED))

    assert await rig.run(rig.buyer(tries=None).buy(WANTED), shop) == PLACED


async def test_an_outage_longer_than_the_tries_leaves_the_purchase_to_be_resumed(rig: Rig) -> None:
    with pytest.raises(Undelivered, match="not answered yet"):
        await rig.buy(Server(ASKED, *[LOST] * 8))

    assert await rig.buy(Server(ok(**PLACED)), Server()) == PLACED


async def test_a_server_that_fails_again_and_again_is_left_with_the_purchase_kept(rig: Rig) -> None:
    with pytest.raises(Undelivered, match="500"):
        await rig.buy(Server(ASKED, *[httpx.Response(500, content=b"oops")] * 5))

    assert rig.kept().authorization == f"L402 {M}:{PREIMAGE}"


async def test_a_page_of_a_proxy_is_not_taken_for_the_answer(rig: Rig) -> None:
    with pytest.raises(Undelivered, match="200"):
        await rig.buy(Server(ASKED, httpx.Response(200, content=b"<html>log in</html>")))

    assert rig.kept().answer is None


async def test_answer_that_was_lost_long_ago_is_found_by_the_former_order(rig: Rig) -> None:
    spent = {"error": "spent", "previous": {"status_url": "http://shop/calls/1"}}
    shop = Server(ASKED, LOST, httpx.Response(402, json=spent))

    await rig.buy(shop)

    assert rig.kept().status_url == "http://shop/calls/1"


async def test_refusal_after_payment_shows_the_refund_and_keeps_the_credential(rig: Rig) -> None:
    refund = {"lnurl_withdraw": "LNURL1", "withdraw_url": "http://shop/w"}
    refused = httpx.Response(422, json={"error": "no audio", "refund": refund})

    with pytest.raises(Undelivered, match="no audio") as error:
        await rig.buy(Server(ASKED, refused))

    assert error.value.document["refund"] == refund
    assert rig.kept().preimage == PREIMAGE


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

    await rig.buy(Server(ASKED, ok(**PLACED)), wallet)

    assert rig.kept().preimage == PREIMAGE
    assert wallet.asked[1].url.path.startswith("/v2/router/track/")


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ([NOT_THERE], NotReached),
        ([ended("FAILED", failure_reason="FAILURE_REASON_NO_ROUTE")], NotPaid),
        ([said(2, "invoice expired"), NO_PAYMENT], NotPaid),
        ([httpx.Response(404, content=b"<html>")], NotPaid),
    ],
)
async def test_purchase_that_was_surely_not_paid_is_forgotten(
    rig: Rig, answers: list[httpx.Response | Exception], fault: type[ClientError]
) -> None:
    with pytest.raises(fault):
        await rig.buy(Server(ASKED), Server(*answers))

    assert rig.journal.all() == []


@pytest.mark.parametrize("answers", [[LOST, LOST], [LOST, NO_PAYMENT]])
async def test_purchase_that_may_be_paid_is_kept(
    rig: Rig, answers: list[httpx.Response | Exception]
) -> None:
    with pytest.raises(Undelivered, match="not known whether"):
        await rig.buy(Server(ASKED), Server(*answers))

    assert rig.kept().preimage == ""


@pytest.mark.parametrize("challenge", [ASKED, EXPIRED], ids=["valid", "expired"])
@pytest.mark.parametrize("is_same_wallet", [True, False])
async def test_only_the_same_wallet_can_say_that_nothing_was_paid(
    rig: Rig, challenge: httpx.Response, is_same_wallet: bool
) -> None:
    with pytest.raises(Undelivered):
        await rig.buy(Server(challenge), Server(LOST, LOST))
    resuming = rig.buyer().resume(rig.kept(), is_same_wallet=is_same_wallet)
    answers = [NO_PAYMENT, said(2, "invoice expired"), NO_PAYMENT]

    with pytest.raises(NotPaid if is_same_wallet else Undelivered):
        await rig.run(resuming, Server(), Server(*answers))

    assert bool(rig.journal.all()) is not is_same_wallet


async def test_a_purchase_is_resumed_with_what_was_paid_before(rig: Rig) -> None:
    with pytest.raises(Undelivered):
        await rig.buy(Server(ASKED), Server(LOST, LOST))
    wallet, resuming = Server(SUCCEEDED), rig.buyer().resume(rig.kept())

    assert await rig.run(resuming, Server(ok(**PLACED)), wallet) == PLACED
    assert [request.method for request in wallet.asked] == ["GET"]


@pytest.mark.parametrize("reason", FAILURES)
async def test_failed_payments_are_explained_in_words(rig: Rig, reason: str) -> None:
    with pytest.raises(NotPaid) as failed:
        await rig.buy(Server(ASKED), Server(ended("FAILED", failure_reason=reason)))

    assert FAILURES[reason] in str(failed.value)


async def test_a_disk_that_fails_after_the_payment_stops_nothing(rig: Rig) -> None:
    wallet = Server(SUCCEEDED)
    wallet.on_asked = lambda: _replace_by_a_file(rig.journal.folder)

    assert await rig.buy(Server(ASKED, ok(**PLACED)), wallet) == PLACED
    assert any(f"L402 {M}:{PREIMAGE}" in line for line in rig.lines)


async def test_a_disk_that_fails_before_the_payment_stops_it(rig: Rig) -> None:
    wallet = Server(SUCCEEDED)
    rig.journal.folder.write_text("no folder")

    with pytest.raises(ClientError, match="cannot be written"):
        await rig.buy(Server(ASKED), wallet)

    assert wallet.asked == []


def _replace_by_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("no folder")


async def test_a_call_is_followed_through_outages(rig: Rig) -> None:
    rings = {"status": "ringing", "order_state": "in_progress", "digits": ""}
    over = rings | {"status": "completed"}
    shop = Server(ok(**rings), LOST, httpx.Response(503), ok(**over))
    seen: list[Any] = []

    following = follow(PLACED["status_url"], CALL_FINAL, 60, told=seen.append)
    assert await rig.run(following, shop) == over
    assert [each["status"] for each in seen] == ["ringing", "completed"]


@pytest.mark.parametrize(
    ("answers", "fault", "words"),
    [
        ([LOST] * 20, NotReached, "shop does not answer"),
        ([httpx.Response(404, json={"error": "There is no such call."})], Refused, "no such"),
        ([ok(hello="world")], Refused, "cannot be read"),
    ],
)
async def test_a_status_that_cannot_be_had_is_given_up(
    rig: Rig, answers: list[httpx.Response | Exception], fault: type[ClientError], words: str
) -> None:
    with pytest.raises(fault, match=words):
        await rig.run(follow(PLACED["status_url"], CALL_FINAL, 9999), Server(*answers))


@pytest.mark.parametrize("as_lnurl", [False, True])
async def test_withdrawal_keeps_the_callbacks_own_query(rig: Rig, as_lnurl: bool) -> None:
    offer = {"callback": "http://shop/cb?shop=7", "k1": "k", "maxWithdrawable": 50_999}
    shop, wallet = Server(ok(**offer), ok(status="OK")), Server(ok(payment_request="lnbcrt1"))
    link = "http://shop/lnurl?x=1"
    given = lnurl.encode(link) if as_lnurl else link

    sats = await rig.run(claim(given, LndWallet("http://wallet", "00")), shop, wallet)

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
async def test_withdrawal_that_is_refused_says_why(
    rig: Rig, answer: httpx.Response, words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        await rig.run(claim("http://shop/lnurl", LndWallet("http://wallet", "00")), Server(answer))
