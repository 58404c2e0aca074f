"""Sales close, in words, while every part that could deliver has cost what it may cost today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ringbolt.app.checkout.routes import call_route, mail_route, number_route, text_route
from ringbolt.app.part_limits import CALLS, MAIL, NUMBERS, SMS, Route, estimate_of, spend_scope
from ringbolt.app.shop import Shop
from ringbolt.core.commands import CallOrder, Command, ReceiveTexts, SendMail, SendText
from ringbolt.core.errors import DestinationRefused
from ringbolt.registry.parts import Parts
from ringbolt.store import spends
from ringbolt.store.engine.db import Tx

Budgets = Mapping[str, int]
"""The most that parts may have cost today for one more order, msat, by their scopes in
``store.spends``."""


def budgets_of(shop: Shop, command: Command) -> Budgets:
    """Those of the parts that may deliver the order; empty if one of them has no limit."""
    match command:
        case CallOrder() if _has_limit(shop.carriers):
            return _budgets(shop, command, CALLS, shop.carriers, call_route(shop, command))
        case SendText(to=to) if _has_limit(shop.sms_carriers):
            return _budgets(shop, command, SMS, shop.sms_carriers, text_route(shop, to))
        case SendMail(to=to) if _has_limit(shop.mailers):
            return _budgets(shop, command, MAIL, shop.mailers, mail_route(shop, to))
        case ReceiveTexts(real=False) if _has_limit(shop.number_providers):
            route = number_route(shop, command)
            return _budgets(shop, command, NUMBERS, shop.number_providers, route)
        case _:
            return {}


def _has_limit(parts: Parts[Any]) -> bool:
    """Whether any part may cost only so much a day. Where none does, no route is looked for: this
    is asked at every challenge."""
    return any(parts.terms(part.name).daily_spend_msat for part in parts)


def _budgets(
    shop: Shop, command: Command, area: str, parts: Parts[Any], ports: Sequence[Any]
) -> Budgets:
    names = [port.name for port in ports]
    route = Route.of(area, parts, names, estimate_of(shop.policies.exchange, command))
    limits = {name: parts.terms(name).daily_spend_msat for name in names}
    if not all(limits.values()):
        return {}
    return {
        spend_scope(area, name): limit - max(1, route.expected_msat.get(name, 0))
        for name, limit in limits.items()
    }


def check_spent(tx: Tx, budgets: Budgets) -> None:
    """Raises ``DestinationRefused`` if all ``budgets`` are spent."""
    if not budgets:
        return
    spent = spends.sold(tx, list(budgets))
    if all(spent.get(scope, 0) > most for scope, most in budgets.items()):
        raise DestinationRefused(
            "The carriers of this shop have cost what they may cost today.",
            code="NO_CARRIER",
            suggestion="Try again tomorrow (UTC), or another shop. Nothing was charged.",
        )
