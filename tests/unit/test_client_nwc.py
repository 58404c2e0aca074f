"""The client's Nostr wallet, with relays and wallets that fail, refuse and lie."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import Any, TypeVar

import httpx
import pytest
from websockets.asyncio.server import ServerConnection, serve

from ringbolt.core.lightning import bolt11
from ringbolt_client import ClientError, NotPaid, NotReached, NwcWallet, Refused
from ringbolt_client.invoice import read_invoice
from ringbolt_client.nostr.encryption import NIP44, encrypt
from ringbolt_client.nostr.events import Event
from ringbolt_client.nostr.keys import Keys
from ringbolt_client.steps import Steps, run, run_async
from ringbolt_client.wallets import pay_or_find
from support.servers.nostr_wallet import CLIENT_SECRET, NOW, NostrWallet, running_wallet
from support.servers.relay import RESPONSE, Relay, running_relay

T = TypeVar("T")
PREIMAGE = "ab" * 32
INVOICE = read_invoice(
    bolt11.encode(
        private_key=b"\1" * 32, network="regtest",
        payment_hash=sha256(bytes.fromhex(PREIMAGE)).digest(), payment_secret=b"\3" * 32,
        amount_msat=50_000, description="Phone call", timestamp_s=NOW, expiry_s=600,
        min_final_cltv=80,
    )
)  # fmt: skip
PAID = {"result": {"preimage": PREIMAGE, "fees_paid": 0}}
SETTLED = {"result": {"type": "outgoing", "state": "settled", "preimage": PREIMAGE}}
PENDING = {"result": {"type": "outgoing", "state": "pending"}}
FAILED = {"result": {"type": "outgoing", "state": "failed"}}
UNKNOWN = {"error": {"code": "NOT_FOUND", "message": "no such payment"}}
SOON_S = 1.5
"""How long an answer that never comes is waited for."""
Answer = Callable[[str, dict[str, Any]], dict[str, Any] | None]


def answers(pay: dict[str, Any] | None = PAID, *lookups: dict[str, Any] | None) -> Answer:
    """What a wallet says to a payment, and to one look-up after another."""
    left = [*lookups]

    def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        if method == "pay_invoice":
            assert params == {"invoice": INVOICE.text}
            return pay
        assert (method, params) == ("lookup_invoice", {"payment_hash": INVOICE.payment_hash})
        return left.pop(0)

    return answer


def error(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": f"because {code}"}}


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    async with running_relay() as running:
        yield running


async def do(steps: Steps[T]) -> T:
    async with httpx.AsyncClient() as http:
        return await run_async(steps, http)


async def paid(wallet: NostrWallet, timeout_s: float = 5) -> str:
    client = NwcWallet(wallet.uri, timeout_s=timeout_s, now_s=lambda: NOW)
    return await do(pay_or_find(client, INVOICE, 10))


@pytest.mark.parametrize("encryption", ["nip04 nip44_v2", "nip44_v2", "nip04", ""])
async def test_it_pays_as_the_wallet_can_read_it(relay: Relay, encryption: str) -> None:
    async with running_wallet(relay, answers(), encryption=encryption) as wallet:
        assert await paid(wallet) == PREIMAGE

    (request,) = relay.requests()
    assert request.tag("encryption") == ("nip44_v2" if "nip44" in encryption else "nip04")
    assert request.tag("p") == wallet.keys.public
    assert int(request.tag("expiration")) == NOW + 5


async def test_a_program_that_waits_pays_too(relay: Relay) -> None:
    def wait() -> str:
        with httpx.Client() as http:
            return run(NwcWallet(wallet.uri, timeout_s=5).pay(INVOICE, 10), http)

    async with running_wallet(relay, answers()) as wallet:
        assert await asyncio.to_thread(wait) == PREIMAGE


async def test_a_lost_answer_is_looked_up_and_nothing_is_paid_twice(relay: Relay) -> None:
    async with running_wallet(relay, answers(PAID, SETTLED)) as wallet:
        relay.loses = 1
        assert await paid(wallet, SOON_S) == PREIMAGE
        assert wallet.asked == ["pay_invoice", "lookup_invoice"]


async def test_a_payment_that_is_held_is_waited_for(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringbolt_client.wallets.nwc._LOOK_S", 0.01)
    async with running_wallet(relay, answers(None, PENDING, PENDING, SETTLED)) as wallet:
        assert await paid(wallet, SOON_S) == PREIMAGE


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (answers(error("INSUFFICIENT_BALANCE")), NotPaid),
        (answers(error("QUOTA_EXCEEDED")), NotPaid),
        (answers(error("UNAUTHORIZED")), NotPaid),
        (answers(error("PAYMENT_FAILED"), FAILED), NotPaid),
        (answers(error("PAYMENT_FAILED"), UNKNOWN), NotPaid),
        (answers(error("INTERNAL"), FAILED), NotPaid),
        (answers(error("INTERNAL"), UNKNOWN, UNKNOWN), NotReached),
        (answers(error("OTHER"), error("INTERNAL"), error("INTERNAL")), NotReached),
        (answers({"result": None}, UNKNOWN, UNKNOWN), NotReached),
        (answers({"result": {}}, UNKNOWN), NotReached),
        (answers(None, UNKNOWN), NotReached),
        (answers(None, {"result": {"type": "outgoing"}}), NotReached),
        (answers(None, {"result": {"type": "incoming", "preimage": PREIMAGE}}), NotReached),
    ],
)
async def test_only_what_the_wallet_surely_did_not_pay_is_unpaid(
    relay: Relay, answer: Answer, fault: type[ClientError]
) -> None:
    async with running_wallet(relay, answer) as wallet:
        with pytest.raises(fault) as raised:
            await paid(wallet, SOON_S)

    assert getattr(raised.value, "is_sent", True)


async def test_a_payment_that_failed_before_can_be_told_by_its_hash(relay: Relay) -> None:
    answer = answers(None, SETTLED, UNKNOWN, FAILED)
    async with running_wallet(relay, answer) as wallet:
        client = NwcWallet(wallet.uri, timeout_s=5)
        assert await do(client.find(INVOICE)) == PREIMAGE
        assert await do(client.find(INVOICE)) is None
        with pytest.raises(NotPaid):
            await do(client.find(INVOICE))


async def test_a_connection_that_may_not_pay_is_told_so(relay: Relay) -> None:
    async with running_wallet(relay, answers(), methods="get_info lookup_invoice") as wallet:
        with pytest.raises(NotPaid, match="may not do pay_invoice"):
            await paid(wallet)
    assert relay.requests() == []


async def test_a_wallet_that_cannot_look_up_leaves_a_lost_payment_open(relay: Relay) -> None:
    async with running_wallet(relay, answers(None), methods="pay_invoice") as wallet:
        with pytest.raises(NotReached) as raised:
            await paid(wallet, SOON_S)
    assert raised.value.is_sent


async def test_answers_of_others_are_not_believed(relay: Relay) -> None:
    stranger = Keys("3" * 64)
    async with running_wallet(relay, answers()) as wallet:
        content = json.dumps({"result": {"preimage": "00" * 32}})
        client = Keys(CLIENT_SECRET)

        def forged(author: Keys, request: str) -> Event:
            hidden = encrypt(NIP44, author, client.public, content)
            tags = [["e", request], ["p", client.public]]
            return Event.signed(author, RESPONSE, hidden, tags=tags, created_at=NOW)

        stolen = forged(stranger, "0" * 64)
        named = Event(**{**stolen.written(), "pubkey": wallet.keys.public, "tags": stolen.tags})
        relay.forged = [stolen, named, forged(wallet.keys, "0" * 64)]
        assert await paid(wallet) == PREIMAGE


async def test_a_relay_that_wants_to_know_who_asks_is_told(relay: Relay) -> None:
    async with running_wallet(relay, answers()) as wallet:
        relay.know_who_is_here()
        relay.needs_auth = True
        assert await paid(wallet) == PREIMAGE
    assert len(relay.requests()) == 1


async def test_what_the_relay_does_not_take_was_not_sent(relay: Relay) -> None:
    async with running_wallet(relay, answers()) as wallet:
        relay.refuses = "blocked: pay the relay first"
        with pytest.raises(NotReached, match="pay the relay first") as raised:
            await paid(wallet)
    assert (raised.value.is_sent, wallet.asked) == (False, [])


async def test_a_wallet_that_the_relay_does_not_know_was_not_asked(relay: Relay) -> None:
    wallet = NostrWallet(relay, answers())
    with pytest.raises(NotReached, match="knows nothing of the wallet") as raised:
        await paid(wallet)
    assert not raised.value.is_sent


async def test_the_next_relay_is_asked_where_one_is_gone(relay: Relay) -> None:
    async with running_wallet(relay, answers()) as wallet:
        gone = "relay=ws%3A%2F%2F127.0.0.1%3A9&"
        uri = wallet.uri.replace("?", f"?{gone}")
        assert await do(NwcWallet(uri, timeout_s=5).pay(INVOICE, 10)) == PREIMAGE
        nowhere = NwcWallet(wallet.uri.replace(relay.url, "ws://127.0.0.1:9"))
        with pytest.raises(NotReached) as raised:
            await do(nowhere.pay(INVOICE, 10))
    assert not raised.value.is_sent


@pytest.mark.parametrize("waits", [True, False], ids=["sync", "async"])
async def test_a_relay_that_never_stops_talking_is_left_in_time(waits: bool) -> None:
    async def talk(socket: ServerConnection) -> None:
        while True:
            await socket.send('["NOTICE", "..."]')

    def wait() -> None:
        with httpx.Client() as http:
            run(wallet.find(INVOICE), http)

    async with serve(talk, "127.0.0.1", 0) as server:
        [socket] = server.sockets
        url = f"ws://127.0.0.1:{socket.getsockname()[1]}"
        service = Keys("2" * 64).public
        uri = f"nostr+walletconnect://{service}?relay={url}&secret={CLIENT_SECRET}"
        wallet = NwcWallet(uri, timeout_s=0.5)
        asking = asyncio.to_thread(wait) if waits else do(wallet.find(INVOICE))
        with pytest.raises(NotReached, match="in time"):
            await asking


@pytest.mark.parametrize(
    "uri",
    [
        "", "https://wallet", "nostr+walletconnect://",
        f"nostr+walletconnect://{'f' * 64}?relay=ws://a&secret={CLIENT_SECRET}",
        f"nostr+walletconnect://{Keys('2' * 64).public}?relay=ws://a",
        f"nostr+walletconnect://{Keys('2' * 64).public}?secret={CLIENT_SECRET}",
        f"nostr+walletconnect://{Keys('2' * 64).public}?relay=ws://a&secret=1234",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_wallet_is_refused(uri: str) -> None:
    with pytest.raises(Refused, match="not the address of a Nostr wallet"):
        NwcWallet(uri)
