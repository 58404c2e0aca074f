"""Many own numbers at once, from a CSV: all of them, or none and the reason."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import Any, Final

from ringbolt.app.operator.own_numbers import add_number
from ringbolt.core.errors import InvalidInput
from ringbolt.core.tables import table_lines
from ringbolt.store import pool
from ringbolt.store.engine.db import Tx

COLUMNS: Final = ("number", "country", "label")
MOST_CHARS: Final = 60_000
"""A longer file is to be split: it is one request and one transaction."""
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A row of the table. ``n``: its number, from 1."""

    n: int
    number: str
    country: str
    label: str


def import_numbers(tx: Tx, text: str) -> dict[str, Any]:
    """Offer the numbers of a CSV from now on; those that are offered already stay as they are.

    Raises ``InvalidInput`` that names the first row with a fault; then nothing is added.
    """
    rows = read_rows(text)
    known = {entry.number for entry in pool.listing(tx)}
    added = 0
    for row in rows:
        if row.number in known:
            continue
        try:
            add_number(tx, row.number, row.country, row.label)
        except InvalidInput as error:
            raise _fault(f"row {row.n} ({row.number[:_SHOWN]!r}): {error.message}") from None
        known.add(row.number)
        added += 1
    return {"added": added, "known": len(rows) - added}


def read_rows(text: str) -> list[NumberRow]:
    """The rows of a CSV of numbers. Raises ``InvalidInput``."""
    if len(text) > MOST_CHARS:
        raise _fault(f"it has more than {MOST_CHARS} characters: split it")
    lines = table_lines(text)
    if not lines:
        raise _fault("it is empty")
    # Spreadsheets of half the world write semicolons.
    separator = ";" if ";" in lines[0] and "," not in lines[0] else ","
    try:
        header, *rows = csv.reader(lines, delimiter=separator, strict=True)
    except csv.Error as error:
        raise _fault(f"it is no CSV ({error})") from None
    columns = [name.strip().lower() for name in header]
    if "number" not in columns or len(set(columns)) < len(columns):
        raise _fault("its first line must name the columns: number,country,label")
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise _fault(f"it has the column {unknown[0][:_SHOWN]!r}: write number,country,label")
    return [_row(n, columns, fields) for n, fields in enumerate(rows, 1)]


def _row(n: int, columns: list[str], fields: list[str]) -> NumberRow:
    if len(fields) != len(columns):
        raise _fault(f"row {n} has {len(fields)} fields, and the first line {len(columns)}")
    found = {name: text.strip() for name, text in zip(columns, fields, strict=True)}
    number = found["number"].replace(" ", "")
    return NumberRow(n, number, found.get("country", ""), found.get("label", ""))


def _fault(what: str) -> InvalidInput:
    return InvalidInput(
        f"The file of numbers cannot be imported: {what}.".replace("..", "."),
        suggestion="One number in E.164 format a line, below the line number,country,label.",
    )
