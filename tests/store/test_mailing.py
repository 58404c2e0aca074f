"""E-mails of paid orders: mailed once, and paid for only if a mail server took them."""

from __future__ import annotations

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.order import PaymentMethod
from ringbolt.core.outcome import Recovery
from ringbolt.store import suppressions
from ringbolt.store.engine.db import Database
from ringbolt.store.messages import MessageStatus
from support.rigs.messages import MessageWorld

METHODS = [PaymentMethod.BALANCE, PaymentMethod.HOLD]


@pytest.fixture
def world(database: Database, clock: SystemClock) -> MessageWorld:
    return MessageWorld(database, clock)


@pytest.mark.parametrize("method", METHODS)
async def test_an_e_mail_is_paid_for_when_a_mail_server_took_it(
    world: MessageWorld, method: PaymentMethod
) -> None:
    order = await world.buy(method, mail=True)
    await world.process().work()
    assert await order.has_been_paid()
    (mail,) = world.mailer.sent
    assert (mail.to, mail.sender) == ("a@b.example", world.settings.mail.sender)
    assert mail.text.startswith("Hello\n")
    assert "http://shop.example/u/" in mail.text
    assert (await order.message()).status is MessageStatus.SENT
    assert await order.jobs_left() == []
    assert await world.complaints() == []


async def test_a_refused_e_mail_costs_nothing(world: MessageWorld) -> None:
    world.mailer.answers.append(world.mailer.refuses)
    order = await world.buy(PaymentMethod.HOLD, mail=True)
    await world.process().work()
    assert not await order.has_been_paid()
    assert (await order.row()).reason == "it was refused (550 no such user)"


async def test_a_mail_server_that_refuses_for_now_is_asked_again(world: MessageWorld) -> None:
    world.mailer.answers.append(world.mailer.refuses_for_now)
    order = await world.buy(mail=True)
    await world.process().work()
    assert await order.has_been_paid()
    assert await order.mails() == 1


@pytest.mark.parametrize("recovery", list(Recovery))
@pytest.mark.parametrize("heard", [True, False])
async def test_a_mail_servers_lost_answer_never_mails_twice(
    database: Database, clock: SystemClock, recovery: Recovery, heard: bool
) -> None:
    world = MessageWorld(database, clock, recovery)
    mailer = world.mailer
    mailer.answers.append(mailer.takes_unheard if heard else mailer.never_hears)
    order = await world.buy(mail=True)
    await world.process().work()
    assert await order.mails() == (1 if heard or recovery is not Recovery.NONE else 0)
    assert await order.has_been_paid() == (recovery is not Recovery.NONE)


async def test_an_unsubscribed_address_gets_no_e_mail(world: MessageWorld) -> None:
    order = await world.buy(mail=True)
    await world.db.tx(suppressions.add, "email", (await order.message()).to_hash, "unsubscribed")
    await world.process().work()
    assert not await order.has_been_paid()
    assert world.mailer.sent == []


async def test_an_address_that_cannot_be_written_costs_nothing(world: MessageWorld) -> None:
    order = await world.buy(mail=True, to="a@b.example>\r\nRCPT TO:<v@x.example")
    await world.process().work()
    assert not await order.has_been_paid()
    assert world.mailer.sent == []
