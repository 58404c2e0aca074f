"""Money by day as bars of an SVG: margin on top of what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ringbolt.app.operator.money_report import DayOfMoney

WIDTH: Final = 720
HEIGHT: Final = 220
_LEFT: Final = 56
_TOP: Final = 16
_BASE: Final = 196
_BAR: Final = 0.62
"""Of a day's width."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A day: cost from the base, margin on top of it; pixels."""

    day: DayOfMoney
    x: float
    width: float
    cost_y: float
    cost_height: float
    margin_y: float
    margin_height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Chart:
    """``lines``: heights with their sats. ``is_empty``: nothing was earned or spent."""

    bars: tuple[Bar, ...]
    lines: tuple[tuple[float, int], ...]
    is_empty: bool
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    base: int = _BASE


def chart_of(days: Sequence[DayOfMoney]) -> Chart:
    """The chart of these days, the oldest first."""
    highest = max((max(day.earned, day.cost) for day in days), default=0) // 1000
    top = _round_up(highest)
    scale = (_BASE - _TOP) / (top * 1000)
    step = (WIDTH - _LEFT) / max(1, len(days))
    bars = []
    for n, day in enumerate(days):
        cost, margin = day.cost * scale, max(0, day.margin) * scale
        bars.append(
            Bar(
                day=day,
                x=round(_LEFT + step * (n + (1 - _BAR) / 2), 1),
                width=round(step * _BAR, 1),
                cost_y=round(_BASE - cost, 1),
                cost_height=round(cost, 1),
                margin_y=round(_BASE - cost - margin, 1),
                margin_height=round(margin, 1),
            )
        )
    lines = tuple((round(_BASE - sats * 1000 * scale, 1), sats) for sats in (top // 2, top))
    return Chart(tuple(bars), lines, highest == 0)


def _round_up(sats: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100, ... that holds so many."""
    unit = 1
    while True:
        for factor in (2, 4, 10):
            if factor * unit >= sats:
                return factor * unit
        unit *= 10
