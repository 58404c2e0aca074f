"""Debian's Kannel on loopback, an SMS gateway that nobody here wrote, and the message centre (SMSC)
behind it, which the test is."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import aiohttp
from aiohttp import web

from support.servers.ports import HeldPort
from support.waiting import eventually

BINARIES = ("/usr/sbin/bearerbox", "/usr/sbin/smsbox")
NOT_HERE = not all(map(shutil.which, BINARIES))
WHY = "Debian's kannel is not installed"
USER, PASSWORD = "ring", "bolt"
CONFIGURATION = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = none-that-anybody-uses
smsbox-port = {box}
smsbox-interface = 127.0.0.1
dlr-storage = internal
box-allow-ip = "127.0.0.1"
box-deny-ip = "*.*.*.*"
log-file = "{folder}/bearerbox.log"
log-level = 1

group = smsc
smsc = http
smsc-id = centre
system-type = generic
port = {reports}
our-host = 127.0.0.1
connect-allow-ip = 127.0.0.1
smsc-username = centre
smsc-password = centre
send-url = "{centre}/send?from=%P&to=%p&text=%b&coding=%c"
status-success-regex = "taken"
status-permfail-regex = "refused"
status-tempfail-regex = "later"
generic-foreign-id-regex = "id=(.+)$"

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {box}
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
log-file = "{folder}/smsbox.log"
log-level = 1
http-request-retry = 20
http-queue-delay = 1

group = sendsms-user
username = {user}
password = {password}
max-messages = 10
concatenation = true
"""


@dataclass
class MessageCentre:
    """What Kannel hands texts to. ``texts``: (sender, recipient, text) of each part. ``fates``: of
    texts to a number: "delivered" (the default), "failed", "refused" or "silent"."""

    texts: list[tuple[str, str, str]] = field(default_factory=list)
    fates: dict[str, str] = field(default_factory=dict)
    reports_url: str = ""

    def __post_init__(self) -> None:
        self._reporting: set[asyncio.Task[None]] = set()

    async def take(self, request: web.Request) -> web.Response:
        to = request.query["to"]
        text = request.query["text"]
        if request.query["coding"] == "2":  # UTF-16, in percent-escapes that are no UTF-8
            query = request.rel_url.raw_query_string
            text = _raw_field(query, "text").decode("utf-16-be")
        self.texts.append((request.query["from"], to, text))
        name, fate = f"m{len(self.texts)}", self.fates.get(to, "delivered")
        if fate == "refused":
            return web.Response(text="refused")
        if fate != "silent":
            task = asyncio.create_task(self._report(name, request.query["from"], to, fate))
            self._reporting.add(task)
            task.add_done_callback(self._reporting.discard)
        return web.Response(text=f"taken id={name}")

    async def _report(self, name: str, sender: str, to: str, fate: str) -> None:
        """Kannel may not have written the text's name down yet."""
        report = {
            "username": "centre",
            "password": "centre",
            "from": sender,
            "to": to,
            "dlr-mid": name,
            "dlr-mask": "1" if fate == "delivered" else "2",
            "text": fate,
        }

        async def is_heard() -> bool:
            async with http.get(self.reports_url, params=report) as answer:
                return "Unknown DLR" not in await answer.text()

        async with aiohttp.ClientSession() as http:
            await eventually(is_heard, every_s=0.05)

    async def close(self) -> None:
        for task in self._reporting:
            task.cancel()
        await asyncio.gather(*self._reporting, return_exceptions=True)


def _raw_field(query: str, name: str) -> bytes:
    fields = dict(pair.partition("=")[::2] for pair in query.split("&"))
    return unquote_to_bytes(fields[name].replace("+", " "))


@dataclass
class Kannel:
    """``url``: of its interface to send texts."""

    url: str
    centre: MessageCentre

    def carrier(self, **options: Any) -> dict[str, Any]:
        """The settings of a carrier that sends texts by it, as the documentation has them."""
        return {
            "type": "http",
            "name": "kannel",
            "url": self.url,
            "method": "GET",
            "body": "query",
            "username": USER,
            "password": PASSWORD,
            "fields": {
                "username": "{username}",
                "password": "{password}",
                "from": "{sender}",
                "to": "{to}",
                "text": "{text}",
                "charset": "UTF-8",
                "dlr-mask": "31",
                "dlr-url": "{callback_url}?state=%d&reply=%A",
            },
            "unicode_fields": {"coding": "2"},
            "success_pattern": "0: Accepted for delivery*",
            "receipts": {
                "state_path": "state",
                "states": {
                    "1": "delivered",
                    "2": "failed",
                    "4": "enroute",
                    "8": "sent",
                    "16": "failed",
                },
            },
            **options,
        }


@asynccontextmanager
async def running_kannel(folder: Path) -> AsyncIterator[Kannel]:
    """Both of its processes, until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    centre = MessageCentre()
    runner = await _serving(centre.take)
    ports = {name: HeldPort() for name in ("admin", "box", "reports", "sendsms")}
    numbers = {name: port.number for name, port in ports.items()}
    centre.reports_url = f"http://127.0.0.1:{numbers['reports']}/"
    config = folder / "kannel.conf"
    config.write_text(
        CONFIGURATION.format(
            **numbers,
            folder=folder,
            centre=f"http://127.0.0.1:{runner.addresses[0][1]}",
            user=USER,
            password=PASSWORD,
        )
    )
    boxes: list[asyncio.subprocess.Process] = []
    try:
        for program, port in zip(BINARIES, ("box", "sendsms"), strict=True):
            boxes.append(await _started(program, config))
            await eventually(partial(_listens, numbers[port]), every_s=0.05)
        yield Kannel(f"http://127.0.0.1:{numbers['sendsms']}/cgi-bin/sendsms", centre)
    finally:
        for box in reversed(boxes):
            if box.returncode is None:
                box.kill()
            await box.wait()
        await centre.close()
        await runner.cleanup()


async def _serving(take: Callable[[web.Request], Awaitable[web.Response]]) -> web.AppRunner:
    app = web.Application()
    app.add_routes([web.get("/send", take)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


async def _started(program: str, config: Path) -> asyncio.subprocess.Process:
    nowhere = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        program, str(config), stdout=nowhere, stderr=nowhere
    )


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
