"""The reference of ``benchmarks.sockets``: a bare Starlette route that asks the node for one
invoice and answers a 402 with it. ``python -m benchmarks.reference_402 PORT NODE_URL``."""

from __future__ import annotations

import asyncio
import secrets
import sys

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringbolt.lightning.lnd.node import LndNode

decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode


def main() -> None:
    port, node_url = int(sys.argv[1]), sys.argv[2]
    node = LndNode(node_url, "00", None)

    async def place_call(request: Request) -> Response:
        asked = decode(await request.body())
        invoice = await node.create_invoice(50_000, "Phone call", 600, secrets.token_bytes(32))
        document = {"invoice": invoice.bolt11, "amount_sats": 50, "to": asked["phone_number"]}
        line = f'L402 macaroon="AA==", invoice="{invoice.bolt11}"'
        return Response(encode(document), 402, headers={"WWW-Authenticate": line})

    async def healthz(_: Request) -> Response:
        return Response("ok")

    app = Starlette(
        routes=[
            Route("/api/l402/place-call", place_call, methods=["POST"]),
            Route("/healthz", healthz),
        ]
    )
    config = uvicorn.Config(
        app, port=port, log_config=None, access_log=False, lifespan="off", loop="uvloop"
    )
    asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
