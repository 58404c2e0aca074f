"""The simulated world as a whole: one clock, one file, and its parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ringbolt.simulator.clock.world_clock import WorldClock
from ringbolt.simulator.file.store import WorldStore
from ringbolt.simulator.lightning.addresses import LightningAddresses
from ringbolt.simulator.lightning.network import LightningNetwork
from ringbolt.simulator.mail.mailboxes import Mailboxes
from ringbolt.simulator.numbers.activation import Accounts as NumberAccounts
from ringbolt.simulator.numbers.inventory import NumberInventory
from ringbolt.simulator.sms.network import SmsNetwork
from ringbolt.simulator.smsgate.phones import SmsGatePhones
from ringbolt.simulator.twilio.accounts import Accounts
from ringbolt.simulator.twilio.callbacks import Callbacks
from ringbolt.simulator.twilio.calls import TwilioCalls
from ringbolt.simulator.twilio.messages import TwilioMessages
from ringbolt.simulator.voice.phones import PhoneNetwork

FILE_NAME = "world.db"


@dataclass(frozen=True, slots=True)
class Twilio:
    """The Twilio-compatible API in front of the phones."""

    accounts: Accounts
    callbacks: Callbacks
    calls: TwilioCalls

    @classmethod
    def open(cls, phones: PhoneNetwork, store: WorldStore, clock: WorldClock) -> Twilio:
        accounts, callbacks = Accounts(store, clock), Callbacks()
        return cls(accounts, callbacks, TwilioCalls(phones, accounts, callbacks, store, clock))

    async def close(self) -> None:
        await self.calls.close()
        await self.callbacks.close()


@dataclass(slots=True)
class World:
    """``speed``: how many times faster than real time phones ring and talk."""

    store: WorldStore
    clock: WorldClock
    lightning: LightningNetwork
    addresses: LightningAddresses
    phones: PhoneNetwork
    sms: SmsNetwork
    numbers: NumberInventory
    smsgate: SmsGatePhones
    number_accounts: NumberAccounts
    mailboxes: Mailboxes
    twilio: Twilio
    twilio_messages: TwilioMessages
    speed: float

    @classmethod
    async def open(cls, data_dir: Path, speed: float = 1.0, *, clock_moves: bool = True) -> World:
        """Open the world stored in ``data_dir``, created if missing. Raises ``StoreLocked``.

        ``clock_moves``: whether the clock may be advanced; False with a real node.
        """
        store = WorldStore.open(data_dir / FILE_NAME)
        try:
            world = cls._of(store, WorldClock(store, moves=clock_moves), data_dir, speed)
            world._start()
            return world
        except BaseException:
            store.close()
            raise

    @classmethod
    def _of(cls, store: WorldStore, clock: WorldClock, data_dir: Path, speed: float) -> World:
        phones = PhoneNetwork(clock=clock, store=store, audio_dir=data_dir / "phones", speed=speed)
        sms = SmsNetwork(clock=clock, store=store, speed=speed)
        numbers = NumberInventory(clock=clock, store=store)
        lightning = LightningNetwork(store, clock)
        twilio = Twilio.open(phones, store, clock)
        return cls(
            store=store,
            clock=clock,
            lightning=lightning,
            addresses=LightningAddresses(store, lightning),
            phones=phones,
            sms=sms,
            numbers=numbers,
            smsgate=SmsGatePhones(clock=clock, store=store, sms=sms, numbers=numbers, speed=speed),
            number_accounts=NumberAccounts(store),
            mailboxes=Mailboxes(clock=clock, store=store),
            twilio=twilio,
            twilio_messages=TwilioMessages(
                sms, numbers, twilio.accounts, twilio.callbacks, store, clock
            ),
            speed=speed,
        )

    def _start(self) -> None:
        """Go on with what was under way when the world was closed."""
        self.phones.start()
        self.twilio.calls.start()
        self.sms.start()
        self.numbers.start()
        self.twilio_messages.start()
        self.smsgate.start()

    async def close(self) -> None:
        """End every stream and write what is queued. Closing twice is allowed."""
        self.clock.close()
        self.lightning.close()
        await self.twilio_messages.close()
        await self.twilio.close()
        await self.phones.close()
        await self.smsgate.close()
        await self.sms.close()
        await self.numbers.close()
        self.store.close()
