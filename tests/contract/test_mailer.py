"""What every mailer must do for the shop, whatever stands behind the port.

A mailer joins as another subject of ``support/contracts/mail.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.mail.mailer import Accepted, OutMail, SupportsMailLookup
from support.contracts.mail import BOB, SUBJECTS, Desk, a_mail


@pytest.fixture(params=SUBJECTS)
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    async with SUBJECTS[request.param](tmp_path) as subject:
        yield Desk(subject)


async def test_recovery_by_lookup_comes_with_the_means(desk: Desk) -> None:
    can_look_up = isinstance(desk.mailer, SupportsMailLookup)
    assert can_look_up or desk.mailer.recovery is not Recovery.LOOKUP


async def test_a_mail_arrives_as_it_was_written(desk: Desk) -> None:
    text = "Grüße, Bob 🙂\n.\nSecond paragraph, " + "long " * 60
    result = await desk.mailer.send(a_mail(text=text, subject="Für Bob: 您好"))
    assert isinstance(result, Accepted)
    (mail,) = await desk.subject.mailbox()
    assert mail.sender == "Ringbolt <no-reply@shop.example>"
    assert mail.subject == "Für Bob: 您好"
    assert mail.text.startswith(text.rstrip() + "\n\n-- \n")
    assert mail.headers["List-Unsubscribe"] == "<https://shop.example/u/token>"
    assert mail.headers["Auto-Submitted"] == "auto-generated"


async def test_one_reference_is_one_mail_however_many_come_at_once(desk: Desk) -> None:
    if desk.subject.sends_twice:
        pytest.skip("the mailer looks references up, and does not go by them")
    mail = a_mail()
    first = await desk.mailer.send(mail)
    assert await desk.mailer.send(mail) == first
    again = await asyncio.gather(*(desk.mailer.send(mail) for _ in range(5)))
    assert set(again) == {first}
    other = a_mail()
    results = await asyncio.gather(*(desk.mailer.send(other) for _ in range(8)))
    assert len(set(results)) == 1
    assert len(await desk.subject.mailbox()) == 2


async def test_two_mails_of_the_same_words_are_two(desk: Desk) -> None:
    for _ in range(2):
        await desk.mailer.send(a_mail())
    assert len(await desk.subject.mailbox()) == 2


async def test_mailboxes_do_not_mind_upper_case(desk: Desk) -> None:
    await desk.mailer.send(a_mail("Bob@Wallet.Example"))
    assert len(await desk.subject.mailbox("bOB@wallet.example")) == 1


async def test_what_was_taken_is_found_and_outlives_a_restart(desk: Desk) -> None:
    mail = a_mail()
    result = await desk.mailer.send(mail)
    await desk.subject.restart()
    assert isinstance(result, Accepted)
    assert await desk.find(mail.ref) == result.remote_id
    assert len(await desk.subject.mailbox()) == 1


async def test_what_was_never_sent_is_a_definite_no(desk: Desk) -> None:
    assert await desk.find("never") is None


async def test_a_permanent_refusal(desk: Desk) -> None:
    mail = a_mail(desk.fate.refused)
    result = await desk.mailer.send(mail)
    assert isinstance(result, Rejected)
    assert result.permanent
    assert "550" in result.reason
    assert await desk.subject.mailbox(mail.to) == []
    assert await desk.find(mail.ref) is None


async def test_a_refusal_for_now(desk: Desk) -> None:
    mail = a_mail(desk.fate.deferred)
    result = await desk.mailer.send(mail)
    assert isinstance(result, Rejected)
    assert not result.permanent
    assert await desk.subject.mailbox(mail.to) == []
    assert await desk.find(mail.ref) is None


async def test_a_mail_that_is_taken_without_an_answer_is_found(desk: Desk) -> None:
    mail = a_mail(desk.fate.answer_lost)
    assert isinstance(await desk.mailer.send(mail), Unknown)
    assert len(await desk.subject.mailbox(mail.to)) == 1
    assert await desk.find(mail.ref)


async def test_a_mail_that_is_lost_on_the_way_is_not(desk: Desk) -> None:
    mail = a_mail(desk.fate.request_lost)
    assert isinstance(await desk.mailer.send(mail), Unknown)
    assert await desk.subject.mailbox(mail.to) == []
    assert await desk.find(mail.ref) is None


async def test_nothing_is_sent_that_nobody_waits_for(desk: Desk) -> None:
    mail = a_mail(still_wanted=lambda: False)
    result = await desk.mailer.send(mail)
    assert isinstance(result, Rejected)
    assert not result.permanent
    assert await desk.subject.mailbox() == []


async def test_what_cannot_be_written_is_a_definite_no(desk: Desk) -> None:
    mail = OutMail("r", "R <a@shop.example>", "b@shop.example", BOB, "a\r\nBcc: eve@x.example", "t")
    result = await desk.mailer.send(mail)
    assert isinstance(result, Rejected)
    assert result.permanent
    assert await desk.subject.mailbox() == []
