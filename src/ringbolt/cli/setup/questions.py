"""Questions at a terminal, or answered by a script through the standard input."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo


def say(text: str = "") -> None:
    typer.echo(text)


def ask(question: str, usual: str = "", *, is_secret: bool = False) -> str:
    """A line; ``usual`` for an empty one. What is secret is not shown while it is typed."""
    hide = is_secret and sys.stdin.isatty()
    answer: str = typer.prompt(
        question, default=usual, show_default=bool(usual) and not is_secret, hide_input=hide
    )
    return answer.strip()


def choose(question: str, choices: Sequence[tuple[str, str]], usual: str) -> str:
    """One of ``choices`` (its name, and what it means), by its name or number."""
    say(question)
    for n, (name, meaning) in enumerate(choices, 1):
        say(f"  {n}  {name:<12} {meaning}")
    names = [name for name, _ in choices]
    while True:
        answer = ask("Which one", usual)
        if answer in names:
            return answer
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(names):
            return names[int(answer) - 1]
        say(f"Answer with a number from 1 to {len(names)}, or a name of the list.")


def confirm(question: str) -> bool:
    return typer.confirm(question, default=False)


def ask_whole(question: str, usual: int, least: int) -> int:
    """A whole number, ``least`` or more."""
    while True:
        answer = ask(question, str(usual)).replace(",", "").replace("_", "")
        if answer.isascii() and answer.isdigit() and len(answer) < 10 and int(answer) >= least:
            return int(answer)
        say(f"Write a whole number, {least} or more.")


def ask_field(name: str, field: FieldInfo) -> Any:
    """An option of a part, in the shape that the settings take; None if it is left out."""
    if field.description:
        say(f"  {field.description}")
    is_list = str(field.annotation).startswith("tuple")
    note = " (several with commas)" if is_list else ""
    while True:
        answer = ask(f"  {name}{note}", _usual(field), is_secret=_is_secret(field))
        if answer:
            parts = [each.strip() for each in answer.split(",")] if is_list else []
            return [each for each in parts if each] if is_list else answer
        if not field.is_required():
            return None
        say("  This one is needed.")


def _usual(field: FieldInfo) -> str:
    return str(field.default) if isinstance(field.default, str) else ""


def _is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr
