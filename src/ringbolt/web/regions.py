"""Names of regions, from the CLDR."""

from __future__ import annotations

from functools import cache


@cache
def region_name(region: str) -> str:
    """The English name of an ISO 3166 region; '' if it has none."""
    if not region:
        return ""
    from babel import Locale  # noqa: PLC0415 - its data take a while to load

    return str(Locale("en").territories.get(region, ""))
