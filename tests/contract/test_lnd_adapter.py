"""How the LND adapter fails, recovers and reads what LND says, on the wire."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest

from ringbolt.core.errors import NodeUnavailable
from ringbolt.lightning.lnd.node import LndNode, load_macaroon
from ringbolt.lightning.lnd.wire import to_base64url
from ringbolt.lightning.node import InvoiceState, PaymentFailed, PaymentSucceeded, PaymentUnknown
from support.servers.sites import Handler, listening, self_signed
from support.servers.world import WorldServer, running_world
from support.waiting import PATIENCE_S

HASH = bytes(range(32))
NODE = "/simulator/node"
SETTLED = f"{NODE}/v1/invoices/subscribe"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[WorldServer]:
    async with running_world(tmp_path) as server:
        yield server


@asynccontextmanager
async def shop_of(server: WorldServer) -> AsyncIterator[LndNode]:
    node = LndNode(f"{server.url}/simulator/node", "00", timeout_s=30, liveness_s=0.2)
    yield node
    await node.close()


async def paid(server: WorldServer, node: LndNode) -> bytes:
    preimage = secrets.token_bytes(32)
    invoice = await node.create_invoice(1000, "", 600, preimage)
    await server.world.lightning.send_payment(server.world.lightning.wallet, invoice.bolt11)
    return invoice.payment_hash


def answering(status: str, body: bytes) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    return handle


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def test_the_shop_catches_up_over_a_restart_of_the_node(server: WorldServer) -> None:
    async with shop_of(server) as node:
        first = await paid(server, node)
        following = node.settled_invoices(0)
        async with asyncio.timeout(PATIENCE_S), aclosing(following):
            assert (await anext(following)).payment_hash == first
            second = await paid(server, node)
            seen = await anext(following)
            assert (seen.payment_hash, seen.settle_index) == (second, 2)
            waiting = asyncio.ensure_future(anext(following))
            await server.restart()
            with pytest.raises(NodeUnavailable):
                await waiting

        third, fourth = await paid(server, node), await paid(server, node)

        following = node.settled_invoices(seen.settle_index)
        async with asyncio.timeout(PATIENCE_S), aclosing(following):
            again = [await anext(following), await anext(following)]
        assert [status.payment_hash for status in again] == [third, fourth]
        assert [status.settle_index for status in again] == [3, 4]


async def test_a_world_that_closes_is_a_node_that_is_gone(server: WorldServer) -> None:
    async with shop_of(server) as node:
        watching = node.watch_invoice(HASH)
        following = node.settled_invoices(5)
        async with asyncio.timeout(PATIENCE_S):
            waits = [
                asyncio.ensure_future(anext(watching)),
                asyncio.ensure_future(anext(following)),
            ]
            await server.requests.until_at(f"{NODE}/v2/invoices/subscribe/{to_base64url(HASH)}")
            await server.requests.until_at(SETTLED)
            await server.world.close()
            for wait in waits:
                with pytest.raises(NodeUnavailable):
                    await wait
            with pytest.raises(NodeUnavailable, match="shutting down"):
                await node.create_invoice(1000, "", 600, secrets.token_bytes(32))


async def test_an_invoice_settled_later_is_the_first_from_index_zero(server: WorldServer) -> None:
    async with shop_of(server) as node:
        following = node.settled_invoices(0)
        async with asyncio.timeout(PATIENCE_S), aclosing(following):
            first = asyncio.ensure_future(anext(following))
            await server.requests.until_at(SETTLED)
            payment_hash = await paid(server, node)
            assert (await first).payment_hash == payment_hash


async def test_a_stale_kept_connection_is_replaced(server: WorldServer) -> None:
    async with shop_of(server) as node:
        await node.info()
        await server.restart()
        invoice = await node.create_invoice(1000, "", 600, secrets.token_bytes(32))
        assert await node.lookup_invoice(invoice.payment_hash) is not None


async def test_a_node_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    node = LndNode(f"http://127.0.0.1:{port}", "00")
    with pytest.raises(NodeUnavailable, match=rf"no connection to .* 127\.0\.0\.1:{port}"):
        await node.info()
    with pytest.raises(NodeUnavailable, match="no connection"):
        await node.pay("lnbcrt1", 0, 1)
    with pytest.raises(NodeUnavailable, match="no connection"):
        await anext(node.settled_invoices(1))
    await node.close()


async def test_a_node_that_says_nothing() -> None:
    async with listening(silent) as url:
        # Long enough to connect on a busy machine.
        node = LndNode(url, "00", timeout_s=2, liveness_s=0.1)
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(NodeUnavailable, match=r"No answer from .* within 2 s"):
                await node.info()
            # A stream may be silent for ever, so its node is asked for a sign of life.
            with pytest.raises(NodeUnavailable, match="No answer"):
                await anext(node.settled_invoices(1))
            with pytest.raises(NodeUnavailable, match="No answer"):
                await node.lookup_payment(HASH)
        await node.close()


async def test_a_payment_whose_answer_is_lost_is_unknown() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    for handle in (hang_up, answering("200 OK", b""), answering("200 OK", b"<html>\n")):
        async with listening(handle) as url:
            node = LndNode(url, "00")
            assert isinstance(await node.pay("lnbcrt1", 0, 1), PaymentUnknown)
            await node.close()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("permission denied", "NODE_MACAROON_REJECTED"),
        ("expected 1 macaroon, got 0", "NODE_MACAROON_REJECTED"),
        ("verification failed: signature mismatch", "NODE_MACAROON_REJECTED"),
        ("the RPC server is in the process of starting up", "NODE_REFUSED"),
    ],
)
async def test_refusals_say_what_is_wrong(words: str, code: str) -> None:
    body = json.dumps({"code": 2, "message": words, "details": []}).encode()
    async with listening(answering("500 Internal Server Error", body)) as url:
        node = LndNode(url, "00")
        with pytest.raises(NodeUnavailable, match=words) as refused:
            await node.info()
        assert refused.value.code == code
        await node.close()


async def test_something_that_is_no_lnd() -> None:
    for status in ("200 OK", "404 Not Found"):
        async with listening(answering(status, b"<html>hello</html>")) as url:
            node = LndNode(url, "00")
            with pytest.raises(NodeUnavailable):
                await node.info()
            await node.close()


async def test_the_certificate_is_pinned(tmp_path: Path) -> None:
    info = {"identity_pubkey": "02" * 33, "chains": [{"chain": "bitcoin", "network": "mainnet"}]}
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    tls, _ = self_signed(tmp_path / "a"), self_signed(tmp_path / "b")
    right, wrong = tmp_path / "a" / "server.pem", tmp_path / "b" / "server.pem"
    body = json.dumps(info).encode()
    async with listening(answering("200 OK", body), tls) as url:
        trusted = LndNode(url, "00", right)
        assert (await trusted.info()).holds_real_money
        await trusted.close()
        for cert, words in ((wrong, "is not the one in tls.cert"), (None, "No trusted TLS")):
            node = LndNode(url, "00", cert)
            with pytest.raises(NodeUnavailable, match=words):
                await node.info()
            await node.close()


def test_a_missing_certificate_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(NodeUnavailable, match=r"tls\.cert cannot be read"):
        LndNode("https://127.0.0.1:1", "00", tmp_path / "tls.cert")


def test_a_macaroon_is_hexadecimal_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "admin.macaroon"
    file.write_bytes(b"\x02\x01\xff")
    assert load_macaroon(str(file)) == "0201ff"
    assert load_macaroon(" 0201FF\n") == "0201ff"
    with pytest.raises(NodeUnavailable, match="neither hexadecimal nor a file"):
        load_macaroon(str(tmp_path / "nothing"))


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ({"status": "FAILED", "failure_reason": "FAILURE_REASON_TIMEOUT"},
         PaymentFailed("FAILURE_REASON_TIMEOUT")),
        ({"status": "SUCCEEDED", "payment_preimage": HASH.hex(), "fee_msat": "1017"},
         PaymentSucceeded(HASH, 1017)),
    ],
)  # fmt: skip
async def test_the_end_of_a_payment_counts(line: dict[str, str], outcome: object) -> None:
    lines = [{"result": {"status": "IN_FLIGHT"}}, {"result": line}]
    body = b"".join(json.dumps(each).encode() + b"\n" for each in lines)
    async with listening(answering("200 OK", body)) as url:
        node = LndNode(url, "00")
        assert await node.pay("lnbcrt1", 0, 5) == outcome
        await node.close()


async def test_the_earliest_held_part_bounds_a_payment_in_parts() -> None:
    invoice = {
        "r_hash": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "state": "ACCEPTED",
        "value_msat": "5000",
        "amt_paid_msat": "5000",
        "htlcs": [
            {"expiry_height": 700, "state": "ACCEPTED"},
            {"expiry_height": 690, "state": "ACCEPTED"},
            {"expiry_height": 600, "state": "CANCELED"},
        ],
    }
    async with listening(answering("200 OK", json.dumps(invoice).encode())) as url:
        node = LndNode(url, "00")
        status = await node.lookup_invoice(HASH)
        await node.close()
    assert status is not None
    assert (status.payment_hash, status.state) == (HASH, InvoiceState.ACCEPTED)
    assert status.expiry_height == 690


async def test_the_node_answers_in_lnds_own_form(server: WorldServer) -> None:
    base = f"{server.url}/simulator/node"
    preimage = secrets.token_bytes(32)
    async with aiohttp.ClientSession() as http:

        async def call(
            method: str, path: str, body: object = None
        ) -> tuple[int, dict[str, object]]:
            async with http.request(method, base + path, json=body) as answer:
                return answer.status, json.loads(await answer.text())

        status, added = await call("POST", "/v1/invoices", {"value": "3", "memo": "m"})
        assert status == 200
        assert added["add_index"] == "1"
        assert set(added) == {"r_hash", "payment_request", "add_index", "payment_addr"}
        status, read = await call("GET", f"/v1/payreq/{added['payment_request']}")
        assert (read["num_satoshis"], read["num_msat"]) == ("3", "3000")
        status, invoice = await call("GET", f"/v1/invoice/{read['payment_hash']}")
        assert invoice["r_hash"] == added["r_hash"]
        assert (invoice["value_msat"], invoice["state"]) == ("3000", "OPEN")

        unknown = sha256(preimage).hexdigest()
        assert await call("GET", f"/v1/invoice/{unknown}") == (
            404,
            {"code": 5, "message": "unable to locate invoice", "details": []},
        )
        status, refused = await call("GET", f"/v2/router/track/{'A' * 43}=")
        assert (status, refused["error"]) == (
            404,
            {"code": 5, "message": "payment isn't initiated", "details": []},
        )
        status, refused = await call("POST", "/v1/invoices", {"value": "many"})
        assert (status, refused["code"]) == (400, 3)


async def test_the_clock_is_moved_and_followed_over_http(server: WorldServer) -> None:
    base = f"{server.url}/simulator/clock"
    async with aiohttp.ClientSession() as http, asyncio.timeout(PATIENCE_S):
        waiting = asyncio.create_task(http.get(f"{base}?wait=30&offset_ms=0").__aenter__())
        await server.requests.until_at("/simulator/clock")
        async with http.post(f"{base}/advance", json={"seconds": 90}) as answer:
            assert (await answer.json())["offset_ms"] == 90_000
        followed = await waiting
        assert (await followed.json())["offset_ms"] == 90_000
        bodies: list[object] = [{"seconds": -1}, {"seconds": 1e12}, {"seconds": "x"}, {}, [], 3]
        for body in bodies:
            async with http.post(f"{base}/advance", json=body) as answer:
                assert answer.status == 400
        async with http.get(base) as answer:
            assert (await answer.json())["offset_ms"] == 90_000
