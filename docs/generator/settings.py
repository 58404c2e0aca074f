"""``docs/settings.md`` and ``ringbolt.sample.toml``: every option, from the pydantic model."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from generator.markdown import code, page, table
from ringbolt.settings import CONFIG_VARIABLE, DEFAULT_CONFIG, Settings

_WIDTH = 96

_INTRO = f"""\
Nothing needs to be set: without any configuration a shop opens with play money and simulated
phones. Options are read from `{DEFAULT_CONFIG}` in the working directory, or from the file that
`{CONFIG_VARIABLE}` names, and from `RINGBOLT_*` variables, which win. A name in the file that is
not in these tables is refused at the start; `ringbolt doctor` names variables that are not.

[ringbolt.sample.toml](../ringbolt.sample.toml) holds them all, commented out, ready to be copied.
Amounts are in sats, times in seconds unless the name says otherwise. In a variable, a list is
separated by commas, and a section's options carry its name: `[calls] charge_on` is
`RINGBOLT_CALLS_CHARGE_ON`."""

_SAMPLE_HEAD = f"""\
# Every option of Ringbolt with its default. Copy this file to {DEFAULT_CONFIG} and remove the '#'
# directly before the options that you want to change. RINGBOLT_* variables win over this file.
# Written by docs/generate.py from the code (make docs); docs/settings.md is the same as a page."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option: ``section`` is '' at the top; ``default`` as TOML writes it."""

    section: str
    name: str
    kind: str
    default: str
    range: str
    description: str

    @property
    def variable(self) -> str:
        return "_".join(["RINGBOLT", self.section, self.name]).replace("__", "_").upper()


def sections() -> dict[str, list[Option]]:
    """Every option by section, '' (the top) first."""
    found: dict[str, list[Option]] = {"": []}
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            inner = field.annotation.model_fields
            found[name] = [_option(name, key, option) for key, option in inner.items()]
        else:
            found[""].append(_option("", name, field))
    return found


def _option(section: str, name: str, field: FieldInfo) -> Option:
    if not field.description:
        raise ValueError(f"the option {section} {name} has no description")
    return Option(
        section,
        name,
        _kind(field.annotation),
        toml(field.default),
        _range(field),
        field.description,
    )


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(code(value) for value in get_args(annotation))
    if get_origin(annotation) is tuple:
        return "list of text"
    names = {bool: "true or false", int: "integer", float: "number", str: "text", Path: "path"}
    return {**names, SecretStr: "text, secret"}[annotation]


def _range(field: FieldInfo) -> str:
    words = []
    for limit in field.metadata:
        match limit:
            case Ge(ge):
                words.append(f"≥ {ge}")
            case Gt(gt):
                words.append(f"> {gt}")
            case Le(le):
                words.append(f"≤ {le}")
    return ", ".join(words)


def toml(value: Any) -> str:
    """A default as a TOML value. Raises ``TypeError`` for a kind that has none here."""
    match value:
        case bool():
            return str(value).lower()
        case SecretStr():
            return toml(value.get_secret_value())
        case int() | float():
            return str(value)
        case str() | Path():
            return json.dumps(str(value))
        case tuple():
            return f"[{', '.join(map(toml, value))}]"
    raise TypeError(f"{value!r} cannot be written as TOML")


def render_page() -> str:
    blocks = [_INTRO]
    for section, options in sections().items():
        blocks.append(f"## [{section}]" if section else "## Top of the file")
        blocks.append(
            table(
                ("option", "variable", "type", "default", "range", "meaning"),
                (
                    (
                        code(o.name),
                        code(o.variable),
                        o.kind,
                        code(o.default),
                        o.range,
                        o.description,
                    )
                    for o in options
                ),
            )
        )
    return page("Settings", *blocks)


def render_sample() -> str:
    blocks = [_SAMPLE_HEAD]
    for section, options in sections().items():
        if section:
            blocks.append(f"[{section}]")
        blocks += ["\n".join(_sample_lines(option)) for option in options]
    return "\n\n".join(blocks) + "\n"


def _sample_lines(option: Option) -> Iterator[str]:
    text = option.description
    if option.kind.startswith("one of"):
        text += f" {option.kind.replace('`', '').capitalize()}."
    if option.range:
        text += f" ({option.range})"
    for line in textwrap.wrap(text, _WIDTH):
        yield f"# {line}"
    yield f"#{option.name} = {option.default}"
