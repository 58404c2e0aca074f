"""JSON as a literal of a language."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

WIDTH: Final = 72
"""Longer lines are broken: a page shows about so many characters."""


@dataclass(frozen=True, slots=True)
class Literals:
    """``text`` writes a string, with variables in it; ``words`` are true, false and null."""

    text: Callable[[str], str]
    words: Mapping[bool | None, str]
    indent: str

    def write(self, value: Any) -> str:
        """On one line if it fits, else an entry a line."""
        line = self._inline(value)
        if len(line) <= WIDTH or not isinstance(value, dict):
            return line
        entries = (f"{self._entry(*each)},\n" for each in value.items())
        return "{\n" + "".join(self.indent + each for each in entries) + "}"

    def _inline(self, value: Any) -> str:
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool):
            return self.words[value]
        if isinstance(value, dict):
            return "{" + ", ".join(self._entry(*each) for each in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self._inline, value)) + "]"
        return json.dumps(value)

    def _entry(self, name: str, value: Any) -> str:
        return f"{self.text(name)}: {self._inline(value)}"


def indented(text: str, by: str) -> str:
    return "\n".join(by + line for line in text.splitlines())
