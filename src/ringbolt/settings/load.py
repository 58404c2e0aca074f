"""Reads the settings file and the environment, and explains what is wrong with them."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError as WrongVariable

from ringbolt.settings.errors import SettingsError
from ringbolt.settings.parts import FAULTS, OfTypes, PartFault
from ringbolt.settings.root import CONFIG_VARIABLE, DEFAULT_CONFIG, Settings
from ringbolt.settings.wording import PREFIX, did_you_mean, named, plain, variable

_OF_TESTS: Final = f"{PREFIX}TEST_"
"""Variables of the test suite, which are no settings of a shop."""
_NONE_SUCH: Final = "there is no such setting"


def load_settings(**overrides: Any) -> Settings:
    """Read file and environment. Raises ``SettingsError``."""
    file = os.environ.get(CONFIG_VARIABLE)
    if file and not Path(file).is_file():
        raise SettingsError(f"{CONFIG_VARIABLE} names {file}, which is not a file.")
    faults = [
        f"{name}: {_NONE_SUCH}{did_you_mean(name.upper(), known_variables(), PREFIX)}"
        for name in unknown_variables(os.environ)
    ]
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            faults += _sentences(fault)
    except WrongVariable as error:  # a ValueError, as is the next one
        faults.append(_not_a_section(str(error)))
    except (tomllib.TOMLDecodeError, UnicodeError, OSError) as error:
        raise SettingsError(_unreadable(file or DEFAULT_CONFIG, error)) from None
    if faults:
        raise SettingsError("\n".join(faults))
    return settings


def _unreadable(file: str, error: Exception) -> str:
    match error:
        case tomllib.TOMLDecodeError():
            place = re.search(r"line (\d+), column (\d+)", str(error))
            where = f"line {place[1]}, column {place[2]}" if place else "its end"
            return f"{file} is not TOML: see {where}."
        case OSError():
            return f"{file} cannot be read: {error.strerror}."
        case _:
            return f"{file} is not TOML: it is not text in UTF-8."


def _not_a_section(said: str) -> str:
    """A variable that should hold a whole section, and does not; ``said`` by the library, which
    names the section only."""
    section = next((name for name in _sections() if f'"{name}"' in said), "")
    example = variable([section, *_sections().get(section, ("",))[:1]])
    return f"{variable([section])}: it is a section; set its options one by one, as {example}."


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Variables that begin as those of settings do and are none. Those of a section are left to
    the section, which knows its options."""
    return sorted(name for name in environment if _is_unknown(name.upper()))


def _is_unknown(name: str) -> bool:
    if not name.startswith(PREFIX) or name == CONFIG_VARIABLE or name.startswith(_OF_TESTS):
        return False
    option = name.removeprefix(PREFIX).lower()
    return option not in Settings.model_fields and option.split("_", 1)[0] not in _sections()


def known_variables() -> Iterator[str]:
    """Every variable that is a setting; of a part's section those of the shipped types."""
    yield CONFIG_VARIABLE
    sections = _sections()
    for name in Settings.model_fields:
        for option in sections.get(name, ("",)):
            yield variable([name, option] if option else [name])


def _sections() -> dict[str, tuple[str, ...]]:
    """The options of every section."""
    found = {}
    for name, field in Settings.model_fields.items():
        of_types = next((each for each in field.metadata if isinstance(each, OfTypes)), None)
        if of_types is not None:
            models = map(of_types.types.find, of_types.types.shipped)
            options = {key: 0 for each in models if each for key in each.settings.model_fields}
            found[name] = tuple(options)
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found[name] = tuple(field.annotation.model_fields)
    return found


def _sentences(fault: ErrorDetails) -> Iterator[str]:
    """Wrong settings, by their names in the file and in the environment; never with their values,
    which may be secrets."""
    path = [str(part) for part in fault["loc"] if not isinstance(part, int)]
    if fault["type"] == FAULTS:
        for each in fault["ctx"]["faults"]:
            yield _of_part(path, each)
    elif fault["type"] == "extra_forbidden":
        sections = _sections()
        yield _unknown(path, sections.get(path[0], ()) if len(path) > 1 else Settings.model_fields)
    else:
        yield f"{named(*path)}: {plain(fault)}"


def _of_part(path: list[str], fault: PartFault) -> str:
    if fault.known and not fault.where:
        return _unknown([*path, fault.option], fault.known)
    whole = ".".join([".".join(path) + fault.where, *([fault.option] if fault.option else [])])
    if fault.known:
        return f"{whole}: {_NONE_SUCH}{did_you_mean(fault.option, fault.known)}"
    is_own = not fault.where and fault.option
    return f"{whole} ({variable([*path, fault.option] if is_own else path)}): {fault.said}"


def _unknown(path: list[str], known: Iterable[str]) -> str:
    """``known``: the options that stand where this one does not."""
    written = variable(path)
    if written in {name.upper() for name in os.environ}:
        near = did_you_mean(written, (variable([*path[:-1], each]) for each in known), PREFIX)
        return f"{written}: {_NONE_SUCH}{near}"
    near = did_you_mean(".".join(path), (".".join([*path[:-1], each]) for each in known))
    return f"{'.'.join(path)}: {_NONE_SUCH}{near}"
