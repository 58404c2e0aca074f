"""CPU of a paid request in process, on a real SQLite store, beside bare Starlette.

Both check the credential and run the same transaction (order, call, ledger, job); the reference
does so straight in a Starlette route and answers the same document. A second reference inserts
one row instead, which is the least that single use can cost.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import secrets
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import msgspec
from sqlalchemy import insert
from starlette.requests import Request
from starlette.responses import Response

from benchmarks.asgi import App, cpu_us, request, scope
from benchmarks.challenge import answer, body, shop, starlette
from ringbolt.api.l402 import FAMILY
from ringbolt.api.l402.call_service import PATH
from ringbolt.api.server import Server
from ringbolt.app.checkout.place_l402_order import Paid, Placed, Terms, place_l402_order
from ringbolt.clock import SystemClock
from ringbolt.core.canonical import canonical_json, digest
from ringbolt.core.commands import CallOrder
from ringbolt.core.lightning import l402
from ringbolt.store.calls import Call
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.schema.tables import cursor

REQUEST = f"POST {PATH}"


class Credentials:
    """A fresh paid request for every call."""

    def __init__(self, keyring: Any) -> None:
        self._keyring = keyring
        self._valid_until_s = int(time.time()) + 86_400

    def __call__(self, n: int) -> tuple[dict[str, Any], bytes]:
        raw = body(n)
        token = l402.new_token(self._keyring, secrets.token_bytes(15))
        offer = l402.Offer(
            "place_call", REQUEST, digest(canonical_json(json.loads(raw))), 50_000,
            self._valid_until_s,
        )  # fmt: skip
        macaroon = l402.mint(self._keyring, token, offer)
        shown = f"L402 {macaroon}:{token.preimage.hex()}".encode()
        return scope(PATH, [(b"authorization", shown)]), raw


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = await open_database(f"sqlite:///{Path(folder) / 'shop.db'}", SystemClock())
        opened = dataclasses.replace(shop(), db=db)
        terms = Terms(120_000, 300_000, opened.policies.limits)
        make = Credentials(opened.keyring)

        async def network() -> str:
            return "regtest"

        server: App = Server(opened, network=network, connected=dict)
        status, headers, content = await request(server, *make(1))
        assert status == 200, content
        decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode

        def checked(r: Request, raw: bytes) -> tuple[l402.Grant, dict[str, Any], str]:
            asked = decode(raw)
            bound = digest(canonical_json(asked))
            credentials, _ = l402.parse_authorization([r.headers["authorization"]])
            grant = l402.verify(
                opened.keyring, credentials[0], request=REQUEST, service="place_call", body=bound,
                now_s=int(time.time()),
            )  # fmt: skip
            return grant, asked, bound

        async def same_work(r: Request) -> Response:
            grant, asked, bound = checked(r, await r.body())
            order = CallOrder(to=asked["phone_number"], minutes=1, message=asked["message"])
            placed = await db.tx(
                place_l402_order, order,
                Paid(FAMILY, grant, bound, "", "", age_ms=0), terms,
            )  # fmt: skip
            assert isinstance(placed, Placed) and isinstance(placed.row, Call)
            return answer(status, headers, encode({"sid": placed.row.sid, **decode(content)}))

        def one_row(tx: Tx, name: str) -> None:
            tx.run(insert(cursor), {"name": name, "value": ""})

        async def one_insert(r: Request) -> Response:
            grant, _, _ = checked(r, await r.body())
            await db.tx(one_row, grant.payment_hash.hex())
            return answer(status, headers, content)

        figures = {"Ringbolt": await cpu_us(server, make, calls=200, rounds=8)}
        for name, endpoint in (("same work", same_work), ("one insert", one_insert)):
            app = cast(App, starlette(endpoint))
            figures[name] = await cpu_us(app, make, calls=200, rounds=8)
        print("CPU of a paid request, one after another, us (least of 8 rounds of 200)")
        for name, us in figures.items():
            print(f"  {name:10} {us:7.1f}   Ringbolt / this = {figures['Ringbolt'] / us:.2f}")
        await db.close()


if __name__ == "__main__":
    asyncio.run(main())
