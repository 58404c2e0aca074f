"""The mailboxes of the simulated world: every address has one."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from ringbolt.clock import Clock
from ringbolt.core.timestamps import iso
from ringbolt.simulator.file.world_file import WorldFile
from ringbolt.simulator.mail.message import ReceivedMail

_TAKEN: Final = "mail"
"""``mail/REF``: the mail with that reference, which is delivered once."""
_LOG: Final = "mail:"
"""``mail:ADDRESS`` holds what was delivered there: {from, subject, text, headers, at_ms}."""
_PAGE: Final = 1000


class Mailboxes:
    """Delivered mails, by our reference for the server and by address for the recipients."""

    def __init__(self, *, clock: Clock, store: WorldFile) -> None:
        self._clock = clock
        self._store = store
        self._arriving: dict[str, asyncio.Future[list[int]]] = {}

    def holds(self, ref: str) -> bool:
        """Whether the mail with this reference was delivered."""
        return self._store.get(_TAKEN, ref) is not None

    async def deliver(self, ref: str, to: str, mail: ReceivedMail) -> None:
        """Put ``mail`` into the mailbox of ``to``, once for its reference."""
        if self.holds(ref):
            return
        arriving = self._arriving.get(ref)
        if arriving is None:
            arriving = self._submit(ref, to, mail)
            self._arriving[ref] = arriving
            arriving.add_done_callback(lambda _: self._arriving.pop(ref, None))
        await asyncio.shield(arriving)

    def messages(self, address: str) -> list[dict[str, Any]]:
        """The first 1,000 mails to ``address``, oldest first, as JSON shows them."""
        mails = self._store.scan(f"{_LOG}{address.lower()}", 0, _PAGE)
        return [
            {
                "from": mail["from"],
                "subject": mail["subject"],
                "text": mail["text"],
                "at": iso(mail["at_ms"]),
                "headers": mail.get("headers", {}),
            }
            for _, mail in mails
        ]

    def _submit(self, ref: str, to: str, mail: ReceivedMail) -> asyncio.Future[list[int]]:
        document: dict[str, Any] = {
            "from": mail.sender,
            "subject": mail.subject,
            "text": mail.text,
            "headers": mail.headers,
            "at_ms": self._clock.now_ms(),
        }
        return self._store.submit([(_TAKEN, ref, {"to": to})], [(f"{_LOG}{to.lower()}", document)])
