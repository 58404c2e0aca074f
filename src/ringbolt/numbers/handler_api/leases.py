"""What can be done with a lease: look at its texts, ask for another one, end it.

Rentals have actions and statuses of their own in most dialects; in the others they are activations
that last for hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ringbolt.clock import Clock
from ringbolt.core.errors import Unavailable
from ringbolt.numbers.handler_api import texts
from ringbolt.numbers.handler_api.client import HandlerApi
from ringbolt.numbers.handler_api.dialect import Dialect
from ringbolt.numbers.handler_api.fields import text_of
from ringbolt.numbers.handler_api.polling import Texts
from ringbolt.numbers.handler_api.reply import Document, Meaning, Reply, Word
from ringbolt.numbers.handler_api.texts import RENTAL
from ringbolt.numbers.provider import Cancelled, CancelResult, HasText, TooEarly

ANOTHER: Final = "3"
FINISH: Final = "6"
CANCEL: Final = "8"
_RENTAL_STATUS: Final = {FINISH: "1", CANCEL: "2"}
TRY_AGAIN_MS: Final = 15_000
"""When to cancel again if the provider refuses for longer than it should."""
ALL_TEXTS: Final = "getAllSms"
"""An action that shows every text, where the list of active leases has only the last one."""
SAME_AS_ACTIVATIONS: Final = "setStatus"
"""The action that ends rentals where they are activations that last for hours."""
_DONE: Final = frozenset({"ACCESS_CANCEL", "ACCESS_ACTIVATION"})


class Leases:
    """Every method raises ``Unavailable``. ``number`` of a lease: '' if it is not known here."""

    def __init__(self, api: HandlerApi, dialect: Dialect, clock: Clock) -> None:
        self._api = api
        self._dialect = dialect
        self._clock = clock

    async def request_text(self, lease_id: str) -> bool:
        if lease_id.startswith(RENTAL):
            return await self.look(lease_id, "") is not None
        reply = await self._api.ask("setStatus", id=lease_id, status=ANOTHER)
        return isinstance(reply, Word) and reply.word == "ACCESS_RETRY_GET"

    async def finish(self, lease_id: str) -> None:
        reply = await self._set(lease_id, FINISH)
        if isinstance(reply, Word) and reply.meaning is Meaning.STATE:
            # Nothing came, or it has ended already: then this changes nothing.
            await self._set(lease_id, CANCEL)

    async def cancel(self, lease_id: str, number: str) -> CancelResult:
        """Look at the texts first: what has come is charged for."""
        found = await self.look(lease_id, number)
        if found is None:
            return Cancelled()
        if found:
            return HasText(found)
        reply = await self._set(lease_id, CANCEL)
        if _is_done(reply):
            return Cancelled()
        if isinstance(reply, Word) and reply.meaning is Meaning.EARLY:
            return TooEarly(self._clock.now_ms() + TRY_AGAIN_MS)
        return await self._refused(lease_id, number, reply)

    async def _refused(self, lease_id: str, number: str, reply: Reply) -> CancelResult:
        """It cannot be cancelled: a text may have come at this moment."""
        found = await self.look(lease_id, number)
        if found is None or (isinstance(reply, Word) and reply.meaning is Meaning.OVER):
            return Cancelled()
        is_past = isinstance(reply, Word) and reply.meaning is Meaning.STATE
        if found or (is_past and lease_id.startswith(RENTAL)):
            return HasText(found)  # a rental that cannot be cancelled any more is charged for
        raise self._api.unavailable(reply.says if isinstance(reply, Word) else "it cannot cancel")

    async def _set(self, lease_id: str, status: str) -> Reply:
        action = self._dialect.rent_set
        if not lease_id.startswith(RENTAL) or action == SAME_AS_ACTIVATIONS:
            own_id = lease_id.removeprefix(RENTAL)
            return await self._api.ask("setStatus", id=own_id, status=status)
        own_id = lease_id.removeprefix(RENTAL)
        return await self._api.ask(action, id=own_id, status=_RENTAL_STATUS[status])

    # Texts

    async def look(self, lease_id: str, number: str) -> Texts | None:
        """The texts of a lease; None if it has ended without any, or there is no such lease."""
        if lease_id.startswith(RENTAL):
            return await self._look_at_rental(lease_id, number)
        reply = await self._api.ask_in_turn("getStatus", id=lease_id)
        if not isinstance(reply, Word):
            raise self._api.unavailable("its answer to getStatus cannot be read")
        if reply.meaning is Meaning.OVER:
            return None
        if not reply.word.startswith("STATUS_"):
            raise self._api.unavailable(reply.says)
        found = texts.of_status(lease_id, number, reply, self._clock.now_ms())
        return await self._whole(lease_id, number, found)

    async def _whole(self, lease_id: str, number: str, found: Texts) -> Texts:
        """The same texts with all their words, if the provider shows them."""
        if not found or not self._dialect.full_text:
            return found
        try:
            reply = await self._api.ask(self._dialect.full_text, id=lease_id)
        except Unavailable:
            return found
        now_ms = self._clock.now_ms()
        if isinstance(reply, Word):
            shown = texts.of_status(lease_id, number, reply, now_ms)
            last = found[-1]  # still the event that its code was reported as
            return (
                tuple(replace(each, event_id=last.event_id, code=last.code) for each in shown)
                or found
            )
        if self._dialect.full_text == ALL_TEXTS:
            return texts.of_all_texts(lease_id, number, _listed(reply), now_ms) or found
        return texts.of_status_document(lease_id, number, _document(reply), now_ms) or found

    async def _look_at_rental(self, lease_id: str, number: str) -> Texts | None:
        own_id = lease_id.removeprefix(RENTAL)
        reply = await self._api.ask_in_turn(self._dialect.rent_texts, id=own_id)
        if isinstance(reply, Word):
            if reply.word == "STATUS_WAIT_CODE":
                return ()
            if reply.meaning in (Meaning.OVER, Meaning.STATE):
                return None
            raise self._api.unavailable(reply.says)
        return texts.of_rental(lease_id, number, _listed(reply), self._clock.now_ms())


def _is_done(reply: Reply) -> bool:
    if isinstance(reply, Word):
        return reply.word in _DONE
    return isinstance(reply, Mapping) and text_of(reply.get("status")) == "success"


def _listed(reply: Reply) -> Document:
    return reply if isinstance(reply, list) else _document(reply)


def _document(reply: Reply) -> Mapping[str, object]:
    return reply if isinstance(reply, Mapping) else {}
