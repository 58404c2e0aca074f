"""Pictures for services, which come with the package: letters on a colour, no logos."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

from ringbolt.core.errors import NotFound
from ringbolt.core.services import ANY_OTHER

_NAME = re.compile(r"([a-z0-9][a-z0-9-]{0,30})0\.png", re.ASCII)
"""The name that clients ask for: the service's code, and the 0 that sms4sats puts behind it."""


def picture(name: str) -> bytes:
    """The PNG of that name, e.g. ``vk0.png``; for a service without a picture of its own, that of
    "any other". Raises ``NotFound`` for what is no such name."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise NotFound("There is no such picture.", suggestion="Use src as it was answered.")
    return _read(match[1])


@lru_cache(maxsize=512)
def _read(code: str) -> bytes:
    pictures = resources.files("ringbolt.api.orders").joinpath("pictures")
    own = pictures.joinpath(f"{code}.png")
    return (own if own.is_file() else pictures.joinpath(f"{ANY_OTHER}.png")).read_bytes()
