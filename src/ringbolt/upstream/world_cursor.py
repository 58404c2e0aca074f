"""Cursors of the simulated world's streams of events."""

from __future__ import annotations

from typing import Final

_MAX_DIGITS: Final = 18


def known_cursor(cursor: str) -> str:
    """``cursor`` if it is a number, as all of the world's are; else '0', the beginning."""
    is_number = cursor.isascii() and cursor.isdigit() and len(cursor) <= _MAX_DIGITS
    return cursor if is_number else "0"
