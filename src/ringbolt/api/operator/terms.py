"""The operator's addresses for prices, rates, and what is sold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Concatenate, Final, ParamSpec

import msgspec

from ringbolt.api.kit.family import Family
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.schema import Line, about
from ringbolt.app.operator import change_terms
from ringbolt.app.operator.change_terms import CardLine
from ringbolt.app.shop import Shop
from ringbolt.core.closed_sales import MOST_REASON_CHARS, ClosedSales
from ringbolt.core.errors import InvalidInput
from ringbolt.store.engine.db import Tx

P = ParamSpec("P")
Why = Annotated[Line, about("", max_length=MOST_REASON_CHARS)]
_YEAR_3000_MS: Final = 32_503_680_000_000


def names_of(fields: Fields, name: str) -> list[str]:
    """A list of texts; none if it was left out."""
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise fields.wrong_kind(name, "a list of texts", "Send a list of texts.")
    return value


class Card(msgspec.Struct):
    """A price list or rate card as CSV; ``reset`` returns to that of the settings. ``preview``:
    only tell what would change."""

    by: Why
    csv: Annotated[str, about("", max_length=change_terms.MOST_CARD_CHARS)] = ""
    reset: bool = False
    reason: Why = ""
    preview: bool = False


class Sales(msgspec.Struct):
    """What is not sold from now on."""

    by: Why
    services: Annotated[list[str], about("", read=names_of)] = msgspec.field(default_factory=list)
    countries: Annotated[list[str], about("", read=names_of)] = msgspec.field(default_factory=list)
    is_closed: bool = False
    until_ms: Annotated[int, about("", ge=0, le=_YEAR_3000_MS)] = 0
    reason: Why = ""


class Restored(msgspec.Struct):
    """An earlier change that is to be in force again."""

    id: Annotated[int, about("", ge=1, le=2**53)]
    by: Why
    reason: Why = ""


class ChangeQuery(msgspec.Struct):
    """Which changes are listed."""

    setting: Line = ""
    limit: Annotated[int, about("", ge=1, le=1000)] = 100


class TermsCommands:
    """What ``ringbolt terms`` asks for. Each change answers with the terms then in force."""

    def __init__(self, shop: Shop) -> None:
        self._db = shop.db
        self._terms = shop.terms

    async def show(self, _: Request[Nothing]) -> dict[str, Any]:
        await self._terms.refresh(self._db)
        return await self._db.read(change_terms.terms_document, self._terms)

    async def prices(self, request: Request[Card]) -> dict[str, Any]:
        card, table = request.params, _table(request.params)
        if card.preview:
            return _preview(change_terms.compare_prices(self._terms, table))
        change = change_terms.change_prices
        return await self._changed(change, self._terms, table, card.reason, card.by)

    async def rates(self, request: Request[Card]) -> dict[str, Any]:
        card, table = request.params, _table(request.params)
        if card.preview:
            return _preview(change_terms.compare_rates(self._terms, table))
        return await self._changed(change_terms.change_rates, table, card.reason, card.by)

    async def sales(self, request: Request[Sales]) -> dict[str, Any]:
        told = request.params
        closed = ClosedSales(
            services=tuple(told.services),
            countries=tuple(told.countries),
            is_closed=told.is_closed,
            until_ms=told.until_ms or None,
            reason=told.reason,
        )
        return await self._changed(change_terms.change_sales, closed, told.reason, told.by)

    async def restore(self, request: Request[Restored]) -> dict[str, Any]:
        told = request.params
        return await self._changed(change_terms.restore, told.id, told.reason, told.by)

    async def changes(self, request: Request[ChangeQuery]) -> list[dict[str, Any]]:
        query = request.params
        return await self._db.read(change_terms.list_changes, query.setting, query.limit)

    async def _changed(
        self, change: Callable[Concatenate[Tx, P], None], *args: P.args, **named: P.kwargs
    ) -> dict[str, Any]:
        await self._db.tx(change, *args, **named)
        await self._terms.refresh(self._db)
        return await self._db.read(change_terms.terms_document, self._terms)


def _table(card: Card) -> str:
    """The table of a card, '' for that of the settings. Raises ``InvalidInput``."""
    if not card.csv.strip() and not card.reset:
        raise InvalidInput("Send a table as csv, or reset.", suggestion="Nothing was changed.")
    return "" if card.reset else card.csv


def _preview(lines: list[CardLine]) -> dict[str, Any]:
    return {"changes": [asdict(line) for line in lines]}


def add_terms(family: Family, prefix: str, shop: Shop) -> None:
    """Add the addresses under ``prefix``."""
    commands = TermsCommands(shop)

    def add(method: str, path: str, handler: Any, takes: Any) -> None:
        family.add(method, prefix + path, handler, takes, hidden=True, cost="")

    add("GET", "/terms", commands.show, Nothing)
    add("POST", "/terms/prices", commands.prices, Card)
    add("POST", "/terms/rates", commands.rates, Card)
    add("POST", "/terms/sales", commands.sales, Sales)
    add("POST", "/terms/restore", commands.restore, Restored)
    add("GET", "/terms/changes", commands.changes, ChangeQuery)
