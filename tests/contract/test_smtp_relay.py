"""The mailer over SMTP against a relay that refuses, cuts connections, says nothing, or babbles."""

from __future__ import annotations

import asyncio

import pytest

from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.mail.mailer import Accepted, MailResult
from ringbolt.mail.smtp.kept import MAILS_EACH
from ringbolt.mail.smtp.replies import BUSY_MS, GREYLISTED_MS
from support.contracts.mail import BOB, a_mail
from support.rigs.smtp import relay_url, smtp_mailer
from support.servers.mail_sink import mail_sink
from support.servers.scripted_smtp import CUT, DRIP, SILENT, ScriptedSmtp, scripted_smtp
from support.waiting import PATIENCE_S, until

BEFORE_THE_DOT = ["connect", "EHLO", "MAIL", "RCPT", "DATA"]
SHORT_S = 1.0


async def send_to(server: ScriptedSmtp, timeout_s: float = 60.0) -> MailResult:
    mailer = smtp_mailer(url=relay_url(server.port), timeout_s=timeout_s)
    try:
        return await mailer.send(a_mail())
    finally:
        await mailer.close()


async def test_the_envelope_is_ours_and_the_port_s() -> None:
    async with mail_sink() as sink:
        mailer = smtp_mailer(url=relay_url(sink.port))
        mail = a_mail()
        result = await mailer.send(mail)
        await mailer.close()
    assert isinstance(result, Accepted) and "queued as 1" in result.remote_id
    assert (mailer.name, mailer.recovery) == ("relay", Recovery.NONE)
    [arrived] = sink.arrived
    assert (arrived.sender, arrived.to) == (f"bounce+{mail.ref}@shop.example", BOB)
    assert sink.helos == ["shop.example"], "as the public URL says"
    head = arrived.raw.partition(b"\r\n\r\n")[0].decode()
    for header in (
        f"Message-ID: <{mail.ref}@shop.example>",
        "List-Unsubscribe: <https://shop.example/u/token>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Auto-Submitted: auto-generated",
    ):
        assert header in head.split("\r\n")


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize(
    ("reply", "pause_ms"),
    [
        (b"550 5.7.1 we do not like you\r\n", None),
        (b"451 4.7.1 Greylisted\r\n", GREYLISTED_MS),
        (b"421 4.3.2 too busy\r\n", BUSY_MS),
    ],
)
async def test_a_refusal_is_definite_and_the_next_mail_goes_out(
    step: str, reply: bytes, pause_ms: int | None
) -> None:
    async with scripted_smtp({step: reply}, times=1) as server:
        mailer = smtp_mailer(url=relay_url(server.port))
        result = await mailer.send(a_mail())
        following = await mailer.send(a_mail())
        await mailer.close()
    assert isinstance(result, Rejected)
    assert result.reason.startswith(reply[:3].decode())
    assert (result.permanent, result.retry_after_ms) == (pause_ms is None, pause_ms)
    is_of_the_recipient = step == "RCPT" and reply.startswith(b"451")
    assert result.by_destination is is_of_the_recipient, "else the relay itself is in trouble"
    assert isinstance(following, Accepted)


@pytest.mark.parametrize(
    ("reply", "is_their_own"),
    [
        ("550 5.1.1 <bob@wallet.example>: no such user", True),
        ("550 5.7.1 <Bob@Wallet.Example>: relaying denied", False),
        ("550 bob@wallet.example unknown", False),
    ],
)
async def test_only_a_missing_mailbox_is_the_recipient_s_own_refusal(
    reply: str, is_their_own: bool
) -> None:
    async with scripted_smtp({"RCPT": reply.encode() + b"\r\n"}) as server:
        result = await send_to(server)
    assert isinstance(result, Rejected)
    assert result.by_destination is is_their_own
    assert "bob" not in result.reason.lower(), "reasons are logged"


@pytest.mark.parametrize("step", BEFORE_THE_DOT)
async def test_a_connection_that_is_cut_before_the_message_has_sent_nothing(step: str) -> None:
    async with scripted_smtp({step: CUT}) as server:
        result = await send_to(server)
    assert isinstance(result, Rejected)
    assert (result.permanent, result.retry_after_ms) == (False, BUSY_MS)
    assert server.messages == []


async def test_a_connection_that_is_cut_in_the_message_is_never_a_yes() -> None:
    async with scripted_smtp({"LINE": CUT}) as server:
        result = await send_to(server)
    # We may have sent the dot before we learnt of it; then nobody can know.
    assert isinstance(result, Unknown | Rejected)
    assert server.asked.count("DATA") == 1
    assert server.messages == []


@pytest.mark.parametrize("end", [CUT, b"not SMTP at all\r\n", b"354 more\r\n"])
async def test_a_lost_answer_to_the_whole_message_is_unknown_and_nothing_is_sent_again(
    end: bytes,
) -> None:
    async with scripted_smtp({".": end}) as server:
        result = await send_to(server)
    assert isinstance(result, Unknown)
    assert len(server.messages) == 1
    assert server.asked.count("connect") == 1


async def test_a_relay_that_closed_a_kept_connection_costs_one_more_connection() -> None:
    async with scripted_smtp() as server:
        mailer = smtp_mailer(url=relay_url(server.port))
        await mailer.send(a_mail())
        server.steps, server.times = {"MAIL": CUT}, 1  # closed as we use it again
        cut = await mailer.send(a_mail())
        server.drop_all()
        await until(lambda: len(server._open) == 0)
        dropped = await mailer.send(a_mail())
        await mailer.close()
    assert isinstance(cut, Accepted) and isinstance(dropped, Accepted)
    assert len(server.messages) == 3
    assert server.asked.count("connect") == 3


async def test_connections_are_kept_and_no_more_than_the_settings_say() -> None:
    async with mail_sink() as sink:
        mailer = smtp_mailer(url=relay_url(sink.port), connections=2)
        mails = [a_mail() for _ in range(20)]
        results = await asyncio.gather(*map(mailer.send, mails))
        await mailer.close()
    assert all(isinstance(each, Accepted) for each in results)
    assert sorted(each.sender for each in sink.arrived) == sorted(
        mail.envelope_from for mail in mails
    )
    assert sink.connections == 2


async def test_a_connection_is_replaced_after_so_many_mails() -> None:
    async with mail_sink() as sink:
        mailer = smtp_mailer(url=relay_url(sink.port), connections=1)
        for _ in range(MAILS_EACH + 1):
            await mailer.send(a_mail())
        await mailer.close()
        await until(lambda: sink.goodbyes == 2)
    assert (len(sink.arrived), sink.connections) == (MAILS_EACH + 1, 2)


async def test_a_silent_relay_is_given_up_and_only_the_dot_leaves_a_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def tried(step: str, timeout_s: float) -> MailResult:
        async with scripted_smtp({step: SILENT}) as server:
            return await send_to(server, timeout_s)

    for result in await asyncio.gather(*(tried(step, SHORT_S) for step in BEFORE_THE_DOT)):
        assert isinstance(result, Rejected) and not result.permanent
    monkeypatch.setattr("ringbolt.mail.smtp.mailer._FINAL_REPLY_TIMEOUTS", SHORT_S / PATIENCE_S)
    assert isinstance(await tried(".", PATIENCE_S), Unknown)


@pytest.mark.parametrize("step", BEFORE_THE_DOT)
@pytest.mark.parametrize(
    "babble",
    [
        DRIP,
        b"HTTP/1.1 400 Bad Request\r\n\r\n<html>",
        b"\0\xff" * 20_000,
        b"250-" + b"x" * 100_000 + b"\r\n",
        b"2\r\n",
        b"\r\n",
    ],
    ids=["endless", "HTTP", "binary", "long", "short", "empty"],
)
async def test_a_babbling_relay_gets_no_mail(step: str, babble: bytes) -> None:
    async with scripted_smtp({step: babble}) as server:
        result = await send_to(server, SHORT_S)
    assert isinstance(result, Rejected)
    assert not result.permanent
    assert len(result.reason) < 400 and result.reason.isprintable()
    assert server.messages == []


async def test_nothing_listens_there() -> None:
    async with scripted_smtp() as server:
        port = server.port
    mailer = smtp_mailer(url=relay_url(port))
    result = await mailer.send(a_mail())
    assert isinstance(result, Rejected) and not result.permanent
    assert "refused" in result.reason


async def test_a_mail_that_is_withdrawn_at_the_last_moment_is_not_sent() -> None:
    answers = iter([True, False])
    async with scripted_smtp() as server:
        mailer = smtp_mailer(url=relay_url(server.port))
        result = await mailer.send(a_mail(still_wanted=lambda: next(answers)))
        after = await mailer.send(a_mail())
        await mailer.close()
    assert isinstance(result, Rejected) and not result.permanent
    assert isinstance(after, Accepted)
    assert server.asked.count("DATA") == 2
    assert len(server.messages) == 1


async def test_a_mail_that_is_called_off_leaves_no_connection_for_the_next() -> None:
    async with scripted_smtp({"RCPT": SILENT}, times=1) as server:
        mailer = smtp_mailer(url=relay_url(server.port), connections=1)
        called_off = asyncio.create_task(mailer.send(a_mail()))
        await until(lambda: "RCPT" in server.asked)
        called_off.cancel()
        await asyncio.wait([called_off])
        result = await mailer.send(a_mail())
        await mailer.close()
    assert isinstance(result, Accepted)
    assert server.asked.count("connect") == 2
