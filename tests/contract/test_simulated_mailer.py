"""A mail server that is away or babbles, as the simulated mailer sees it; and its manners."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.mail.mailer import Mailer
from ringbolt.mail.simulated.mailer import SimulatedMailer
from support.contracts.mail import BOB, a_mail
from support.servers.world import WorldServer, serving


@dataclass
class Rig:
    world: WorldServer
    mailer: SimulatedMailer

    async def mailbox(self, address: str = BOB) -> list[dict[str, Any]]:
        async with httpx.AsyncClient(base_url=self.world.url) as http:
            answer = await http.get(f"/simulator/mailbox/{address}")
        messages: list[dict[str, Any]] = answer.json()["messages"]
        return messages

    async def post(self, **body: Any) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.world.url) as http:
            return await http.post("/simulator/mailer/messages", json=body)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    server = WorldServer(tmp_path)
    await server.start()
    mailer = SimulatedMailer(server.url, server.world.clock)
    yield Rig(server, mailer)
    await mailer.close()
    await server.stop()


async def test_the_simulated_mailer_says_how_to_recover(rig: Rig) -> None:
    mailer: Mailer = rig.mailer
    assert (mailer.name, mailer.recovery) == ("simulated", Recovery.LOOKUP)


async def test_a_mailbox_tells_what_is_documented(rig: Rig) -> None:
    await rig.mailer.send(a_mail())
    (mail,) = await rig.mailbox()
    assert set(mail) == {"from", "subject", "text", "at", "headers"}


async def test_a_world_that_is_away_took_nothing(rig: Rig) -> None:
    await rig.world.stop()
    result = await rig.mailer.send(a_mail())
    assert isinstance(result, Rejected)
    assert not result.permanent
    with pytest.raises(Unavailable):
        await rig.mailer.find("x")
    await rig.world.start()


@pytest.mark.parametrize(
    ("status", "kind"), [(500, Unknown), (502, Unknown), (200, Unknown), (404, Rejected)]
)
async def test_what_a_stranger_in_between_answers(
    status: int, kind: type[Unknown] | type[Rejected]
) -> None:
    async def stranger(request: Request) -> Response:
        return PlainTextResponse("nobody here", status)

    path = "/simulator/mailer/messages"
    app = Starlette(
        routes=[Route(path, stranger, methods=["POST"]), Route(path + "/{ref}", stranger)]
    )
    async with serving(app) as url:
        mailer = SimulatedMailer(url)
        result = await mailer.send(a_mail())
        assert isinstance(result, kind)
        assert not (isinstance(result, Rejected) and result.permanent)
        with pytest.raises(Unavailable):
            await mailer.find("x")
        await mailer.close()


HEAD = (
    "From: R <a@shop.example>\r\nTo: bob@wallet.example\r\nSubject: s\r\n"
    "Date: Mon, 21 Sep 2026 14:13:20 +0000\r\nMessage-ID: <x@shop.example>\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
)


async def test_the_mail_server_takes_a_plain_message(rig: Rig) -> None:
    message = f"{HEAD}\r\nhello\r\n"
    answer = await rig.post(ref="x", envelope_from="a@shop.example", to=BOB, message=message)
    assert answer.status_code == 201
    assert [mail["text"] for mail in await rig.mailbox()] == ["hello\n"]


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (f"{HEAD}\r\nbare\nline", "CR LF"),
        (f"{HEAD}\r\n{'x' * 999}", "longer than 998"),
        (f"{HEAD}\r\nGrüße", "ASCII"),
        (f"{HEAD}Subject: another\r\n\r\nx", "exactly one Subject"),
        (HEAD.replace("Date:", "X-Date:") + "\r\nx", "exactly one Date"),
        (HEAD.replace("bob@", "eve@") + "\r\nx", "whom the envelope"),
        (HEAD.replace("text/plain", "text/html") + "\r\nx", "plain text"),
        ("", "exactly one From"),
    ],
)
async def test_the_mail_server_refuses_what_is_no_message(rig: Rig, message: str, why: str) -> None:
    answer = await rig.post(ref="x", envelope_from="a@shop.example", to=BOB, message=message)
    assert answer.status_code == 400
    assert why in answer.json()["reason"]
    assert await rig.mailbox() == []
