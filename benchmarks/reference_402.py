"""The reference of ``benchmarks.sockets``: a bare Starlette route that asks the node for one
invoice, mints a macaroon by five HMACs, and answers a 402 with both.

    python -m benchmarks.reference_402 PORT NODE_URL [aiohttp]

It asks through the shop's own adapter, or with ``aiohttp`` by that client, without an adapter.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import sys
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha256

import aiohttp
import msgspec
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringbolt.lightning.lnd.node import LndNode

decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
KEY = bytes(32)
CreateInvoice = Callable[[bytes], Awaitable[str]]


def mint(identifier: bytes, caveats: list[bytes]) -> str:
    """A version 2 macaroon: one HMAC for the identifier, one for each caveat."""
    signature = hmac.digest(KEY, identifier, "sha256")
    parts = [b"\2", _packet(identifier)]
    for caveat in caveats:
        signature = hmac.digest(signature, caveat, "sha256")
        parts.append(_packet(caveat))
    return b64encode(b"".join((*parts, b"\0\6\x20", signature))).decode()


def _packet(content: bytes) -> bytes:
    return bytes((2, len(content))) + content + b"\0"


def by_adapter(node_url: str) -> CreateInvoice:
    node = LndNode(node_url, "00", None)

    async def create_invoice(preimage: bytes) -> str:
        return (await node.create_invoice(50_000, "Phone call", 600, preimage)).bolt11

    return create_invoice


def by_aiohttp(node_url: str) -> CreateInvoice:
    session: list[aiohttp.ClientSession] = []

    async def create_invoice(preimage: bytes) -> str:
        if not session:
            session.append(aiohttp.ClientSession(headers={"Grpc-Metadata-macaroon": "00"}))
        terms = {
            "memo": "Phone call",
            "value_msat": "50000",
            "expiry": "600",
            "r_preimage": b64encode(preimage).decode(),
        }
        body = encode(terms)
        async with session[0].post(f"{node_url}/v1/invoices", data=body) as answer:
            invoice: str = decode(await answer.read())["payment_request"]
            return invoice

    return create_invoice


def main() -> None:
    port, node_url = int(sys.argv[1]), sys.argv[2]
    create_invoice = by_aiohttp(node_url) if sys.argv[3:] else by_adapter(node_url)

    async def place_call(request: Request) -> Response:
        raw = await request.body()
        asked = decode(raw)
        preimage = secrets.token_bytes(32)
        invoice = await create_invoice(preimage)
        identifier = b"\0\0" + sha256(preimage).digest() + secrets.token_bytes(32)
        caveats = [
            b"services=place_call:0",
            b"place_call_valid_until=%d" % (time.time() + 600),
            b"place_call_body=" + b64encode(sha256(raw).digest()),
            b"place_call_amount_msat=50000",
        ]
        macaroon = mint(identifier, caveats)
        document = {
            "invoice": invoice,
            "macaroon": macaroon,
            "amount_sats": 50,
            "to": asked["phone_number"],
        }
        line = f'L402 macaroon="{macaroon}", invoice="{invoice}"'
        return Response(encode(document), 402, headers={"WWW-Authenticate": line})

    async def healthz(_: Request) -> Response:
        return Response("ok")

    app = Starlette(
        routes=[
            Route("/api/l402/place-call", place_call, methods=["POST"]),
            Route("/healthz", healthz),
        ]
    )
    config = uvicorn.Config(app, port=port, log_config=None, access_log=False, lifespan="off")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
