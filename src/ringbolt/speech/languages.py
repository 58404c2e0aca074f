"""The languages that can be spoken, from ``languages.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ringbolt.core.tables import entries, shipped_rows


@dataclass(frozen=True, slots=True)
class Language:
    """``code``: ISO 639. ``detected``: statistics may choose it for a text of unknown language.

    ``espeak``: espeak-ng's name for it; ``espeak_regions``: its names for single regions;
    ``substitute``: the voice is that of a language nearby, because espeak-ng has none.
    """

    code: str
    script: str
    detected: bool
    aliases: tuple[str, ...]
    espeak: str
    espeak_regions: Mapping[str, str]
    substitute: bool = False

    def espeak_name(self, region: str) -> str:
        return self.espeak_regions.get(region, self.espeak)


def _load() -> dict[str, Language]:
    return {row["code"]: _language(row) for row in shipped_rows("ringbolt.speech", "languages.csv")}


def _language(row: dict[str, str]) -> Language:
    regions = dict(each.split("=", 1) for each in entries(row["espeak_regions"]))
    return Language(
        row["code"],
        row["script"],
        row["detected"] == "yes",
        entries(row["aliases"]),
        row["espeak"] or row["code"],
        MappingProxyType(regions),
        row["substitute"] == "yes",
    )


LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType(_load())
"""Every language by its code."""

BY_SCRIPT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        script: tuple(code for code, each in LANGUAGES.items() if each.script == script)
        for script in dict.fromkeys(each.script for each in LANGUAGES.values())
    }
)
"""The languages of each script; the first is what a short text in it is taken for."""

DETECTED: Final = frozenset(code for code, each in LANGUAGES.items() if each.detected)
"""Languages that statistics may choose; the others are spoken when named."""

ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {alias: code for code, each in LANGUAGES.items() for alias in each.aliases}
)
"""Other codes of the same languages."""
