"""What a provider found in a text, and what the text says itself."""

from __future__ import annotations

import re

import pytest

from ringbolt.core.texts.reported_code import code_of
from support.labelled_texts import BLIND, PARTS, labelled_texts

FIRST_DIGITS = re.compile("[0-9]{4,8}")

CASES = [
    ("the same", "Your code is 771204", "771204", "771204"),
    ("the same as it is written", "Your code is 771-204", "771-204", "771204"),
    ("nothing is reported", "Your code is 771204", "", "771204"),
    ("another number of the text", "Order 4410: your code is 771204", "4410", "771204"),
    ("what the text does not hold", "Your code is 771204", "550318", "771204"),
    ("no code, nor what the text holds", "Your order has left.", "550318", ""),
    ("a number of a text without a code", "Your code has expired. Case 48213", "48213", ""),
    ("a promotion's", "Use code SPRING24 for 20% off!", "SPRING24", ""),
    ("one of two codes", "Your code is 482913. Your code is 715026.", "715026", "715026"),
    ("none of two codes", "Your code is 482913. Your code is 715026.", "550318", ""),
    ("a spoken code, without a text", "", "550 318", "550318"),
    ("nothing at all", " ", "", ""),
]


def test_service_may_change_the_form_of_its_codes() -> None:
    assert code_of("Code: 48213716", "", "wa") == ""
    assert code_of("Code: 48213716", "48213716", "wa") == "48213716"


@pytest.mark.parametrize(("name", "text", "reported", "code"), CASES, ids=[c[0] for c in CASES])
def test_text_decides_which_code_it_holds(name: str, text: str, reported: str, code: str) -> None:
    assert code_of(text, reported) == code


@pytest.mark.parametrize("part", (*PARTS, *BLIND))
def test_provider_that_takes_the_first_digits_makes_no_wrong_code(part: str) -> None:
    for each in labelled_texts(part):
        first = FIRST_DIGITS.search(each.text)

        code = code_of(each.text, first[0] if first else "", each.service)

        assert code in ("", each.code), each.id
