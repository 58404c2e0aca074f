"""``docs/errors.md``: every error code, found in the code, with the meaning written for it.

A code is any text in capitals with an underscore, wherever it stands, and whatever is given as
``code`` or ``default_code``. One that is new fails the check until it has a meaning.
"""

from __future__ import annotations

import ast
import csv
import functools
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from generator.error_meanings import GROUPS, NOT_CODES, Meaning
from generator.markdown import code, page, table

_CODE = re.compile(r"(?!RINGBOLT_)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_WORD = re.compile(r"[A-Z][A-Z0-9_]+")
_OPEN_CODE = re.compile(r"(?!RINGBOLT_)[A-Z]+_")
_FOREIGN = re.compile(r"numbers/handler_")
"""Modules with the words of a provider's protocol, which no buyer sees as codes."""
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_NAMES = frozenset({"code", "error_code", "default_code"})

_OF_FIELDS = {"wrong": 2, "Sentence": 1}
"""What makes an error of a field, and where the code stands among its arguments."""

_TABLE_NOTICE = """\
# Every error code, for /api/error-codes.
# Written by docs/generate.py from the code (make docs). Do not edit.
"""
_INTRO = """\
An error is a document of type `application/problem+json` (RFC 9457) with `status`, `title`,
`detail` and `type`, and beside them `error` (the same sentence as `detail`), `error_code`,
`suggestion` and, where one field is at fault, `field`. The code stands in the header
`X-Error-Code` too. Codes are stable, sentences are not: test for the code.

`charged: false` says that nothing was paid or taken. Errors that are worth a second try say when in
`Retry-After`.

The orders API answers as sms4sats does: `{"status": "error", "reason": "...", "error_code": "...",
"suggestion": "...", "field": "..."}`, with the statuses below, or with 500 for everything if the
operator wants that (`compat.errors_as_500`). An order that came to nothing is no error: it is a 200
with `error` in the [order's document](orders.md#the-order-as-it-stands).

The voice API answers in its envelope: `replyCode` is the status, `replyMessage` the sentence, and
code, field and suggestion stand in [`error.internalErrors`](voice.md#the-envelope).

LNURL answers differ, as LUD-03 wants it: HTTP 200 with `{"status": "ERROR", "reason": "..."}`."""


class ErrorPageFault(Exception):
    """The page cannot be written: a code without a meaning, or a meaning without a code."""


@dataclass(slots=True)
class _Found:
    """What the source says: ``statuses`` by code, ``classes`` by name."""

    statuses: dict[str, set[int]] = field(default_factory=dict)
    classes: dict[str, tuple[tuple[str, ...], dict[str, object]]] = field(default_factory=dict)
    overrides: dict[str, set[int]] = field(default_factory=dict)

    def add(self, name: str, status: int | None = None) -> None:
        known = self.statuses.setdefault(name, set())
        if status is not None:
            known.add(status)

    def of_class(self, name: str, attribute: str) -> object:
        """An attribute of an error class or of the nearest base that has it; else None."""
        bases, attributes = self.classes.get(name, ((), {}))
        if attribute in attributes:
            return attributes[attribute]
        inherited = (self.of_class(base, attribute) for base in bases)
        return next((value for value in inherited if value is not None), None)


@functools.cache
def codes(source: Path) -> dict[str, set[int]]:
    """Every error code in the Python files under ``source``, with the HTTP statuses it is seen
    with; none where the code is not given to an error class directly."""
    paths = (path for path in sorted(source.rglob("*.py")) if not _FOREIGN.search(str(path)))
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    found = _Found()
    for tree in trees:
        _read_classes(tree, found)
    for tree in trees:
        for node in ast.walk(tree):
            _read(node, found)
    statuses = found.statuses | found.overrides
    return {name: status for name, status in statuses.items() if name not in NOT_CODES}


def _read_classes(tree: ast.Module, found: _Found) -> None:
    constants = dict(_assigned(tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            attributes = dict(_assigned(node.body))
            default = attributes.get("default_code")
            if isinstance(default, ast.Name):
                attributes["default_code"] = constants.get(default.id)
            bases = tuple(base.id for base in node.bases if isinstance(base, ast.Name))
            found.classes[node.name] = (bases, attributes)


def _assigned(body: Iterable[ast.stmt]) -> Iterator[tuple[str, object]]:
    """Plain names that are set to a constant (its value) or to another name (the node)."""
    for statement in body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            value = statement.value
            if isinstance(value, ast.Constant):
                yield statement.targets[0].id, value.value
            elif isinstance(value, ast.Name):
                yield statement.targets[0].id, value


def _read(node: ast.AST, found: _Found) -> None:
    match node:
        case ast.Constant(value=str(text)) if _CODE.fullmatch(text):
            found.add(text)
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), ast.FormattedValue()]):
            if _OPEN_CODE.fullmatch(text):
                found.add(f"{text}*")
        case ast.ClassDef():
            _read_default(node.name, found)
        case ast.Call():
            _read_call(node, found)
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in _NAMES:
                    _read_word(value, found, None)
                _read_override(key, value, found)


def _read_override(key: ast.expr | None, value: ast.expr, found: _Found) -> None:
    """``{"CODE": 422}``: a code with another HTTP status than its class has."""
    match key, value:
        case ast.Constant(value=str(name)), ast.Constant(value=int(status)) if (
            _CODE.fullmatch(name) and 400 <= status <= 599
        ):
            found.overrides[name] = {status}


def _read_default(class_name: str, found: _Found) -> None:
    default, status = found.of_class(class_name, "default_code"), _status(class_name, found)
    if isinstance(default, str) and status is not None:
        found.add(default, status)


def _read_call(call: ast.Call, found: _Found) -> None:
    match call.func:
        case ast.Name(id=called) | ast.Attribute(attr=called) if called in _OF_FIELDS:
            place = _OF_FIELDS[called]
            if len(call.args) > place:
                _read_word(call.args[place], found, _status("InvalidInput", found))
    name = _class_of(call.func)
    for keyword in call.keywords:
        if keyword.arg in _NAMES:
            _read_word(keyword.value, found, _status(name, found))


def _class_of(called: ast.expr) -> str:
    """The error class that is called, by itself or by its ``about``; '' for anything else."""
    match called:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id=name), attr="about"):
            return name
    return ""


def _read_word(value: ast.expr, found: _Found, status: int | None) -> None:
    match value:
        case ast.Constant(value=str(text)) if _WORD.fullmatch(text):
            found.add(text, status)


def _status(class_name: str, found: _Found) -> int | None:
    status = found.of_class(class_name, "status")
    return status if isinstance(status, int) else None


def check(found: dict[str, set[int]], meanings: dict[str, Meaning]) -> None:
    """Raises ``ErrorPageFault`` unless every code has a meaning, a status, and the other way."""
    faults = [f"{name} has no meaning" for name in sorted(found.keys() - meanings.keys())]
    faults += [f"{name} is not in the code" for name in sorted(meanings.keys() - found.keys())]
    for name in sorted(found.keys() & meanings.keys()):
        seen, written = found[name], meanings[name].status
        if not seen and written is None:
            faults.append(f"{name} has no HTTP status: write it down with its meaning")
        if seen and written is not None and seen != {written}:
            faults.append(f"{name} is HTTP {written} here, but {sorted(seen)} in the code")
    if faults:
        raise ErrorPageFault(f"docs/generator/error_meanings.py: {'; '.join(faults)}")


def render(source: Path) -> str:
    found = codes(source)
    check(found, {name: m for _, _, group in GROUPS for name, m in group.items()})
    columns = ("code", "HTTP", "meaning", "what to do")
    blocks = [_INTRO]
    for title, text, group in GROUPS:
        rows = (_row(name, meaning, found[name]) for name, meaning in group.items())
        blocks += [f"## {title}", text, table(columns, rows)]
    return page("Error codes", *blocks)


def render_table(source: Path) -> str:
    """The same codes as CSV, for the shop to serve."""
    found = codes(source)
    check(found, {name: m for _, _, group in GROUPS for name, m in group.items()})
    text = io.StringIO(_TABLE_NOTICE)
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("code", "statuses", "when", "meaning", "what_to_do"))
    for title, _, group in GROUPS:
        for name, meaning in group.items():
            statuses = sorted(found[name]) or _numbers(meaning.status)
            words = (_LINK.sub(r"\1", each) for each in (meaning.means, meaning.do))
            writer.writerow((name, "|".join(map(str, statuses)), title, *words))
    return text.getvalue()


def _numbers(status: int | str | None) -> list[int]:
    return [status] if isinstance(status, int) else []


def _row(name: str, meaning: Meaning, seen: set[int]) -> tuple[str, str, str, str]:
    status = ", ".join(map(str, sorted(seen))) or str(meaning.status)
    return code(name), status, meaning.means, meaning.do
