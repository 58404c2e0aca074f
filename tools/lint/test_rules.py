"""Each test shows what it checks, and none waits for a fixed time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.lint.finding import Finding, called_name

EXPECTATIONS = frozenset({"raises", "warns", "fail", "run_state_machine_as_test"})
"""Calls that fail a test by themselves, as functions named ``assert_...`` do."""


def check(path: Path, tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if name.startswith("test_") and not _checks_something(node):
                    yield Finding(path, node.lineno, f"{name} shows no assertion")
            case ast.Call() if _sleeps(node):
                yield Finding(
                    path, node.lineno, "a fixed sleep: wait for something with support.waiting"
                )


def _checks_something(test: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and _expects(node))
        for node in ast.walk(test)
    )


def _expects(call: ast.Call) -> bool:
    name = called_name(call)
    return name.startswith("assert_") or name in EXPECTATIONS


def _sleeps(call: ast.Call) -> bool:
    """``sleep(0)`` only lets other tasks have a turn."""
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="asyncio" | "time"), attr="sleep")):
            return not (
                len(call.args) == 1
                and isinstance(call.args[0], ast.Constant)
                and call.args[0].value == 0
            )
        case _:
            return False
