"""``docs/settings.md`` and ``ringbolt.sample.toml``: every option, from the pydantic model."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from generator.markdown import code, page, table
from ringbolt.registry.settings import PartSettings
from ringbolt.settings import CONFIG_VARIABLE, DEFAULT_CONFIG, Settings
from ringbolt.settings.parts import OfTypes

_WIDTH = 96

_INTRO = f"""\
Nothing needs to be set: without any configuration a shop opens with play money and simulated
phones. Options are read from `{DEFAULT_CONFIG}` in the working directory, or from the file that
`{CONFIG_VARIABLE}` names, and from `RINGBOLT_*` variables, which win. A name in the file or among
those variables that is not in these tables is refused at the start.

[ringbolt.sample.toml](../ringbolt.sample.toml) holds them all, commented out, ready to be copied.
Amounts are in sats, times in seconds unless the name says otherwise. In a variable, a list is
separated by commas, and a section's options carry its name: `[calls] charge_on` is
`RINGBOLT_CALLS_CHARGE_ON`.

Carriers, providers of numbers, mail servers, the node and text to speech are parts, each of a
`type` with options of its own: see [parts](#parts) at the end."""

_PARTS = """\
Of each kind there may be one or many. With nothing configured there is one simulated part of each;
an empty list (`carriers = []`) leaves the kind out, and nothing of it is sold. In the file each has
a section of its own, and in a variable a list of them is JSON:

```toml
[[calls.carriers]]
type = "simulated"
name = "near"
prefixes = ["+1"]
cost = 2

[[calls.carriers]]
type = "simulated"
name = "far"
```

```
RINGBOLT_CALLS_CARRIERS='[{"type": "simulated", "name": "near", "prefixes": ["+1"], "cost": 2},
  {"type": "simulated", "name": "far"}]'
RINGBOLT_NODE_TYPE=lnd
```

A destination is asked of the part that names its longest prefix, of several the cheapest, of equal
ones the first; of the next only after a definite refusal, and never of a simulated one instead of
a real one. A part that failed several times in a row is asked last for half a minute. Who was asked
is written down under the part's `name`, and nobody else is asked about it afterwards: take a part
out of the settings when its last order is done (`ringbolt doctor` says so). More types come by
[plug-ins](howto-plug-in.md)."""

_SAMPLE_HEAD = f"""\
# Every option of Ringbolt with its default. Copy this file to {DEFAULT_CONFIG} and remove the '#'
# directly before the options that you want to change. RINGBOLT_* variables win over this file.
# Written by docs/generate.py from the code (make docs); docs/settings.md is the same as a page."""


_SAMPLE_PARTS = """\
# Parts: of each kind there may be many, of these types or of a plug-in's. docs/settings.md says
# what their options mean. A list above (carriers = ...) goes before you write sections of it."""


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


@dataclass(frozen=True, slots=True)
class PartTable:
    """The options of one type of part. ``heading``: how its section begins in the file;
    ``section``: '' for an entry of a list, which has no variables of its own."""

    heading: str
    section: str
    summary: str
    options: list[Option]


def parts() -> list[PartTable]:
    """Every type that is shipped, by where it is configured."""
    found: list[PartTable] = []
    for name, field in Settings.model_fields.items():
        found += _of_types(f"[{name}]", name, field)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            for key, option in field.annotation.model_fields.items():
                found += _of_types(f"[[{name}.{key}]]", "", option)
    return found


def _of_types(heading: str, section: str, field: FieldInfo) -> Iterator[PartTable]:
    of_types = next((each for each in field.metadata if isinstance(each, OfTypes)), None)
    if of_types is None:
        return
    for name in of_types.types.shipped:
        found = of_types.types.find(name)
        assert found is not None, "it is shipped"
        options = list(_options_of(section, "", found.settings))
        summary = (found.settings.__doc__ or "").strip().replace("\n    ", "\n")
        yield PartTable(f'{heading} type = "{name}"', section, summary, options)


def _options_of(section: str, above: str, model: type[BaseModel]) -> Iterator[Option]:
    """The options of a part; those of a table in it by their names below it."""
    for key, field in model.model_fields.items():
        if key == "type" and not above:  # the heading has it
            continue
        inner = _table_in(field.annotation)
        yield _option(section, f"{above}{key}", field)
        if inner is not None:
            yield from _options_of(section, f"{above}{key}.", inner)


def _table_in(annotation: Any) -> type[BaseModel] | None:
    """The model of a table that may be given or not."""
    models = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return next(
        (each for each in models if isinstance(each, type) and issubclass(each, BaseModel)), None
    )


def sections() -> dict[str, list[Option]]:
    """Every option by section, '' (the top) first; of a part's section those of its default."""
    found: dict[str, list[Option]] = {"": []}
    for name, field in Settings.model_fields.items():
        of_types = next((each for each in field.metadata if isinstance(each, OfTypes)), None)
        if of_types is not None:
            inner = type(of_types.default_part()).model_fields
            found[name] = [_option(name, key, option) for key, option in inner.items()]
            found[name][0] = replace(found[name][0], default=toml(of_types.default))
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            inner = field.annotation.model_fields
            found[name] = [_option(name, key, option) for key, option in inner.items()]
        else:
            found[""].append(_option("", name, field))
    return found


def _option(section: str, name: str, field: FieldInfo) -> Option:
    if not field.description:
        raise ValueError(f"the option {section} {name} has no description")
    default = "" if field.is_required() else toml(field.get_default(call_default_factory=True))
    return Option(
        section,
        name,
        _kind(field.annotation),
        default,
        _range(field),
        field.description,
    )


_LISTS = {str: "list of text", SecretStr: "list of text", int: "list of countries",
          PartSettings: "list of sections"}  # fmt: skip


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(code(value) for value in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return "one of " + ", ".join(code(value) for value in annotation)
    if get_origin(annotation) is dict or _table_in(annotation) is not None:
        return "table"
    if get_origin(annotation) is tuple:
        if get_origin(get_args(annotation)[0]) is Annotated:
            return "list of integers"
        return _LISTS[get_args(annotation)[0]]
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
        case bool() | None:
            return str(value).lower()
        case SecretStr():
            return toml(value.get_secret_value())
        case int() | float() | dict():
            return str(value)
        case str() | Path():
            return json.dumps(str(value))
        case tuple():
            return f"[{', '.join(map(toml, value))}]"
        case PartSettings():
            return f'{{ type = "{value.type}" }}'
    raise TypeError(f"{value!r} cannot be written as TOML")


def render_page() -> str:
    blocks = [_INTRO]
    for section, options in sections().items():
        blocks.append(f"## [{section}]" if section else "## Top of the file")
        blocks.append(_table(options, with_variables=True))
    blocks += ["## Parts", _PARTS]
    for part in parts():
        blocks += [f"### {code(part.heading)}", part.summary]
        blocks.append(_table(part.options, with_variables=bool(part.section)))
    return page("Settings", *blocks)


def _table(options: list[Option], *, with_variables: bool) -> str:
    head = ["option", "variable", "type", "default", "range", "meaning"]
    rows = [
        [code(o.name), code(o.variable), o.kind, code(o.default) if o.default else "must be given",
         o.range, o.description]
        for o in options
    ]  # fmt: skip
    if not with_variables:
        head, rows = [*head[:1], *head[2:]], [[*row[:1], *row[2:]] for row in rows]
    return table(head, rows)


def render_sample() -> str:
    blocks = [_SAMPLE_HEAD]
    for section, options in sections().items():
        if section:
            blocks.append(f"[{section}]")
        blocks += ["\n".join(_sample_lines(option)) for option in options]
    blocks.append(_SAMPLE_PARTS)
    for part in parts():
        heading, _, kind = part.heading.partition(" ")
        lines = [f"# {heading}", f"# {kind}"]
        lines += [f"# {o.name} = {o.default or '...'}" for o in part.options]
        blocks.append("\n".join(lines))
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
