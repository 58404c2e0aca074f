"""The simulated world as a whole: one clock, one file, and all who live in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ringbolt.simulator.clock import WorldClock
from ringbolt.simulator.file.store import WorldStore
from ringbolt.simulator.lightning.network import SimulatedNetwork
from ringbolt.simulator.numbers.backend import NumberBackend
from ringbolt.simulator.sms.network import SmsNetwork
from ringbolt.simulator.voice.phones import PhoneNetwork

FILE_NAME = "world.db"


@dataclass(slots=True)
class World:
    """``speed``: how many times faster than real time phones ring and talk."""

    store: WorldStore
    clock: WorldClock
    network: SimulatedNetwork
    phones: PhoneNetwork
    sms: SmsNetwork
    backend: NumberBackend
    speed: float

    @classmethod
    async def open(cls, data_dir: Path, speed: float = 1.0) -> World:
        """The world kept in ``data_dir``, made if there is none. Raises ``StoreLocked``."""
        store = WorldStore.open(data_dir / FILE_NAME)
        try:
            clock = WorldClock(store)
            phones = PhoneNetwork(
                clock=clock, store=store, audio_dir=data_dir / "phones", speed=speed
            )
            phones.start()
            sms = SmsNetwork(clock=clock, store=store, speed=speed)
            sms.start()
            backend = NumberBackend(clock=clock, store=store)
            backend.start()
            network = SimulatedNetwork(store, clock)
            return cls(store, clock, network, phones, sms, backend, speed)
        except BaseException:
            store.close()
            raise

    async def close(self) -> None:
        """End every stream and write what is waiting. Closing twice is allowed."""
        self.clock.close()
        self.network.close()
        await self.phones.close()
        await self.sms.close()
        await self.backend.close()
        self.store.close()
