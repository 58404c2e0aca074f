"""The types of parts: those shipped, and those of installed plug-ins.

Each area (``voice``, ``sms``, ``numbers``, ``mail``, ``lightning``, ``speech``) has one table in
its ``types.py``. A type is named by ``module:name``, like an entry point, and imported only if it
is configured, which saves start-up time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from ringbolt.clock import Clock
from ringbolt.registry.parts import Part
from ringbolt.registry.routing import Everywhere, Routing
from ringbolt.registry.settings import PartSettings
from ringbolt.registry.terms import CardUnusable, PartTerms

TYPE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)


class PartUnusable(Exception):
    """A part cannot be built from its settings; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the shop passes to every part that it builds.

    ``world_url``: the simulated world's URL, and ``world_token`` the token that it asks for ('':
    none). ``base_url``: the shop's URL from outside, for
    callbacks. ``data_dir``: where the part may store files, in a folder of its own. ``derive``:
    derives a secret key of 32 bytes for a label, the same at every start. ``mail_sender``: the From
    of the shop's e-mails.
    """

    clock: Clock
    data_dir: Path
    world_url: str
    base_url: str
    derive: Callable[[str], bytes]
    world_token: str = field(default="", kw_only=True, repr=False)
    mail_sender: str = field(default="", kw_only=True)


SettingsT = TypeVar("SettingsT", bound=PartSettings)
ContextT = TypeVar("ContextT", bound=Context)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PartType(Generic[SettingsT, ContextT, T]):
    """A type of part: its settings model, and the function that builds a part from such settings.

    ``build`` must not connect or block; it may raise ``PartUnusable``. The part has the name of its
    settings.
    """

    settings: type[SettingsT]
    build: Callable[[SettingsT, ContextT], T]


class PartTypes(Generic[ContextT, T]):
    """The types of one area. ``group``: the plug-ins' entry point group. ``shipped``: the shipped
    types as ``module:name``, by type; a plug-in cannot replace them."""

    def __init__(self, group: str, shipped: Mapping[str, str]) -> None:
        self.group = group
        self._shipped = shipped
        self._loaded: dict[str, PartType[Any, ContextT, T]] = {}

    @property
    def shipped(self) -> tuple[str, ...]:
        return tuple(self._shipped)

    @property
    def names(self) -> tuple[str, ...]:
        """Every type that can be configured. Searches all installed packages."""
        plugged = entry_points(group=self.group).names
        return (*self._shipped, *sorted(plugged - self._shipped.keys()))

    def find(self, name: str) -> PartType[Any, ContextT, T] | None:
        """The type of that name; None if there is none. Raises ``PartUnusable`` for a plug-in that
        cannot be imported or is not a ``PartType``."""
        if name not in self._loaded:
            entry = self._entry(name)
            if entry is None:
                return None
            self._loaded[name] = _load(entry)
        return self._loaded[name]

    def open(self, settings: PartSettings, context: ContextT) -> Part[T]:
        """The part that ``settings`` describe. Raises ``PartUnusable``."""
        found = self.find(settings.type)
        if found is None:
            raise PartUnusable(f"there is no type {settings.type}")
        try:
            terms = PartTerms.of(settings)
        except CardUnusable as error:
            raise PartUnusable(str(error)) from None
        port = found.build(settings, context)
        routing = settings if isinstance(settings, Routing) else Everywhere()
        return Part(settings.name, port, routing, is_simulated(settings, context.world_url), terms)

    def _entry(self, name: str) -> EntryPoint | None:
        if name in self._shipped:
            return EntryPoint(name, self._shipped[name], self.group)
        if not TYPE.fullmatch(name):
            return None
        return next(iter(entry_points(group=self.group, name=name)), None)


_PLACES_OF_WORLD: Final = ("simulator", "stubs")
"""Where the simulated world is at its address. A shop may be at the same address."""


def is_simulated(settings: PartSettings, world_url: str) -> bool:
    """Whether the part belongs to the simulated world, or is an ordinary one pointed at it."""
    base_url = getattr(settings, "base_url", "")
    world = world_url.rstrip("/")
    places = tuple(f"{world}/{place}/" for place in _PLACES_OF_WORLD)
    return settings.simulated or (world != "" and f"{base_url}/".startswith(places))


def _load(entry: EntryPoint) -> PartType[Any, Any, Any]:
    try:
        found = entry.load()
    except Exception as error:  # whatever a plug-in does while it is imported
        raise PartUnusable(
            f"the type {entry.name} cannot be loaded from {entry.value}: {error!r}"
        ) from error
    if not isinstance(found, PartType):
        raise PartUnusable(f"{entry.value} is not a ringbolt.registry.types.PartType")
    return found
