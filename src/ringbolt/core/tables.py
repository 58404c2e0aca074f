"""Tables in CSV: those that come with the package, and the operator's own.

A line that begins with '#' is a comment. A field that holds a list separates its entries by '|'.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib import resources


def table_lines(text: str) -> list[str]:
    """The header and the rows, without comments and without the byte order mark that spreadsheets
    put in front."""
    return [
        line
        for line in text.removeprefix("\ufeff").splitlines()
        if line.strip() and not line.startswith("#")
    ]


def table_rows(text: str) -> Iterator[dict[str, str]]:
    """The rows by column. Raises ``ValueError`` for one with other fields than the header has."""
    header, *rows = csv.reader(table_lines(text))
    for row in rows:
        yield dict(zip(header, row, strict=True))


def shipped_rows(package: str, name: str) -> Iterator[dict[str, str]]:
    """The rows of the table of that name in ``package``."""
    return table_rows(resources.files(package).joinpath(name).read_text(encoding="utf-8"))


def entries(field: str) -> tuple[str, ...]:
    """The entries of a field that holds a list; none if it is empty."""
    return tuple(field.split("|")) if field else ()
