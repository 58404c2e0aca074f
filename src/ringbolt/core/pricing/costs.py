"""What a segment of a text costs the shop, by the longest prefix.

A destination without a cost is not sold, and none is sold below its cost.
"""

from __future__ import annotations

import csv

from ringbolt.core.errors import DestinationRefused, Role
from ringbolt.core.tables import table_lines


class TextCostError(ValueError):
    """The list cannot be used; the message names the row and what is wrong with it."""


class TextCosts:
    """Costs in sats per segment by prefix (digits without '+'). Immutable."""

    def __init__(self, costs: dict[str, int]) -> None:
        if not costs:
            raise TextCostError("the list of costs is empty: no text could be sent")
        self._costs = dict(costs)
        self._longest = max(map(len, costs))

    def __len__(self) -> int:
        return len(self._costs)

    def cost(self, number: str) -> int | None:
        """The most that a segment to an E.164 number can cost, sats; None if it is not sold."""
        digits = number[1 : 1 + self._longest]
        for length in range(len(digits), 0, -1):
            cost = self._costs.get(digits[:length])
            if cost is not None:
                return cost
        return None

    def check(self, number: str, sats_per_segment: int) -> None:
        """Raises ``DestinationRefused`` if a text to ``number`` is not sold at that price."""
        cost = self.cost(number)
        if cost is None or cost > sats_per_segment:
            raise DestinationRefused(
                f"Texts to {number} are not offered here: "
                + ("the destination has no price." if cost is None else "they cost too much."),
                code="DESTINATION_NOT_OFFERED",
                role=Role.DESTINATION,
                suggestion="Text another country, or ask the operator to offer this one.",
            )


def parse_csv(text: str) -> TextCosts:
    """From CSV with the header ``prefix,cost_sats_per_segment,label``; lines that begin with '#'
    are comments. Raises ``TextCostError``."""
    costs: dict[str, int] = {}
    for n, row in enumerate(csv.DictReader(table_lines(text)), 1):
        prefix = (row.get("prefix") or "").strip().removeprefix("+")
        cost = (row.get("cost_sats_per_segment") or "").strip()
        if not (prefix.isascii() and prefix.isdigit() and len(prefix) <= 15):
            raise TextCostError(f"row {n}: a prefix is 1 to 15 digits without '+'")
        if not (cost.isascii() and cost.isdigit()):
            raise TextCostError(f"row {n}: the cost must be a whole number of sats")
        if prefix in costs:
            raise TextCostError(f"row {n}: prefix {prefix} stands twice")
        costs[prefix] = int(cost)
    return TextCosts(costs)
