"""The operator's own numbers, and numbers that a provider may have leased without our knowing."""

from __future__ import annotations

from typing import Any

from ringbolt.core.countries import COUNTRIES, by_region, resolve_country
from ringbolt.core.errors import InvalidInput, NotFound, Role
from ringbolt.core.phone import EXAMPLE, is_e164, parse_destination
from ringbolt.store import pool, receiving_orders
from ringbolt.store.engine.db import Tx

DOUBTFUL_DAYS = 30
"""What a provider charged before that is on its bill."""
_DOUBTFUL_AT_MOST = 500
_DAY_MS = 86_400_000


def add_number(tx: Tx, number: str, country: str, label: str) -> dict[str, Any]:
    """Offer ``number`` (E.164) from now on. ``country`` '' is that of the number itself.

    Raises ``InvalidInput`` for a text that is not a number, or if it is offered already.
    """
    region = _region_of(number)
    found = resolve_country(country) if country else by_region(region)
    if found is None:
        raise InvalidInput(
            f"No country of the list has the region {region}.",
            role=Role.COUNTRY,
            suggestion="Name the country under which the number is to be offered.",
        )
    if not pool.add(tx, number, found.cc, label[:100]):
        raise InvalidInput(f"{number} is among the numbers already.", role=Role.NUMBER)
    return {"number": number, "country": found.name, "label": label[:100]}


def _region_of(number: str) -> str:
    """The rules of destinations, in words about a number that texts come to."""
    if not is_e164(number):
        raise InvalidInput(
            f"{number[:32]!r} is not in E.164 format: + and the country code, then the number, "
            "digits only.",
            role=Role.NUMBER,
            suggestion=f"Write it as {EXAMPLE}.",
        )
    try:
        return parse_destination(number, scripted_allowed=False).region
    except InvalidInput as error:
        raise InvalidInput(
            f"{number} cannot be offered: it is no fixed or mobile number of a country.",
            role=Role.NUMBER,
            suggestion="Compare it with what the telephone shows.",
        ) from error


def list_numbers(tx: Tx) -> list[dict[str, Any]]:
    """Every number on offer, in order. ``state``: ready, leased, resting (after a lease, or after a
    silence of its phone) or silent. ``phone``: the carrier that watches its phone, '' if none."""
    return [
        {
            "number": entry.number,
            "country": COUNTRIES[entry.country].name,
            "label": entry.label,
            "added_ms": entry.added_ms,
            "phone": entry.watched_by,
            "state": state,
        }
        for entry, state in pool.states(tx)
    ]


def remove_number(tx: Tx, number: str) -> None:
    """Stop offering it; an order that has it keeps it to its end. Raises ``NotFound``."""
    if not pool.remove(tx, number):
        raise NotFound(f"{number} is not among the numbers.")


def list_doubtful(tx: Tx) -> list[dict[str, Any]]:
    """Numbers that a provider may have leased without our knowing, of orders of the last 30 days,
    the latest first: the buyers got their money back, and the provider may charge for them."""
    since_ms = tx.now_ms - DOUBTFUL_DAYS * _DAY_MS
    return [
        {
            "provider": lease.provider,
            "ref": lease.ref,
            "order_id": lease.order_id[:12],
            "service": lease.service,
            "country": COUNTRIES[lease.country].name if lease.country in COUNTRIES else "any",
            "asked_ms": lease.asked_ms,
            "given_up_ms": lease.given_up_ms,
            "why": lease.why,
        }
        for lease in receiving_orders.doubtful_leases(tx, since_ms, _DOUBTFUL_AT_MOST)
    ]
