"""CPU of a 402 challenge in process, with the invoice at hand, beside bare Starlette.

Three references, all answering the same body with the same headers:
  constant   a Starlette route that reads the body and sends a stored answer;
  decoding   ... that also decodes and encodes JSON with msgspec;
  same work  ... that also does what every L402 server must (parse the number, digest the body,
             mint macaroon and MPP challenge), straight in the route: the same answer.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from types import SimpleNamespace
from typing import Any, cast

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.asgi import cpu_us, request, scope
from ringbolt.api.l402.call_service import PATH
from ringbolt.api.server import Server
from ringbolt.app.sales_terms import Cards, SalesTerms
from ringbolt.app.shop import Shop
from ringbolt.bootstrap import load_rate_card
from ringbolt.clock import SystemClock
from ringbolt.core.canonical import canonical_json, digest
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning import bolt11, l402, mpp
from ringbolt.core.phone import parse_destination
from ringbolt.lightning.node import Invoice
from ringbolt.registry.parts import Part, Parts
from ringbolt.settings import Settings

MESSAGE = "Hello, this is your appointment reminder for tomorrow at 3 PM."


class InvoiceAtHand:
    """A node that hands out one ready invoice."""

    def __init__(self) -> None:
        now_s = int(time.time())
        self._bolt11 = bolt11.encode(
            network="regtest", amount_msat=50_000, timestamp_s=now_s, payment_hash=bytes(32),
            payment_secret=bytes(32), description="Phone call, ref " + "0" * 32, expiry_s=600,
            min_final_cltv=80, private_key=b"\1" * 32,
        )  # fmt: skip
        self._expires_at_ms = (now_s + 600) * 1000

    async def create_invoice(self, amount_msat: int, *_: Any) -> Invoice:
        return Invoice(bytes(32), self._bolt11, amount_msat, self._expires_at_ms)


class NothingRefused:
    """A store in which nobody is over a limit, and nobody wants to be spared."""

    async def read(self, _: object, __: Shop, known: Any) -> Any:
        return known


def shop() -> Shop:
    settings = Settings(limits="off")
    nothing = cast(Any, None)
    clock = SystemClock()
    now_ms = clock.now_ms
    carrier = cast(Any, SimpleNamespace(name="simulated"))
    none: Parts[Any] = Parts((), now_ms)
    return Shop(
        settings=settings, db=cast(Any, NothingRefused()), clock=clock,
        keyring=Keyring([bytes(32)]),
        terms=SalesTerms(Cards(cast(Any, None), load_rate_card(settings))),
        nodes=Parts([Part("node", cast(Any, InvoiceAtHand()))], now_ms),
        carriers=Parts([Part("simulated", carrier, is_simulated=True)], now_ms), speaker=nothing,
        audio=nothing, sms_carriers=none, number_providers=none, own_numbers=None, mailers=none,
        text_costs=nothing, addresses=None, caller=nothing,
        base_url="http://127.0.0.1", renderers={},
    )  # fmt: skip


def body(n: int) -> bytes:
    number = f"+1202555{n % 10_000:04d}"
    return json.dumps({"phone_number": number, "message": MESSAGE}).encode()


def make(n: int) -> tuple[dict[str, Any], bytes]:
    return scope(PATH, []), body(n)


def starlette(endpoint: Any) -> Starlette:
    return Starlette(routes=[Route(PATH, endpoint, methods=["POST"])])


def answer(status: int, headers: list[Any], content: bytes) -> Response:
    response = Response(content, status)
    response.raw_headers = [*headers]
    return response


async def main() -> None:
    opened = shop()

    async def network() -> str:
        return "regtest"

    server = Server(opened, network=network, connected=dict)
    status, headers, content = await request(server, *make(1))
    assert status == 402, content
    document = msgspec.json.decode(content)
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode

    async def constant(r: Request) -> Response:
        await r.body()
        return answer(status, headers, content)

    async def decoding(r: Request) -> Response:
        decode(await r.body())
        return answer(status, headers, encode(document))

    async def same_work(r: Request) -> Response:
        raw = await r.body()
        asked = decode(raw)
        parse_destination(asked["phone_number"], scripted_allowed=True)
        price = opened.rates.price(asked["phone_number"], 1)
        token = l402.new_token(opened.keyring, secrets.token_bytes(15))
        bound = digest(canonical_json(asked))
        offer = l402.Offer("place_call", f"POST {PATH}", bound, price.msat, 1)
        macaroon = l402.mint(opened.keyring, token, offer)
        invoice = document["invoice"]
        line = f'L402 macaroon="{macaroon}", invoice="{invoice}", version="0", token="{macaroon}"'
        payment = mpp.challenge(
            opened.keyring, token, offer, invoice=invoice, network="regtest", realm="127.0.0.1",
            digest=digest(raw), expires_s=1,
        )  # fmt: skip
        lines = [(k, v) for k, v in headers if k != b"www-authenticate"]
        lines += [(b"www-authenticate", text.encode()) for text in (line, payment)]
        return answer(status, lines, encode({**document, "macaroon": macaroon}))

    figures = {"Ringbolt": await cpu_us(server, make, calls=500, rounds=20)}
    for name, endpoint in (
        ("constant", constant), ("decoding", decoding), ("same work", same_work),
    ):  # fmt: skip
        figures[name] = await cpu_us(starlette(endpoint), make, calls=500, rounds=20)
    print("CPU of a 402 challenge, in process, us (least of 20 rounds of 500)")
    for name, us in figures.items():
        ratio = figures["Ringbolt"] / us
        print(f"  {name:10} {us:7.1f}   Ringbolt / this = {ratio:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
