"""Settings whose sections belong to the parts that they describe: ``[[calls.carriers]]``,
``[node]`` and the like. ``type`` says which part's own model a section is read by.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ringbolt.registry.settings import PartSettings
from ringbolt.registry.types import TYPE, PartTypes, PartUnusable
from ringbolt.settings.wording import did_you_mean, plain

FAULTS: Final = "part_faults"
"""The type of a pydantic error whose ``ctx['faults']`` are ``PartFault``s."""
SIMULATED: Final = "simulated"


@dataclass(frozen=True, slots=True)
class PartFault:
    """What is wrong with one setting of a part, in plain words and without its value.

    ``where``: which entry of a list, e.g. ``[trunk]``; '' for a section of its own. ``known``: the
    options that there are, if this one is none.
    """

    where: str
    option: str
    said: str
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfTypes:
    """Annotates a setting that holds the section of one part, or (``many``) a list of them.

    ``default`` is the type of a section that names none, and of the one part that there is if
    nothing is configured; in a list each entry names its own. A list may be given as JSON, as a
    variable has it. ``reserved``: names that only parts of one type may have, with that type.
    """

    types: PartTypes[Any, Any]
    default: str = SIMULATED
    many: bool = False
    reserved: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        read = self._read_list if self.many else self._read_one
        return core_schema.no_info_plain_validator_function(read)

    def default_part(self) -> Any:
        """What a section that says nothing describes."""
        return self._read_one({})

    def default_list(self) -> tuple[Any, ...]:
        """The one part that there is if none is configured."""
        return (self.default_part(),)

    def _read_one(self, raw: object) -> PartSettings:
        if isinstance(raw, PartSettings):
            return raw
        if not isinstance(raw, Mapping):
            raise _faulty([PartFault("", "", "it must be a section with a type")])
        return self._read(dict(raw), self.default, "")

    def _read_list(self, raw: object) -> tuple[PartSettings, ...]:
        if isinstance(raw, str):
            raw = _decoded(raw)
        if not isinstance(raw, list | tuple):
            raise _faulty([PartFault("", "", "it must be a list of sections, each with a type")])
        found: list[PartSettings] = []
        faults: list[PartFault] = []
        for n, each in enumerate(raw, 1):
            try:
                found.append(self._read_entry(each, n))
            except PydanticCustomError as error:
                faults += (error.context or {})["faults"]
        faults += _twice(found)
        if faults:
            raise _faulty(faults)
        return tuple(found)

    def _read_entry(self, raw: object, n: int) -> PartSettings:
        if isinstance(raw, PartSettings):
            return raw
        if not isinstance(raw, Mapping):
            raise _faulty([PartFault(f"[{n}]", "", "it must be a section with a type")])
        section = dict(raw)
        name = section.get("name") or section.get("type")
        is_plain = isinstance(name, str) and TYPE.fullmatch(name)
        return self._read(section, "", f"[{name}]" if is_plain else f"[{n}]")

    def _read(self, section: dict[str, Any], default: str, where: str) -> PartSettings:
        """``where``: the section's place below the setting, for what is said about it."""
        chosen = section.get("type") or default
        known = self._found(chosen, where)
        named = {**section, "type": chosen, "name": section.get("name") or chosen}
        try:
            part = known.model_validate(named)
        except ValidationError as error:
            raise _faulty(_told(error, where, known)) from None
        owner = self.reserved.get(part.name, part.type)
        if part.type != owner:
            said = f"only the part of type {owner} has this name; choose another"
            raise _faulty([PartFault(where, "name", said)])
        return part

    def _found(self, chosen: object, where: str) -> type[PartSettings]:
        if not chosen:
            said = f"it is missing; there are {', '.join(self.types.names)}"
        elif not isinstance(chosen, str) or not TYPE.fullmatch(chosen):
            said = f"this is no type; there are {', '.join(self.types.names)}"
        else:
            try:
                found = self.types.find(chosen)
            except PartUnusable as error:
                raise _faulty([PartFault(where, "type", str(error))]) from None
            if found is not None:
                return found.settings
            near = did_you_mean(chosen, self.types.names)
            said = f"there is no type {chosen}{near} There are {', '.join(self.types.names)}"
        raise _faulty([PartFault(where, "type", said)])


def _decoded(text: str) -> object:
    if not text.strip():
        return []
    try:
        return json.loads(text)
    except ValueError:
        said = 'this is not JSON; write a list such as [{"type": "simulated"}]'
        raise _faulty([PartFault("", "", said)]) from None


def _twice(found: Iterable[PartSettings]) -> list[PartFault]:
    names = [each.name for each in found]
    said = "two parts have this name; names must be unique, because orders record them"
    return [
        PartFault(f"[{name}]", "name", said)
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]


def _told(error: ValidationError, where: str, model: type[PartSettings]) -> list[PartFault]:
    faults = []
    for fault in error.errors(include_input=False, include_url=False):
        option = ".".join(str(part) for part in fault["loc"])
        is_unknown = fault["type"] == "extra_forbidden"
        known = tuple(model.model_fields) if is_unknown else ()
        faults.append(PartFault(where, option, plain(fault), known))
    return faults


def _faulty(faults: list[PartFault]) -> PydanticCustomError:
    return PydanticCustomError(FAULTS, "a part's settings are wrong", {"faults": faults})
