"""SQL is spoken in ``store/`` and, for the simulated world's own file, in ``simulator/file/``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.lint.finding import Finding, called_name

HOMES = (Path("src/ringbolt/store"), Path("src/ringbolt/simulator/file"))
LIBRARIES = frozenset({"sqlalchemy", "sqlite3", "aiosqlite", "asyncpg", "alembic"})
CALLS = frozenset({"execute", "executemany", "executescript", "exec_driver_sql"})
STATEMENT = re.compile(
    r"\s*(SELECT\s+[\w*'(]|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|"
    r"(CREATE|ALTER|DROP)\s+(UNIQUE\s+)?(TABLE|INDEX|TRIGGER|VIEW|DATABASE)\s|PRAGMA\s+\w|"
    r"BEGIN\s+IMMEDIATE|WITH\s+\w+\s+AS\s*\()"
)


def may_hold_sql(path: Path) -> bool:
    """``path`` is relative to the repository."""
    return any(path.is_relative_to(home) for home in HOMES)


def check(path: Path, tree: ast.Module) -> Iterator[Finding]:
    prose = _docstrings(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                imported = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), level=0):
                imported = [module]
            case ast.Call() if called_name(node) in CALLS:
                yield Finding(path, node.lineno, f"{called_name(node)}() outside of the store")
                continue
            case ast.Constant(value=str(text)) if id(node) not in prose and STATEMENT.match(text):
                yield Finding(path, node.lineno, f"SQL outside of the store: {text.split()[0]} ...")
                continue
            case _:
                continue
        for name in imported:
            if name.split(".")[0] in LIBRARIES:
                yield Finding(path, node.lineno, f"{name} is imported outside of the store")


def _docstrings(tree: ast.Module) -> set[int]:
    """The ids of strings that stand as statements: prose, whatever they begin with."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
