"""Finds a call whose id is not known, because the answer to the request for it was lost.

The API cannot be asked by our reference. It lists calls by number, newest first; ours is the one
that was made since we asked, and that is no other call's of the shop. If that does not tell them
apart, nothing is guessed: a wrong guess would call a person twice.
"""

from __future__ import annotations

from typing import Any, Final

from ringbolt.core.errors import Unavailable
from ringbolt.twilio.account import TwilioApi, is_sid
from ringbolt.voice.twilio.journal import Journal
from ringbolt.voice.twilio.journals import Journals
from ringbolt.voice.twilio.wire import time_ms

_PAGE: Final = 100
_EARLIER_MS: Final = 60_000
"""Their clock may be behind ours."""
_LATER_MS: Final = 300_000
"""A request that was lost makes a call soon or never."""


async def search(api: TwilioApi, journals: Journals, journal: Journal) -> dict[str, Any] | None:
    """The resource of the call; None if it was never accepted. Raises ``Unavailable`` if the API
    does not answer, or if several calls may be the one."""
    page = await api.get("Calls", {"To": journal.to, "PageSize": str(_PAGE)})
    listed = page.get("calls") if isinstance(page, dict) else None
    if not isinstance(listed, list) or not all(map(_is_call, listed)):
        raise api.unavailable("its list of calls cannot be read")
    others = await journals.others_to(journal)
    found = [each for each in listed if _may_be(each, journal, others.ids)]
    if any(_made_ms(each) is None for each in found):
        raise api.unavailable("its list does not say when a call was made")
    if not found:
        if len(listed) >= _PAGE and (_made_ms(listed[-1]) or 0) > journal.asked_ms:
            raise Unavailable(f"There are too many calls to {journal.to} to find one of them.")
        return None
    if len(found) > 1 or others.has_unanswered:
        raise Unavailable("Several calls may be the one that is looked for.")
    return dict(found[0])


def _is_call(listed: object) -> bool:
    return isinstance(listed, dict) and is_sid(listed.get("sid"))


def _may_be(listed: dict[str, Any], journal: Journal, others: set[str]) -> bool:
    is_inbound = str(listed.get("direction", "")).startswith("inbound")
    if listed["sid"] in others or is_inbound or listed.get("to", journal.to) != journal.to:
        return False
    made_ms = _made_ms(listed)
    return made_ms is None or -_EARLIER_MS <= made_ms - journal.asked_ms <= _LATER_MS


def _made_ms(listed: dict[str, Any]) -> int | None:
    """When a listed call was made; None if that is not told."""
    return time_ms(listed.get("date_created")) or time_ms(listed.get("start_time"))
