"""Reads the settings file and the environment, and explains what is wrong with them."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ringbolt.settings.errors import SettingsError
from ringbolt.settings.parts import FAULTS, OfTypes, PartFault
from ringbolt.settings.root import CONFIG_VARIABLE, DEFAULT_CONFIG, PREFIX, Settings
from ringbolt.settings.wording import did_you_mean, plain

_OF_TESTS: Final = f"{PREFIX}TEST_"
"""Variables of the test suite, which are no settings of a shop."""
_NONE_SUCH: Final = "there is no such setting"


def load_settings(**overrides: Any) -> Settings:
    """Read file and environment. Raises ``SettingsError``."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named and not Path(named).is_file():
        raise SettingsError(f"{CONFIG_VARIABLE} names {named}, which is not a file.")
    faults = [
        f"{name}: {_NONE_SUCH}{did_you_mean(name.upper(), known_variables(), PREFIX)}"
        for name in unknown_variables(os.environ)
    ]
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            faults += _sentences(fault)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{named or DEFAULT_CONFIG} is not TOML: {error}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{named or DEFAULT_CONFIG} is not TOML: it is not UTF-8.") from None
    except (OSError, ValueError) as error:  # the file or a variable cannot be read
        raise SettingsError(str(error)) from None
    if faults:
        raise SettingsError("\n".join(faults))
    return settings


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
            yield _variable([name, option] if option else [name])


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
        yield f"{'.'.join(path)} ({_variable(path)}): {plain(fault['msg'])}"


def _of_part(path: list[str], fault: PartFault) -> str:
    if fault.known and not fault.where:
        return _unknown([*path, fault.option], fault.known)
    name = ".".join([".".join(path) + fault.where, *([fault.option] if fault.option else [])])
    if fault.known:
        return f"{name}: {_NONE_SUCH}{did_you_mean(fault.option, fault.known)}"
    is_own = not fault.where and fault.option
    return f"{name} ({_variable([*path, fault.option] if is_own else path)}): {fault.said}"


def _unknown(path: list[str], known: Iterable[str]) -> str:
    """``known``: the options that stand where this one does not."""
    variable = _variable(path)
    if variable in {name.upper() for name in os.environ}:
        near = did_you_mean(variable, (_variable([*path[:-1], each]) for each in known), PREFIX)
        return f"{variable}: {_NONE_SUCH}{near}"
    near = did_you_mean(".".join(path), (".".join([*path[:-1], each]) for each in known))
    return f"{'.'.join(path)}: {_NONE_SUCH}{near}"


def _variable(path: list[str]) -> str:
    return f"{PREFIX}{'_'.join(path)}".upper()
