"""The services whose texts are received, by the short codes that number providers share.

``services.csv`` is the fallback for names and for what a buyer may write; what is on offer, a
provider says at run time. Codes are those of the sms-activate protocol family.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ringbolt.core.errors import InvalidInput, Role
from ringbolt.core.tables import entries, shipped_rows

ANY_OTHER: Final = "ot"
"""The service of an activation whose sender has no code of its own."""

FULL_RENT: Final = "full"
"""The service of a rental that receives from any sender."""

MAX_LENGTH: Final = 64

_SCRIPTED = re.compile(r"sim-[a-z0-9](?:[a-z0-9-]{0,26}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Service:
    """``code`` is what providers and orders use, ``name`` what is shown.

    ``names`` are all that a buyer may write, ``nicknames`` what else senders and texts call it.
    Services of one ``group`` share a sender or a sign-in. ``signature`` is a regular expression of
    its codes that name the service.
    """

    code: str
    name: str
    names: tuple[str, ...] = ()
    nicknames: tuple[str, ...] = ()
    group: str = ""
    signature: str = ""


def _squashed(text: str) -> str:
    letters = unicodedata.normalize("NFKC", text).lower()
    return "".join(sign for sign in letters if sign.isascii() and sign.isalnum())


def _load() -> dict[str, Service]:
    services = {}
    for row in shipped_rows("ringbolt.core", "services.csv"):
        names = entries(row["names"])
        services[row["code"]] = Service(
            row["code"], names[0], names, entries(row["nicknames"]), row["group"], row["signature"]
        )
    return services


def _index(services: Iterable[Service]) -> dict[str, Service]:
    by_name: dict[str, Service] = {}
    for service in services:
        for name in service.names:
            if by_name.setdefault(_squashed(name), service) is not service:
                raise ValueError(f"{name!r} names two services")
    return by_name


SERVICES: Final = MappingProxyType(_load())
"""Every service of the table by its code."""

_BY_NAME: Final = _index(SERVICES.values())


def find_service(text: str, *, scripted_allowed: bool = False) -> Service | None:
    """A service by its code, else by a name, in any case; None if there is none.

    ``scripted_allowed``: codes ``sim-...`` are the simulated world's own and pass as they are;
    true only while the number provider is simulated.
    """
    if len(text) > MAX_LENGTH:
        return None
    code = text.strip().lower()
    if scripted_allowed and _SCRIPTED.fullmatch(code):
        return Service(code, code)
    return SERVICES.get(code) or _BY_NAME.get(_squashed(code))


def is_scripted_service(code: str) -> bool:
    """Whether it is one of the simulated world's own, ``sim-...``."""
    return _SCRIPTED.fullmatch(code) is not None


def resolve_service(text: str, *, scripted_allowed: bool = False) -> Service:
    """As ``find_service``, but raises ``InvalidInput`` (``UNKNOWN_SERVICE``)."""
    service = find_service(text, scripted_allowed=scripted_allowed)
    if service is None:
        raise InvalidInput(
            f"There is no service {text[:MAX_LENGTH]!r}.",
            code="UNKNOWN_SERVICE",
            role=Role.SERVICE,
            suggestion=_suggestion(text),
        )
    return service


def nearest_service(text: str) -> Service | None:
    """The service whose name is most like ``text``; None if none is."""
    near = difflib.get_close_matches(_squashed(text[:MAX_LENGTH]), _BY_NAME, n=1, cutoff=0.75)
    return _BY_NAME[near[0]] if near else None


def _suggestion(text: str) -> str:
    service = nearest_service(text)
    if service is not None:
        return f'Did you mean "{service.code}" ({service.name})?'
    return (
        'Use a code such as "tg", or a name such as "Telegram". '
        f'"{ANY_OTHER}" receives from any service without a code.'
    )
