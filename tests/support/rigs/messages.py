"""A shop that sends texts and e-mails, and speaks texts, on a real database; it may die at any
outside effect."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from ringbolt.clock import SystemClock
from ringbolt.core.commands import Command, SendMail, SendText
from ringbolt.core.errors import Unavailable
from ringbolt.core.order import OrderKind, PaymentMethod
from ringbolt.core.outcome import Recovery
from ringbolt.core.texts import segments
from ringbolt.mail.memory.mailer import MemoryMailer
from ringbolt.settings import Settings
from ringbolt.sms.carrier import OutSms
from ringbolt.sms.memory.carrier import MemorySms
from ringbolt.store import messages
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.messages import Message
from ringbolt.store.orders import Order
from ringbolt.worker.message_watcher import sms_watcher
from support.memory import memory_mailer, memory_node, memory_sms, silent_speaker
from support.parts import one_node, simulated
from support.rigs.fate import Fate, mortal
from support.rigs.paid import buy_paid
from support.rigs.shop import Process, World, WorldOrder

PORT = ("send", "find", "search")
_LONG = "A sentence of forty characters, repeated. "


class MessageWorld(World):
    """A world with a carrier of texts and a mail server."""

    def __init__(
        self,
        db: Database,
        clock: SystemClock,
        recovery: Recovery = Recovery.LOOKUP,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(db, clock, memory_node(clock), Settings(limits="off", **options or {}))
        self.sms: MemorySms = memory_sms(recovery, clock)
        self.mailer: MemoryMailer = memory_mailer(recovery)
        self.speaker = silent_speaker()

    def process(self, fate: Fate | None = None) -> MessageProcess:
        fate = fate or Fate()
        shop = self.shop(
            fate,
            nodes=one_node(self.clock, mortal(self.node, fate, "pay", "lookup_payment")),
            sms_carriers=simulated(self.clock, mortal(self.sms, fate, *PORT)),
            mailers=simulated(self.clock, mortal(self.mailer, fate, *PORT)),
            speaker=mortal(self.speaker, fate, "speak"),
        )
        return MessageProcess(self, shop, fate)

    async def buy(
        self,
        method: PaymentMethod = PaymentMethod.BALANCE,
        *,
        parts: int = 1,
        mail: bool = False,
        to: str = "",
    ) -> MessageOrder:
        """An order that was just paid."""
        if mail:
            kind, command = OrderKind.EMAIL, a_mail(to or "a@b.example")
        else:
            kind, command = OrderKind.SMS, a_text(to or "+12025550123", parts)
        order = await buy_paid(self, kind, method, command, partial(record_message, command))
        return MessageOrder(self, order.id)


def a_text(to: str, parts: int) -> Command:
    """A text that takes so many parts."""
    return SendText(to, _LONG * 4 * (parts - 1) + "Hello", "Ringbolt")


def a_mail(to: str) -> Command:
    return SendMail(to, "Hello")


def record_message(command: Command, tx: Tx, order: Order) -> None:
    """The row of what is to be sent."""
    is_text = isinstance(command, SendText)
    count = len(segments.split(command.message)) if isinstance(command, SendText) else 1
    messages.insert(tx, order.id, "ab" * 16, count, f"{'SM' if is_text else 'EM'}{order.id[:32]}")


class MessageOrder(WorldOrder[MessageWorld]):
    async def message(self) -> Message:
        found = await self.world.db.read(messages.message_of, self.id)
        assert found is not None
        return found

    async def texts(self) -> list[OutSms]:
        """The texts that left for this order."""
        refs = await self.refs()
        return [sms for sms in self.world.sms.sent if sms.ref in refs]

    async def mails(self) -> int:
        refs = await self.refs()
        return sum(mail.ref in refs for mail in self.world.mailer.sent)


class MessageProcess(Process):
    async def listen(self) -> None:
        for carrier in self.shop.sms_carriers:
            with suppress(Unavailable):
                await sms_watcher(self.shop, carrier).follow()
