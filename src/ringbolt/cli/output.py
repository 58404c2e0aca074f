"""Output of the command line: tables on a terminal, JSON in a pipe, progress on stderr."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from ringbolt.cli.exit_codes import EXIT_FAILED, EXIT_OK

_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters, which steer terminals, and marks that change the order of what is read."""


def shown(value: Any) -> str:
    """A value as one line for a terminal: reasons, texts and addresses come from strangers."""
    return _UNPRINTABLE.sub("\ufffd", str(value))


class Progress:
    """Lines for a person, on stderr."""

    def print(self, text: str) -> None:
        # rich takes longer to load than most commands take to run
        from rich.console import Console

        Console(stderr=True, highlight=False).print(text, soft_wrap=True)


progress = Progress()


def is_terminal() -> bool:
    """Whether somebody reads: tables are printed then, else JSON."""
    return sys.stdout.isatty()


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_json_line(value: Any) -> None:
    """One document on one line, written at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table for somebody at a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", show_edge=False)
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))  # else brackets are markup
    Console(highlight=False).print(table)


def print_facts(facts: dict[str, Any]) -> None:
    """Names and values, one a line."""
    width = max(map(len, facts))
    for name, value in facts.items():
        sys.stdout.write(f"{name.ljust(width)}  {shown(value)}\n")


def print_done(document: dict[str, Any], sentence: str) -> int:
    """What a command did: ``sentence`` on a terminal, ``document`` in a pipe; the exit code."""
    if is_terminal():
        sys.stdout.write(f"{shown(sentence)}\n")
    else:
        print_json(document)
    return EXIT_OK


def print_list(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    documents: list[dict[str, Any]],
) -> int:
    """What a command found: a table on a terminal, ``documents`` in a pipe; the exit code."""
    if is_terminal():
        print_table(title, columns, rows)
    else:
        print_json(documents)
    return EXIT_OK


def day(ms: int | None) -> str:
    """A timestamp as a table shows it, UTC; '' for None."""
    return "" if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def say_shop(url: str, how: str) -> None:
    """Which shop a command talks to, on stderr."""
    sys.stderr.write(f"shop: {url} ({how})\n")


def fail(message: str, code: int = EXIT_FAILED) -> int:
    """Print an error on stderr; returns the exit code."""
    from rich.markup import escape

    progress.print(f"[bold red]error:[/] {escape(message)}")
    return code
