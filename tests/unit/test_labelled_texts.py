"""The labelled texts themselves: every code can be typed from its text, both parts are fair."""

from __future__ import annotations

import re
import unicodedata

from ringbolt.core.services import SERVICES
from support.labelled_texts import PARTS, LabelledText, labelled_texts

ALL = [labelled for part in PARTS for labelled in labelled_texts(part)]
WITH_CODE = [labelled for labelled in ALL if labelled.code is not None]


def _ascii_digits(text: str) -> str:
    digits = (str(unicodedata.decimal(x)) if x.isdecimal() else x for x in text)
    return "".join(x for x in digits if unicodedata.category(x) != "Cf")


def _can_be_typed(labelled: LabelledText) -> bool:
    signs = "[ -]?".join(map(re.escape, labelled.code or ""))
    return re.search(rf"(?<![0-9]){signs}(?![0-9])", _ascii_digits(labelled.text)) is not None


def test_every_code_stands_in_its_text() -> None:
    assert [labelled.id for labelled in WITH_CODE if not _can_be_typed(labelled)] == []


def test_no_text_is_there_twice() -> None:
    assert len({labelled.text for labelled in ALL}) == len(ALL)
    assert len({labelled.id for labelled in ALL}) == len(ALL)


def test_services_are_known() -> None:
    assert {labelled.service for labelled in ALL} <= SERVICES.keys() | {""}


def test_set_is_as_large_as_its_figures_are_worth() -> None:
    languages = [{x.language for x in WITH_CODE if x.part == part} for part in PARTS[:2]]

    assert len(WITH_CODE) >= 600
    assert len(ALL) - len(WITH_CODE) >= 280
    assert len(languages[0]) >= 100
    assert languages[0] == languages[1]
