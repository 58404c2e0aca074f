"""What reading a text gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """``text`` as it is spoken; ``unspoken``: the signs beside digits for which there is no word in
    the language, and keys of a telephone without one."""

    text: str
    unspoken: tuple[str, ...] = ()
