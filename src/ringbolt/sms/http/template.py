"""What a gateway is sent: the values of the settings with their ``{placeholders}`` filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

_PLACEHOLDER: Final = re.compile(r"\{([a-z0-9_]{1,40})\}", re.ASCII)

OF_A_TEXT: Final = frozenset(
    {
        "to",
        "to_digits",
        "sender",
        "sender_digits",
        "text",
        "text_hex",
        "parts",
        "ref",
        "callback_url",
        "username",
        "password",
    }
)
"""``text_hex``: the text in UTF-16BE, as hexadecimal digits, which older gateways ask for."""
OF_A_POLL: Final = frozenset({"id", "ref", "username", "password"})


def unknown_placeholders(template: Any, known: frozenset[str]) -> list[str]:
    """The placeholders in a text, or in the texts of a table or list, that mean nothing."""
    return sorted(placeholders(template) - known)


def placeholders(template: Any) -> set[str]:
    """The names of the places in a template."""
    if isinstance(template, str):
        return set(_PLACEHOLDER.findall(template))
    if isinstance(template, Mapping):
        return set().union(*map(placeholders, template.values()))
    if isinstance(template, list | tuple):
        return set().union(*map(placeholders, template))
    return set()


def fill(template: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced; what is put in is not searched again."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def fill_url(template: str, values: Mapping[str, str]) -> str:
    """A URL with its placeholders replaced, each percent-encoded."""
    return _PLACEHOLDER.sub(lambda found: quote(values[found[1]], safe=""), template)


def fill_all(template: Any, values: Mapping[str, str]) -> Any:
    """A JSON document with the placeholders in its texts replaced."""
    if isinstance(template, str):
        return fill(template, values)
    if isinstance(template, Mapping):
        return {name: fill_all(each, values) for name, each in template.items()}
    if isinstance(template, list | tuple):
        return [fill_all(each, values) for each in template]
    return template
