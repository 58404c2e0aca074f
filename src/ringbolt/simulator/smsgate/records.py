"""What the simulated phones with SMSGate keep in the world's file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from ringbolt.simulator.file.world_file import Put, WorldFile

SIGNING_KEY: Final = "simulated-signing-key"
_PHONE: Final = "smsgate-phone"
_WEBHOOK: Final = "smsgate-webhook"
_MESSAGE: Final = "smsgate-message"
_QUEUE: Final = "smsgate-queue"
_PLACE: Final = "smsgate-place"
_SCAN: Final = 5000

T = TypeVar("T", bound=Struct)


class Phone(Struct):
    """``numbers``: of its SIMs. ``is_on``: else it neither answers nor reports anything.
    ``sends``: else texts stay pending, as they sometimes do."""

    numbers: tuple[str, ...]
    ping_s: int = 0
    signing_key: str = SIGNING_KEY
    is_on: bool = True
    sends: bool = True

    @property
    def name(self) -> str:
        return ",".join(self.numbers)

    @property
    def device_id(self) -> str:
        return f"device-{self.numbers[0].removeprefix('+')}"


class WebhookEntry(Struct):
    phone: str
    id: str
    url: str
    event: str


class AppMessage(Struct):
    """A text that the app took. ``until_ms``: its TTL. ``is_pending``: not sent yet. ``failed_ms``:
    when it expired unsent, None if it did not."""

    id: str
    phone: str
    to: str
    sender: str
    text: str
    at_ms: int
    until_ms: int
    is_pending: bool = True
    failed_ms: int | None = None


class Queued(Struct):
    """A webhook that was not delivered yet; every try sends the same ``body``."""

    id: str
    phone: str
    url: str
    body: str


class PhoneRecords:
    """Reads and writes them. Writes are on the disk when awaited."""

    def __init__(self, store: WorldFile) -> None:
        self._store = store

    def phone(self, name: str) -> Phone:
        """As it was set last; any numbers make a phone."""
        found = self._get(_PHONE, name, Phone)
        return found or Phone(tuple(name.split(",")))

    def phones(self) -> list[Phone]:
        return [msgspec.convert(each, Phone) for each in self._store.load(_PHONE).values()]

    def webhooks(self) -> list[WebhookEntry]:
        found = self._store.load(_WEBHOOK).values()
        return [msgspec.convert(each, WebhookEntry) for each in found]

    def message(self, ref: str) -> AppMessage | None:
        return self._get(_MESSAGE, ref, AppMessage)

    def pending(self, phone: str) -> list[AppMessage]:
        found = (msgspec.convert(each, AppMessage) for each in self._store.load(_MESSAGE).values())
        return [each for each in found if each.phone == phone and each.is_pending]

    def queue(self) -> list[Queued]:
        return [msgspec.convert(each, Queued) for each in self._store.load(_QUEUE).values()]

    def place(self, log: str) -> int | None:
        """Where reading ``log`` goes on; None if it never began."""
        found = self._store.get(_PLACE, log)
        return None if found is None else int(found["after"])

    def end_of(self, log: str) -> int:
        after = 0
        while rows := self._store.scan(log, after, _SCAN):
            after = rows[-1][0]
        return after

    def put_phone(self, phone: Phone) -> asyncio.Future[list[int]]:
        return self._store.submit([(_PHONE, phone.name, phone)])

    def put_webhook(self, entry: WebhookEntry) -> asyncio.Future[list[int]]:
        return self._store.submit([(_WEBHOOK, f"{entry.phone}/{entry.id}", entry)])

    def drop_webhook(self, phone: str, webhook_id: str) -> asyncio.Future[list[int]]:
        return self._store.submit([(_WEBHOOK, f"{phone}/{webhook_id}", None)])

    def put_message(self, message: AppMessage) -> asyncio.Future[list[int]]:
        return self._store.submit([(_MESSAGE, message.id, message)])

    def drop_message(self, ref: str) -> asyncio.Future[list[int]]:
        return self._store.submit([(_MESSAGE, ref, None)])

    def put_queued(
        self, queued: Iterable[Queued], log: str = "", after: int = 0
    ) -> asyncio.Future[list[int]]:
        """Queue webhooks; with them, ``log`` has been read up to ``after``."""
        puts: list[Put] = [(_QUEUE, each.id, each) for each in queued]
        if log:
            puts.append((_PLACE, log, {"after": after}))
        return self._store.submit(puts)

    def drop_queued(self, queued: Queued) -> asyncio.Future[list[int]]:
        return self._store.submit([(_QUEUE, queued.id, None)])

    def _get(self, kind: str, key: str, of: type[T]) -> T | None:
        document = self._store.get(kind, key)
        return None if document is None else msgspec.convert(document, of)
