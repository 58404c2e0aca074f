"""Own numbers and suppressions, through the running shop if there is one, else in its store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ringbolt.app.operator import own_numbers, suppressions
from ringbolt.cli.operator_access import OperatorClient, open_admin
from ringbolt.cli.output import EXIT_OK, day, is_terminal, print_json, print_table
from ringbolt.settings import Settings
from ringbolt.settings.secret import load_keyring


async def add_number(settings: Settings, number: str, country: str, label: str) -> int:
    async with open_admin(settings) as opened:
        if isinstance(opened, OperatorClient):
            wish = {"number": number, "country": country, "label": label}
            added = await opened.ask("POST", "/numbers", wish)
        else:
            added = await opened.tx(own_numbers.add_number, number, country, label)
    return _told(added, f"{number} is lent from now on, under {added['country']}.")


async def list_numbers(settings: Settings) -> int:
    async with open_admin(settings) as opened:
        if isinstance(opened, OperatorClient):
            found: list[dict[str, Any]] = await opened.ask("GET", "/numbers")
        else:
            found = await opened.read(own_numbers.list_numbers)
    rows = [(row["number"], row["country"], row["label"], day(row["added_ms"])) for row in found]
    return _listed("Numbers", ("number", "country", "label", "since"), rows, found)


async def list_doubtful(settings: Settings) -> int:
    async with open_admin(settings) as opened:
        if isinstance(opened, OperatorClient):
            found: list[dict[str, Any]] = await opened.ask("GET", "/numbers/doubtful")
        else:
            found = await opened.read(own_numbers.list_doubtful)
    names = ("provider", "ref", "order", "service", "country", "asked", "why")
    rows = [
        (row["provider"], row["ref"], row["order_id"], row["service"], row["country"],
         day(row["asked_ms"]), row["why"])
        for row in found
    ]  # fmt: skip
    return _listed("Perhaps lent, and nobody's", names, rows, found)


async def remove_number(settings: Settings, number: str) -> int:
    async with open_admin(settings) as opened:
        if isinstance(opened, OperatorClient):
            await opened.ask("POST", "/numbers/remove", {"number": number})
        else:
            await opened.tx(own_numbers.remove_number, number)
    return _told({"number": number, "removed": True}, f"{number} is lent no more.")


async def suppress(settings: Settings, to: str, why: str) -> int:
    async with open_admin(settings) as opened:
        if isinstance(opened, OperatorClient):
            told = await opened.ask("POST", "/suppressions", {"to": to, "why": why})
        else:
            keyring = load_keyring(settings, create=True)
            told = await opened.tx(suppressions.suppress, keyring, to, why)
    return _told(told, f"{to} gets nothing any more.")


async def list_suppressed(settings: Settings) -> int:
    async with open_admin(settings) as opened:
        if isinstance(opened, OperatorClient):
            found: list[dict[str, Any]] = await opened.ask("GET", "/suppressions")
        else:
            found = await opened.read(suppressions.list_suppressed)
    rows = [(row["channel"], row["hash"], row["why"], day(row["at_ms"])) for row in found]
    return _listed("Suppressed", ("channel", "hash", "why", "since"), rows, found)


async def allow(settings: Settings, to: str) -> int:
    async with open_admin(settings) as opened:
        if isinstance(opened, OperatorClient):
            told = await opened.ask("POST", "/suppressions/remove", {"to": to})
        else:
            keyring = load_keyring(settings, create=True)
            told = await opened.tx(suppressions.allow_again, keyring, to)
    return _told(told, f"{to} gets messages again.")


def _told(document: dict[str, Any], sentence: str) -> int:
    if is_terminal():
        print(sentence)
    else:
        print_json(document)
    return EXIT_OK


def _listed(
    title: str, names: tuple[str, ...], rows: Sequence[tuple[str, ...]], found: list[dict[str, Any]]
) -> int:
    if is_terminal():
        print_table(title, names, rows)
    else:
        print_json(found)
    return EXIT_OK
