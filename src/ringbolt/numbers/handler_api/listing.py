"""The active leases of an account, as ``getActiveActivations`` and ``getRentList`` list them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ringbolt.core.countries import by_region
from ringbolt.core.phone import region_of
from ringbolt.numbers.handler_api import texts
from ringbolt.numbers.handler_api.client import HandlerApi
from ringbolt.numbers.handler_api.dialect import Dialect
from ringbolt.numbers.handler_api.fields import (
    MOST_ITEMS,
    end_ms,
    items_of,
    lease_id_of,
    number_of,
    text_of,
    time_ms,
)
from ringbolt.numbers.handler_api.purchase import OLD_CODE, why_unfit
from ringbolt.numbers.handler_api.reply import Word
from ringbolt.numbers.handler_api.texts import RENTAL
from ringbolt.numbers.provider import Acquired, ActiveLease

CountryOf = Callable[[object], int | None]
UNREADABLE: Final = "it lists a lease that cannot be read"
_TOO_LONG: Final = "its list of leases is too long"
_LISTS: Final = ("activeActivations", "data", "activations", "values")


async def listed(api: HandlerApi, dialect: Dialect, action: str) -> list[Mapping[str, Any]]:
    """Every item that ``action`` lists, page after page. Raises ``Unavailable``."""
    found: list[Mapping[str, Any]] = []
    while len(found) <= MOST_ITEMS:
        params = {"start": str(len(found)), "limit": str(dialect.page)}
        reply = await api.ask_in_turn(action, **(params if dialect.page else {}))
        items = _items(api, reply)
        found += items
        if len(items) != dialect.page or not dialect.page:
            return found
        if items[0] in found[: -len(items)]:
            raise api.unavailable("its list of leases begins again and again")
    raise api.unavailable(_TOO_LONG)


def _items(api: HandlerApi, reply: object) -> list[Mapping[str, Any]]:
    """The items of one page; none for the word that there are none. Raises ``Unavailable`` for
    anything else: an empty list would let us take the leases for lost."""
    if isinstance(reply, Word):
        if reply.word in ("NO_ACTIVATIONS", "NO_ACTIVATION", "NOT_FOUND", "STATUS_CANCEL"):
            return []
        raise api.unavailable(reply.says)
    listed: object = reply if isinstance(reply, list) else None
    if isinstance(reply, Mapping):
        named = (reply.get(name) for name in _LISTS)
        listed = next((each for each in named if isinstance(each, list | dict)), None)
    if not isinstance(listed, list | dict):
        raise api.unavailable("its list of leases cannot be read")
    if len(listed) > MOST_ITEMS:
        raise api.unavailable(_TOO_LONG)
    items = items_of(listed)
    if len(items) < len(listed):
        raise api.unavailable(UNREADABLE)
    return items


def activation(
    item: Mapping[str, Any], dialect: Dialect, country_of: CountryOf, now_ms: int
) -> ActiveLease | None:
    """An item of the list of activations; None if it has no id or no number."""
    lease_id, number, country = _named(item, country_of, "activationId")
    if not lease_id or not number:
        return None
    from_ms = time_ms(item.get("activationTime"), now_ms) or now_ms
    if from_ms < now_ms - dialect.lasts_s * 1000:
        # It would be over: its hour cannot be told, as the provider's clock is ahead of ours. Were
        # it taken for old, it would not be found after a lost answer, and bought again.
        from_ms = now_ms
    unfit = why_unfit(number, country, None)
    if not unfit and texts.of_listed(lease_id, number, item, now_ms):
        unfit = OLD_CODE  # it is not in our books: nobody has seen the number yet
    acquired = Acquired(
        lease_id=lease_id,
        number=number,
        until_ms=from_ms + dialect.lasts_s * 1000,
        cancel_after_ms=from_ms + dialect.cancel_s * 1000,
        country=country,
        unfit=unfit,
    )
    return ActiveLease(acquired, text_of(item.get("serviceCode")) or None, 0, from_ms)


def rental(item: Mapping[str, Any], country_of: CountryOf, now_ms: int) -> ActiveLease | None:
    """An item of the list of rentals, of which providers say little more than id and number."""
    lease_id, number, country = _named(item, country_of, "id")
    if not lease_id or not number:
        return None
    until_ms = end_ms(item.get("endDate")) or 0
    until_ms = until_ms if until_ms > now_ms else now_ms + 4 * 3_600_000
    acquired = Acquired(f"{RENTAL}{lease_id}", number, until_ms, 0, country)
    return ActiveLease(acquired, text_of(item.get("service")) or None, None, now_ms)


def _named(item: Mapping[str, Any], country_of: CountryOf, id_name: str) -> tuple[str, str, int]:
    """Id, number and country of an item; a country that is not told is that of the number."""
    country = country_of(item.get("countryCode"))
    number = number_of(item.get("phoneNumber", item.get("phone")), country)
    if country is None and number:
        found = by_region(region_of(number))
        country = found.cc if found is not None else None
    lease_id = lease_id_of(item.get(id_name, item.get("id")))
    return lease_id, number, -1 if country is None else country
