"""What a gateway answers or reports: values at paths of JSON or form fields, and patterns of plain
text. The far end is not trusted: every search takes linear time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from ringbolt.core import foreign_json

MOST_CHARS: Final = 16_000
"""No more of a plain text is searched."""
_MOST_ID: Final = 200
_ID: Final = "{id}"


def decoded(body: bytes) -> Any:
    """The JSON document; None if it is none."""
    try:
        return foreign_json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def value_at(document: Any, path: str) -> str | None:
    """The text, number or truth value at a path such as ``messages.0.status``; None if nothing is
    there, or something else is. '' is the document itself."""
    for step in path.split(".") if path else ():
        if isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(document, list) and step.isascii() and step.isdigit() and len(step) < 6:
            document = document[int(step)] if int(step) < len(document) else None
        else:
            return None
    if isinstance(document, bool):
        return "true" if document else "false"
    try:
        return str(document) if isinstance(document, str | int | float) else None
    except ValueError:  # a number of more than 4,300 digits
        return None


def list_at(document: Any, path: str) -> list[Any]:
    """The entries of the list at ``path``; without a list what is there is the only entry."""
    for step in path.split(".") if path else ():
        document = document.get(step) if isinstance(document, Mapping) else None
    if isinstance(document, list):
        return document
    return [] if document is None else [document]


def form_of(body: bytes, query: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    """The fields of a form and a query; of several with one name the first."""
    text = body.decode("utf-8", "replace")
    try:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        fields = []
    found: dict[str, Any] = {}
    for name, value in (*fields, *query):
        found.setdefault(name, value)
    return found


def matched(pattern: str, text: str) -> str | None:
    """The id if ``text`` as a whole looks like ``pattern``, '' if that names none; None if it does
    not. ``*`` is anything, ``{id}`` a run of signs other than blanks and commas; blanks at both
    ends do not count.

    Each piece between two ``*`` is looked for from left to right, where it is found first, so the
    time is linear in the text.
    """
    text = text[:MOST_CHARS].strip()
    pieces = pattern.split("*")
    found_id, place = "", 0
    for n, piece in enumerate(pieces):
        is_first, is_last = n == 0, n == len(pieces) - 1
        before, has_id, after = piece.partition(_ID)
        if not has_id:
            start = _place_of(piece, text, place, is_first=is_first, is_last=is_last)
            if start is None:
                return None
            place = start + len(piece)
            if is_first and is_last and place != len(text):
                return None
            continue
        start = place if is_first else text.find(before, place)
        if start < 0 or not text.startswith(before, start):
            return None
        begin = start + len(before)
        end = _end_of_id(text, begin, after)
        if end is None or (is_last and end + len(after) != len(text)):
            return None
        found_id, place = text[begin:end], end + len(after)
    return found_id


def _place_of(piece: str, text: str, place: int, *, is_first: bool, is_last: bool) -> int | None:
    if is_first:
        return 0 if text.startswith(piece) else None
    if is_last:
        start = len(text) - len(piece)
        return start if start >= place and text.endswith(piece) else None
    start = text.find(piece, place)
    return start if start >= 0 else None


def _end_of_id(text: str, begin: int, after: str) -> int | None:
    """Where an id that begins there ends: at a blank, a comma or the text behind it."""
    for end in range(begin, min(begin + _MOST_ID, len(text)) + 1):
        if end > begin and after and text.startswith(after, end):
            return end
        if end == len(text) or text[end].isspace() or text[end] == ",":
            return end if end > begin and text.startswith(after, end) else None
    return None
