"""Each test shows what it checks; none waits for a fixed time or fails on a slow machine."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.lint.finding import Finding, called_name

EXPECTATIONS = frozenset(
    {
        "raises",
        "warns",
        "fail",
        "run_state_machine_as_test",
        "to_have_text",
    }
)
"""Calls that fail a test by themselves, as functions named ``assert_...`` do."""

_CLOCKS = frozenset({"monotonic", "perf_counter", "process_time", "time", "time_ns"})


def check(path: Path, tree: ast.Module) -> Iterator[Finding]:
    """What breaks a rule in a file of tests."""
    yield from check_assertions(path, tree)
    for node in ast.walk(tree):
        match node:
            case ast.Assert() if _limits_elapsed_time(node):
                yield Finding(
                    path, node.lineno, "a limit on elapsed time: assert what happened instead"
                )
            case ast.Call() if _sleeps(node):
                yield Finding(
                    path, node.lineno, "a fixed sleep: wait for something with support.waiting"
                )


def check_assertions(path: Path, tree: ast.Module) -> Iterator[Finding]:
    """Tests and functions named ``assert_...`` that cannot fail."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if name.startswith(("test_", "assert_")) and not _checks_something(node):
                    yield Finding(path, node.lineno, f"{name} shows no assertion")
            case ast.Assert(test=ast.Constant()):
                yield Finding(path, node.lineno, "an assertion on a constant")


def _checks_something(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """An assertion in a function inside that is never used checks nothing."""
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    left: list[ast.AST] = list(function.body)
    while left:
        node = left.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name not in used:
                continue
            case ast.Assert(test=test) if not isinstance(test, ast.Constant):
                return True
            case ast.Call() if _expects(node):
                return True
        left += ast.iter_child_nodes(node)
    return False


def _expects(call: ast.Call) -> bool:
    name = called_name(call)
    return name.startswith("assert_") or name in EXPECTATIONS


def _limits_elapsed_time(assertion: ast.Assert) -> bool:
    """``clock() - began < limit``. That a machine was not too fast may be asserted."""
    return any(
        isinstance(node, ast.Compare)
        and isinstance(node.ops[-1], ast.Lt | ast.LtE)
        and _reads_clock(node.comparators[-2] if len(node.comparators) > 1 else node.left)
        for node in ast.walk(assertion.test)
    )


def _reads_clock(expression: ast.expr) -> bool:
    return isinstance(expression, ast.BinOp) and any(
        isinstance(node, ast.Call) and called_name(node) in _CLOCKS for node in ast.walk(expression)
    )


def _sleeps(call: ast.Call) -> bool:
    """``sleep(0)`` only lets other tasks have a turn."""
    match call:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="asyncio" | "time"), attr="sleep")
            | ast.Name(id="sleep")
        ):
            return not (
                len(call.args) == 1
                and isinstance(call.args[0], ast.Constant)
                and call.args[0].value == 0
            )
        case _:
            return False
