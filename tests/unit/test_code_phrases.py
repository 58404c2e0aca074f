"""What is called a code in some ninety languages, and what is called a code and proves nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from ringbolt.core.texts.codes import extract_code

_LINES: Final = (
    (Path(__file__).parent.parent / "texts" / "phrases.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
)
ROWS: Final = [json.loads(line) for line in _LINES]
NAMES: Final = [(row["language"], row["phrases"]) for row in ROWS if row["names_a_code"]]
OTHERS: Final = [(row["language"], row["phrases"]) for row in ROWS if not row["names_a_code"]]


@pytest.mark.parametrize(("language", "phrases"), NAMES)
@pytest.mark.parametrize("frame", ["{}: {}", "Acme: {} {}.", "{1} - {0}"])
@pytest.mark.parametrize("code", ["482913", "7306"])
def test_code_is_read_beside_its_name(
    language: str, phrases: list[str], frame: str, code: str
) -> None:
    missed = [each for each in phrases if extract_code(frame.format(each, code), "ot") != code]

    assert missed == []


@pytest.mark.parametrize(("language", "phrases"), OTHERS)
@pytest.mark.parametrize("frame", ["{}: {}", "Acme: {} {}.", "{1} - {0}"])
@pytest.mark.parametrize("number", ["482913", "7306", "AB4829X"])
def test_no_code_is_read_beside_the_name_of_another(
    language: str, phrases: list[str], frame: str, number: str
) -> None:
    wrong = [each for each in phrases if extract_code(frame.format(each, number), "ot")]

    assert wrong == []
