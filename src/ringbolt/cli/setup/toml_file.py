"""Writes a settings file with the meaning of each option beside it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ringbolt.settings import Settings

PRIVATE: Final = 0o600
"""Only its owner reads the file: it holds credentials."""
_HEAD: Final = """\
# The settings of a Ringbolt shop, written by 'ringbolt init'. Every option, with its default, is in
# docs/settings.md; 'ringbolt doctor' tests them. Credentials stand here: nobody else may read it.
"""


def render(document: Mapping[str, Any]) -> str:
    """The file for settings as ``Settings`` takes them: options, sections, lists of sections."""
    return "".join(f"{line}\n" for line in (_HEAD, *_lines(document)))


def write(path: Path, text: str) -> None:
    """Write the file whole or not at all. Raises ``OSError``."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    for name, value in document.items():
        if not isinstance(value, Mapping):
            yield from _option(name, value, _meaning(Settings, name))
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from _section(name, value)


def _section(name: str, section: Mapping[str, Any]) -> Iterator[str]:
    model = Settings.model_fields[name].annotation
    tables = {option: each for option, each in section.items() if _is_tables(each)}
    yield f"[{name}]"
    for option, value in section.items():
        if option not in tables:
            yield from _option(option, value, _meaning(model, option))
    if len(tables) == len(section):
        yield ""
    for option, parts in tables.items():
        for part in parts:
            yield f"[[{name}.{option}]]"
            for key, value in part.items():
                yield f"{key} = {_value(value)}"
            yield ""


def _option(name: str, value: Any, meaning: str) -> Iterator[str]:
    if meaning:
        yield f"# {meaning}"
    yield f"{name} = {_value(value)}"
    yield ""


def _meaning(model: Any, option: str) -> str:
    fields = getattr(model, "model_fields", {})
    return (fields[option].description or "") if option in fields else ""


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _value(value: Any) -> str:
    # JSON writes texts, numbers, booleans and lists as TOML reads them.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
