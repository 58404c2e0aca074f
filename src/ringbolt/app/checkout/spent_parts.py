"""Sales close, in words, while every part that could deliver has cost what it may cost today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ringbolt.app.checkout.routes import call_route, mail_route, number_route, text_route
from ringbolt.app.part_limits import CALLS, MAIL, NUMBERS, SMS, spend_scope
from ringbolt.app.shop import Shop
from ringbolt.core.commands import CallOrder, Command, ReceiveTexts, SendMail, SendText
from ringbolt.core.errors import DestinationRefused
from ringbolt.registry.parts import Parts
from ringbolt.store import spends
from ringbolt.store.engine.db import Tx

Budgets = Mapping[str, int]
"""The most that parts may cost today, msat, by their scopes in ``store.spends``."""


def budgets_of(shop: Shop, command: Command) -> Budgets:
    """Those of the parts that may deliver the order; empty if one of them has no limit."""
    match command:
        case CallOrder():
            return _budgets(CALLS, shop.carriers, call_route(shop, command))
        case SendText(to=to):
            return _budgets(SMS, shop.sms_carriers, text_route(shop, to))
        case SendMail(to=to):
            return _budgets(MAIL, shop.mailers, mail_route(shop, to))
        case ReceiveTexts(real=False):
            return _budgets(NUMBERS, shop.number_providers, number_route(shop, command))
        case _:
            return {}


def _budgets(area: str, parts: Parts[Any], route: Sequence[Any]) -> Budgets:
    limits = {part.name: parts.terms(part.name).daily_spend_msat for part in route}
    if not all(limits.values()):
        return {}
    return {spend_scope(area, name): limit for name, limit in limits.items()}


def check_spent(tx: Tx, budgets: Budgets) -> None:
    """Raises ``DestinationRefused`` if all ``budgets`` are spent."""
    if not budgets:
        return
    spent = spends.sold(tx, list(budgets))
    if all(spent.get(scope, 0) >= limit for scope, limit in budgets.items()):
        raise DestinationRefused(
            "The carriers of this shop have cost what they may cost today.",
            code="NO_CARRIER",
            suggestion="Try again tomorrow (UTC), or another shop. Nothing was charged.",
        )
