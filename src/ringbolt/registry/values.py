"""Checks of values in settings: each returns the value, or raises ``ValueError`` in plain words."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

MOST: Final = 10**15
"""No number of a setting is larger: sums of it still fit into 64 bits."""
MOST_CHARS: Final = 10_000


def usable(value: Any) -> Any:
    """What any setting may be: a number that a database can store, a text without control
    characters."""
    if isinstance(value, int) and abs(value) > MOST:
        raise ValueError("this number is too large")
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if isinstance(text, Path):
        text = str(text)
    if isinstance(text, str):
        if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text):
            raise ValueError("it contains a line break or another control character")
        if len(text) > MOST_CHARS:
            raise ValueError("this text is too long")
    return value


def split_url(text: str) -> SplitResult | None:
    """The parts of an address, None if it is none: the library's words for it are its own."""
    try:
        parts = urlsplit(text)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def web_address(text: str) -> str:
    """An address with http(s) and a host, or ''."""
    parts = split_url(text)
    is_web = parts is not None and parts.scheme in ("http", "https")
    if text and (not is_web or not text.isascii() or any(sign.isspace() for sign in text)):
        raise ValueError("write it with https:// (or http://) and a host")
    return text
