"""What an operator sees of numbers and addresses."""

from __future__ import annotations

import pytest

from ringbolt.core.mask import mask_destination, mask_words


@pytest.mark.parametrize(
    ("whole", "shown"),
    [
        ("+12025550123", "+12•••123"),
        ("jane.doe@mail.example", "j•••@mail.example"),
        ("12345", "•••"),
        ("", ""),
    ],
)
def test_a_destination_can_be_distinguished_from_another_and_not_be_called(
    whole: str, shown: str
) -> None:
    assert mask_destination(whole) == shown


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("486 Busy Here", "486 Busy Here"),
        ("error 30003", "error 30003"),
        ("550 5.1.1 <jane.doe@mail.example>: unknown", "550 5.1.1 <[address]>: unknown"),
        ("to +1 (202) 555-0123 refused", "to [number] refused"),
        ("49 151 2345678 is absent", "[number] is absent"),
        ("your code 123456 was sent", "your code [number] was sent"),
        ("two\nlines\x1b[31m", "two lines [31m"),
    ],
)
def test_a_cause_in_a_carrier_s_words_names_nobody(said: str, written: str) -> None:
    assert mask_words(said) == written
