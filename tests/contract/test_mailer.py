"""What every mailer must do for the shop, and the manners of the simulated mail server."""

from __future__ import annotations

import asyncio
import secrets
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
from ringbolt.mail import letter
from ringbolt.mail.mailer import Accepted, Mailer, OutMail, SupportsMailLookup
from ringbolt.mail.simulated.mailer import SimulatedMailer
from support.servers.world import WorldServer, serving

BOB = "bob@wallet.example"


def a_mail(to: str = BOB, text: str = "Hello Bob", **changes: Any) -> OutMail:
    words: dict[str, Any] = {
        "ref": secrets.token_hex(16),
        "sender": "Ringbolt <no-reply@shop.example>",
        "subject": "A message for you",
        "origin": "https://shop.example",
        "unsubscribe_url": "https://shop.example/u/token",
    }
    return letter.write(to=to, text=text, **(words | changes))


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


async def test_it_can_do_everything_the_port_offers(rig: Rig) -> None:
    mailer: Mailer = rig.mailer
    assert isinstance(mailer, SupportsMailLookup)
    assert (mailer.name, mailer.recovery) == ("simulated", Recovery.LOOKUP)


async def test_a_mail_arrives_as_it_was_written(rig: Rig) -> None:
    text = "Grüße, Bob 🙂\n.\nSecond paragraph, " + "long " * 60
    result = await rig.mailer.send(a_mail(text=text, subject="Für Bob: 您好"))
    assert isinstance(result, Accepted)
    (mail,) = await rig.mailbox()
    assert mail["from"] == "Ringbolt <no-reply@shop.example>"
    assert mail["subject"] == "Für Bob: 您好"
    assert mail["text"].startswith(text.rstrip() + "\n\n-- \n")
    assert mail["headers"]["List-Unsubscribe"] == "<https://shop.example/u/token>"
    assert mail["headers"]["Auto-Submitted"] == "auto-generated"
    assert set(mail) == {"from", "subject", "text", "at", "headers"}


async def test_one_reference_is_one_mail(rig: Rig) -> None:
    mail = a_mail()
    first = await rig.mailer.send(mail)
    assert await rig.mailer.send(mail) == first
    again = await asyncio.gather(*(rig.mailer.send(mail) for _ in range(5)))
    assert set(again) == {first}
    assert len(await rig.mailbox()) == 1


async def test_one_reference_is_one_mail_however_many_come_at_once(rig: Rig) -> None:
    mail = a_mail()
    results = await asyncio.gather(*(rig.mailer.send(mail) for _ in range(8)))
    assert len(set(results)) == 1
    assert len(await rig.mailbox()) == 1


async def test_two_mails_of_the_same_words_are_two(rig: Rig) -> None:
    for _ in range(2):
        await rig.mailer.send(a_mail())
    assert len(await rig.mailbox()) == 2


async def test_mailboxes_do_not_mind_upper_case(rig: Rig) -> None:
    await rig.mailer.send(a_mail("Bob@Wallet.Example"))
    assert len(await rig.mailbox("bOB@wallet.example")) == 1


async def test_what_was_taken_is_found_and_outlives_the_world(rig: Rig) -> None:
    mail = a_mail()
    result = await rig.mailer.send(mail)
    await rig.world.restart()
    assert isinstance(result, Accepted)
    assert await rig.mailer.find(mail.ref) == result.remote_id
    assert await rig.mailer.send(mail) == result
    assert len(await rig.mailbox()) == 1


async def test_what_was_never_sent_is_a_definite_no(rig: Rig) -> None:
    assert await rig.mailer.find("never") is None


async def test_a_permanent_refusal(rig: Rig) -> None:
    mail = a_mail("bob@refuse.example")
    result = await rig.mailer.send(mail)
    assert isinstance(result, Rejected)
    assert result.permanent
    assert "550" in result.reason
    assert await rig.mailer.find(mail.ref) is None
    assert await rig.mailbox("bob@refuse.example") == []


async def test_a_refusal_for_now(rig: Rig) -> None:
    mail = a_mail("bob@defer.example")
    result = await rig.mailer.send(mail)
    assert isinstance(result, Rejected)
    assert not result.permanent
    assert await rig.mailer.find(mail.ref) is None


async def test_a_mail_that_is_taken_without_an_answer_is_found(rig: Rig) -> None:
    mail = a_mail("bob@silent.example")
    assert isinstance(await rig.mailer.send(mail), Unknown)
    assert await rig.mailer.find(mail.ref)
    assert isinstance(await rig.mailer.send(mail), Unknown)
    assert len(await rig.mailbox("bob@silent.example")) == 1


async def test_a_mail_that_is_lost_on_the_way_is_not(rig: Rig) -> None:
    mail = a_mail("bob@lost.example")
    assert isinstance(await rig.mailer.send(mail), Unknown)
    assert await rig.mailer.find(mail.ref) is None


async def test_nothing_is_sent_that_nobody_waits_for(rig: Rig) -> None:
    mail = a_mail(still_wanted=lambda: False)
    result = await rig.mailer.send(mail)
    assert isinstance(result, Rejected)
    assert not result.permanent
    assert await rig.mailbox() == []


async def test_what_cannot_be_written_is_a_definite_no(rig: Rig) -> None:
    mail = OutMail("r", "R <a@shop.example>", "b@shop.example", BOB, "a\r\nBcc: eve@x.example", "t")
    result = await rig.mailer.send(mail)
    assert isinstance(result, Rejected)
    assert result.permanent
    assert await rig.mailbox() == []


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
