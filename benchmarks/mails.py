"""E-mails over SMTP: how many a second go through a relay, their CPU, and how soon after a payment
the relay is asked.

    python -m benchmarks.mails

The relay is OpenSMTPD, which hands everything on to a sink here. First the mailer alone, with DKIM
(RSA, 2048 bits) and without; then e-mail orders at a shop on SQLite. The delay is measured with the
sink itself as the relay: from the payment being sent to MAIL FROM.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.order_load import Rig, rig
from benchmarks.processes import cpu_s
from ringbolt.clock import SystemClock
from ringbolt.mail import letter
from ringbolt.mail.mailer import Accepted, Mailer, OutMail
from ringbolt.mail.smtp.part import SMTP
from ringbolt.registry.types import Context

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.servers.opensmtpd import NoOpenSmtpdError, OpenSmtpd, opensmtpd

ROUNDS, MAILS, AT_ONCE = 3, 600, 16
ORDERS, ORDERS_AT_ONCE = 200, 16
WAKE_UPS = 300
TEXT = "Hello, this is your appointment reminder for 3 PM. Reply to the sender to move it. ♥"
AT_ONCE_ON = """
mta limit session-mail-max 1000000
mta limit reconn-delay-route 0
mta limit conn-delay-relay 0
"""
"""By default it pauses for 5 seconds after each 100 mails to one place, and opens a connection to
it every 2 seconds only."""
SENDER = "Shop <no-reply@shop.example>"
MAIL = "/createemailsendorder"


class Sink:
    """Takes every mail. ``asked_ms``: when MAIL FROM came, by the mail's own number."""

    def __init__(self) -> None:
        self.took = 0
        self.asked_ms: dict[int, float] = {}
        self.port = 0
        self._has_news = asyncio.Condition()

    async def until_took(self, count: int) -> None:
        async with self._has_news:
            await self._has_news.wait_for(lambda: self.took >= count)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Sink]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        asked_ms, sock = 0.0, writer.get_extra_info("socket")
        while line := await reader.readline():
            command = line[:4].upper()
            if command == b"MAIL":
                asked_ms = time.time() * 1000
            if command == b"DATA":
                writer.write(b"354 go\r\n")
                # OpenSMTPD sends the dot once the rest is acknowledged (Nagle): else after 40 ms.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                message = await reader.readuntil(b"\r\n.\r\n")
                _, found, number = message.partition(b"Number ")
                if found:
                    self.asked_ms[int(number.split(b".")[0])] = asked_ms
                self.took += 1
                async with self._has_news:
                    self._has_news.notify_all()
            writer.write(b"250 ok\r\n")
        writer.close()


def mailer(port: int, key: Path | None = None) -> Mailer:
    options = {"dkim_key": str(key), "dkim_selector": "ring"} if key else {}
    settings = SMTP.settings.model_validate(
        {"type": "smtp", "name": "relay", "url": f"smtp://127.0.0.1:{port}", **options}
    )
    context = Context(SystemClock(), Path(), "", "https://shop.example", lambda _: bytes(32))
    return SMTP.build(settings, context)


async def rate(relay: OpenSmtpd, sink: Sink, key: Path | None, what: str) -> None:
    """Rounds of mails through the relay, until the sink has them all."""
    sender, rates, arrivals, costs = mailer(relay.port, key), [], [], []
    relay_before = relay.cpu_s()
    for _ in range(ROUNDS):
        goal, begun, cpu = sink.took + MAILS, time.monotonic(), time.process_time()
        left = itertools.count()

        async def send(left: itertools.count[int] = left) -> None:
            while next(left) < MAILS:
                assert isinstance(await sender.send(_mail()), Accepted)

        await asyncio.gather(*(send() for _ in range(AT_ONCE)))
        rates.append(MAILS / (time.monotonic() - begun))
        costs.append((time.process_time() - cpu) / MAILS * 1000)
        await sink.until_took(goal)
        arrivals.append(MAILS / (time.monotonic() - begun))
    await sender.close()
    relay_ms = (relay.cpu_s() - relay_before) / MAILS / ROUNDS * 1000
    print(
        f"  {what}: {max(rates):.0f} mails/s taken by the relay (each round: {_list(rates)}), "
        f"{max(arrivals):.0f} behind it ({_list(arrivals)}); CPU a mail: this process with the "
        f"sink {min(costs):.2f} ms, the relay {relay_ms:.2f} ms"
    )


def _list(rates: list[float]) -> str:
    return ", ".join(f"{one:.0f}" for one in rates)


def _mail() -> OutMail:
    return letter.write(
        ref=secrets.token_hex(16),
        sender=SENDER,
        to="ann@inbox.example",
        subject="A message for you",
        text=TEXT,
        origin="https://shop.example",
        unsubscribe_url="https://shop.example/u/token",
    )


async def buy(shop: Rig, number: int) -> float:
    """One e-mail, until its payment is settled; when the payment was sent, ms UTC."""
    body = {"address": f"ann{number}@inbox.example", "message": f"Number {number}. Hello, Ann."}
    placed = await shop.place(body, MAIL)
    paid_ms = time.time() * 1000
    await shop.pay(placed["payreq"])
    return paid_ms


async def orders(shop: Rig, relay: OpenSmtpd) -> None:
    numbers = itertools.count(1_000_000)
    await asyncio.gather(*(buy(shop, next(numbers)) for _ in range(20)))
    before, relay_before, begun = cpu_s(shop.pid), relay.cpu_s(), time.monotonic()
    left = itertools.count()

    async def buyer() -> None:
        while next(left) < ORDERS:
            await buy(shop, next(numbers))

    await asyncio.gather(*(buyer() for _ in range(ORDERS_AT_ONCE)))
    print(
        f"  e-mail orders, {ORDERS_AT_ONCE} at once: {ORDERS / (time.monotonic() - begun):.0f} a "
        f"second; CPU of the shop {(cpu_s(shop.pid) - before) / ORDERS * 1000:.1f} ms, of the "
        f"relay {(relay.cpu_s() - relay_before) / ORDERS * 1000:.1f} ms each"
    )


async def wake_up(shop: Rig, sink: Sink) -> None:
    numbers = iter(range(WAKE_UPS))
    paid_ms: dict[int, float] = {}

    async def buyer() -> None:
        for number in numbers:
            paid_ms[number] = await buy(shop, number)

    await asyncio.gather(buyer(), buyer())
    delays = sorted(sink.asked_ms[number] - paid_ms[number] for number in range(WAKE_UPS))
    print(
        f"  from the payment being sent to MAIL FROM at the relay: p50 "
        f"{delays[WAKE_UPS // 2]:.0f} ms, p99 {delays[int(WAKE_UPS * 0.99)]:.0f} ms, longest "
        f"{delays[-1]:.0f} ms"
    )


async def measure(folder: Path) -> None:
    key = folder / "dkim.pem"
    private = generate_private_key(public_exponent=65537, key_size=2048)
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    async with Sink().running() as sink, opensmtpd(sink.port, more=AT_ONCE_ON) as relay:
        await rate(relay, sink, None, "the mailer alone, unsigned")
        await rate(relay, sink, key, "the mailer alone, DKIM with RSA-2048")
        server = '[{"type": "smtp", "url": "smtp://127.0.0.1:%d", "dkim_key": "%s", '
        server += '"dkim_selector": "ring"}]'
        options = {"RINGBOLT_MAIL_SENDER": SENDER}
        through = {**options, "RINGBOLT_MAIL_SERVERS": server % (relay.port, key)}
        async with rig(folder / "through", **through) as shop:
            await orders(shop, relay)
        straight = {**options, "RINGBOLT_MAIL_SERVERS": server % (sink.port, key)}
        async with rig(folder / "straight", **straight) as shop:
            await wake_up(shop, sink)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        try:
            asyncio.run(measure(Path(folder)))
        except NoOpenSmtpdError as error:
            print(f"skipped: no OpenSMTPD: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
