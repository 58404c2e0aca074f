"""The labelled texts, read: no wrong code, and nearly all that there are, in many languages."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from ringbolt.core.texts.codes import extract_code
from ringbolt.core.texts.redact import masked
from support.labelled_texts import BLIND, PARTS, LabelledText, Reading, labelled_texts, reading

_PERCENT = 100
_GOAL_PERCENT = 97
_GOAL_LANGUAGES = 30


def _with_code(part: str) -> list[LabelledText]:
    return [labelled for labelled in labelled_texts(part) if labelled.code is not None]


def _outcomes(labelled: list[LabelledText]) -> Counter[Reading]:
    return Counter(reading(each, extract_code) for each in labelled)


@pytest.mark.parametrize("part", (*PARTS, *BLIND))
def test_no_wrong_code_is_read(part: str) -> None:
    wrong = [
        (each.id, extract_code(each.text, each.service))
        for each in labelled_texts(part)
        if reading(each, extract_code) is Reading.WRONG
    ]

    assert wrong == []


@pytest.mark.parametrize("part", (*PARTS, *BLIND))
def test_no_wrong_code_is_read_for_another_service(part: str) -> None:
    for each in labelled_texts(part):
        assert extract_code(each.text, "") in (None, each.code), each.id


@pytest.mark.parametrize("part", PARTS)
def test_nearly_all_codes_are_read(part: str) -> None:
    texts = _with_code(part)

    assert _PERCENT * _outcomes(texts)[Reading.RIGHT] >= _GOAL_PERCENT * len(texts)


def test_nearly_all_codes_are_read_in_many_languages() -> None:
    texts = [each for part in PARTS for each in _with_code(part)]
    languages = {each.language for each in texts}

    reached = {
        language: len(own)
        for language in languages
        if (own := [each for each in texts if each.language == language])
        and _PERCENT * _outcomes(own)[Reading.RIGHT] >= _GOAL_PERCENT * len(own)
    }

    assert len([language for language, count in reached.items() if count >= 4]) >= _GOAL_LANGUAGES


@pytest.mark.parametrize("part", BLIND)
def test_no_code_stands_readable_in_a_masked_text(part: str) -> None:
    for each in _with_code(part):
        shown = masked(each.text)

        assert (each.code or "") not in re.sub(r"[\s-]", "", shown), each.id
        assert extract_code(shown, each.service) is None, each.id
