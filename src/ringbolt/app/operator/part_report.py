"""Carriers, providers and mail servers for the operator: state, success, cost and earnings."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringbolt.app.part_limits import spend_scope
from ringbolt.registry.settings import PartSettings, Priced
from ringbolt.store import part_figures, part_states, spends
from ringbolt.store.engine.db import Tx
from ringbolt.store.part_figures import PartFigures

DAYS: Final = 7
"""How long the orders are ago that are counted."""
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class KnownPart:
    """A part as the settings have it. ``serves``: its destinations in words."""

    area: str
    settings: PartSettings
    is_simulated: bool
    serves: str


def report_parts(
    tx: Tx, known: Collection[KnownPart], areas: Collection[str]
) -> list[dict[str, Any]]:
    """A document for each part of the ``areas``, in the order of the settings; last those that are
    gone from the settings and that orders wait for."""
    figures = part_figures.of_parts(tx, tx.now_ms - DAYS * _DAY_MS)
    states = part_states.listing(tx)
    found = []
    for part in known:
        place = (part.area, part.settings.name)
        state = states.get(place)
        until_ms = 0 if state is None else state.left_alone_until_ms
        is_alone = until_ms > tx.now_ms
        spent = _spent(tx, part)
        found.append(
            {
                "area": part.area,
                "name": part.settings.name,
                "type": part.settings.type,
                "simulated": part.is_simulated,
                "serves": part.serves,
                "state": "left alone" if is_alone else "spent" if _is_spent(spent) else "asked",
                "left_alone_until_ms": until_ms if is_alone else None,
                "reason": state.reason if state is not None and until_ms else "",
                **_figures(figures.get(place, PartFigures())),
                **spent,
            }
        )
    names = {(part.area, part.settings.name) for part in known}
    for (area, name), each in sorted(figures.items()):
        if area in areas and (area, name) not in names and each.open:
            found.append(_gone(area, name, each))
    return found


def _figures(figures: PartFigures) -> dict[str, Any]:
    rate = figures.success_rate
    return {
        "days": DAYS,
        "asked": figures.asked,
        "open": figures.open,
        "refused": figures.refused,
        "unclear": figures.unclear,
        "delivered": figures.delivered,
        "success_percent": None if rate is None else round(100 * rate, 1),
        "cost_msat": figures.cost_msat,
        "cost_unbooked": [str(each) for each in figures.unbooked],
        "cost_unknown": figures.uncosted,
        "earned_msat": figures.earned_msat,
    }


def _spent(tx: Tx, part: KnownPart) -> dict[str, int | None]:
    """What it has cost today, and may."""
    scope = spend_scope(part.area, part.settings.name)
    spent: Mapping[str, int] = spends.sold(tx, [scope])
    limit = part.settings.daily_spend if isinstance(part.settings, Priced) else 0
    return {"spent_today_msat": spent.get(scope, 0), "daily_spend_msat": limit * 1000 or None}


def _is_spent(spent: Mapping[str, int | None]) -> bool:
    return (spent["spent_today_msat"] or 0) >= (spent["daily_spend_msat"] or math.inf)


def _gone(area: str, name: str, figures: PartFigures) -> dict[str, Any]:
    return {
        "area": area,
        "name": name,
        "type": "",
        "simulated": None,
        "serves": "",
        "state": "gone",
        "left_alone_until_ms": None,
        "reason": "not in the settings any more, and orders wait for it",
        **_figures(figures),
        "spent_today_msat": None,
        "daily_spend_msat": None,
    }
