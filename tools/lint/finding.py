"""What a rule finds, and where."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """``what`` breaks a rule, at ``line`` of ``path``."""

    path: Path
    line: int
    what: str

    def line_from(self, root: Path) -> str:
        return f"{self.path.relative_to(root)}:{self.line}: {self.what}"


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def called_name(call: ast.Call) -> str:
    """The last part of what is called: ``c`` of ``a.b.c()``."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""
