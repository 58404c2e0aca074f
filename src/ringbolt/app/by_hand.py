"""Own numbers, lent ones that nobody knows of, and who wants no messages: what the operator sees
and does by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ringbolt.core.countries import COUNTRIES, by_region, resolve_country
from ringbolt.core.email_address import mailbox_of, parse_address
from ringbolt.core.errors import InvalidInput, NotFound
from ringbolt.core.hmac_sha256 import keyed
from ringbolt.core.keys import Keyring, derive
from ringbolt.core.phone import parse_destination
from ringbolt.store import pool, receptions, suppressions
from ringbolt.store.db import Tx
from ringbolt.store.suppressions import Channel

_LABEL = "identity"
DOUBTFUL_DAYS = 30
"""Longer ago, and whatever a provider charged is on its bill."""
_DOUBTFUL_AT_MOST = 500
_DAY_MS = 86_400_000


def hash_of(secret: bytes, text: str) -> str:
    """A number, address or client as the store keeps it: recognised, but not readable."""
    return _identity(secret)(text.encode()).hex()[:32]


@lru_cache(maxsize=16)
def _identity(secret: bytes) -> Callable[[bytes], bytes]:
    return keyed(derive(secret, _LABEL))


def hashes_of(keyring: Keyring, text: str) -> tuple[str, ...]:
    """The same under every secret that is honoured, the current one first."""
    return tuple(hash_of(secret, text) for secret in keyring.all())


def add_number(tx: Tx, number: str, country: str, label: str) -> dict[str, Any]:
    """Lend ``number`` (E.164) from now on. ``country`` '' is that of the number itself.

    Raises ``InvalidInput`` for what is no number, or if it is lent already.
    """
    region = parse_destination(number, scripted_allowed=False).region
    found = resolve_country(country) if country else by_region(region)
    if found is None:
        raise InvalidInput(
            f"No country of the list has the region {region}.",
            field="country",
            suggestion="Name the country under which the number is to be offered.",
        )
    if not pool.add(tx, number, found.cc, label[:100]):
        raise InvalidInput(f"{number} is among the numbers already.", field="number")
    return {"number": number, "country": found.name, "label": label[:100]}


def list_numbers(tx: Tx) -> list[dict[str, Any]]:
    """Every number that is lent, in order."""
    return [
        {
            "number": entry.number,
            "country": COUNTRIES[entry.country].name,
            "label": entry.label,
            "added_ms": entry.added_ms,
        }
        for entry in pool.listing(tx)
    ]


def remove_number(tx: Tx, number: str) -> None:
    """Lend it no more; an order that has it keeps it to its end. Raises ``NotFound``."""
    if not pool.remove(tx, number):
        raise NotFound(f"{number} is not among the numbers.")


def list_doubtful(tx: Tx) -> list[dict[str, Any]]:
    """Numbers that a provider may have lent without anybody hearing of it, of orders of the last
    30 days, the latest first: their money went back, and the provider may charge for them."""
    since_ms = tx.now_ms - DOUBTFUL_DAYS * _DAY_MS
    return [
        {
            "provider": loan.provider,
            "ref": loan.ref,
            "order_id": loan.order_id[:12],
            "service": loan.service,
            "country": COUNTRIES[loan.country].name if loan.country in COUNTRIES else "any",
            "asked_ms": loan.asked_ms,
            "given_up_ms": loan.given_up_ms,
            "why": loan.why,
        }
        for loan in receptions.doubtful_loans(tx, since_ms, _DOUBTFUL_AT_MOST)
    ]


def destination_of(to: str) -> tuple[Channel, str]:
    """What a number or an e-mail address is suppressed as. Raises ``InvalidInput``."""
    if "@" in to:
        return "email", mailbox_of(parse_address(to, "to").address)
    return "sms", parse_destination(to, scripted_allowed=True).number


def suppress_by_hand(tx: Tx, keyring: Keyring, to: str, why: str) -> dict[str, Any]:
    """Send nothing to ``to`` any more. Harmless if that was so before."""
    channel, text = destination_of(to)
    is_new = suppressions.add(tx, channel, hash_of(keyring.current, text), why[:200])
    return {"to": to, "channel": channel, "suppressed": True, "was_before": not is_new}


def allow_again(tx: Tx, keyring: Keyring, to: str) -> dict[str, Any]:
    """Messages to ``to`` are sent again. Raises ``NotFound`` if they were all along."""
    channel, text = destination_of(to)
    removed = [suppressions.remove(tx, channel, each) for each in hashes_of(keyring, text)]
    if not any(removed):
        raise NotFound(f"{to} is not suppressed.")
    return {"to": to, "channel": channel, "suppressed": False}


def list_suppressed(tx: Tx) -> list[dict[str, Any]]:
    """Who is suppressed, by hashes alone: the numbers and addresses are not kept."""
    return [
        {"channel": entry.channel, "hash": entry.to_hash, "why": entry.why, "at_ms": entry.at_ms}
        for entry in suppressions.listing(tx)
    ]
