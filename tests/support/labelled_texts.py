"""Texts with the code that a person reads in them: ``tests/texts/*.jsonl``.

``development`` is read while the extraction is written, ``held_out`` only measures it; both were
written after the wording of real services, with all personal details replaced. ``reported`` came
out wrong for somebody. ``blind`` and ``blind_again`` were written by somebody who had not seen the
rules, to measure them once; ``blind_kinds`` to measure once what kinds of other codes are sold.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

PARTS: Final = ("development", "held_out", "reported")
BLIND: Final = ("blind", "blind_again", "blind_kinds")
_FOLDER: Final = Path(__file__).parent.parent / "texts"


@dataclass(frozen=True, slots=True)
class LabelledText:
    """``language`` as in BCP 47 (``ru-Latn``: transliterated); ``service`` the code of the ordered
    service; ``code`` as a user types it, None where the text has none, or where a person could not
    tell which it is; ``form`` what is special about the code, or about the other number.
    """

    id: str
    part: str
    language: str
    service: str
    sender: str
    text: str
    code: str | None
    form: str


class Reading(StrEnum):
    """What the extraction made of a text: ``MISSED`` a code, which costs the buyer nothing, or
    ``WRONG``, which takes money for what is none."""

    RIGHT = "right"
    MISSED = "missed"
    WRONG = "wrong"


@cache
def labelled_texts(part: str) -> tuple[LabelledText, ...]:
    """The texts of one of ``PARTS`` or ``BLIND``, in the order of their ids."""
    lines = (_FOLDER / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(_labelled(part, json.loads(line)) for line in lines)


def _labelled(part: str, row: dict[str, str | None]) -> LabelledText:
    words = {name: value or "" for name, value in row.items() if name not in ("code", "from")}
    return LabelledText(**words, part=part, sender=row["from"] or "", code=row["code"])


def reading(labelled: LabelledText, extract: Callable[[str, str], str | None]) -> Reading:
    """How ``extract``, given the text and its service, reads a text."""
    found = extract(labelled.text, labelled.service)
    if found == labelled.code:
        return Reading.RIGHT
    return Reading.MISSED if found is None else Reading.WRONG
