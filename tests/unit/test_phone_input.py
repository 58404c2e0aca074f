"""Numbers as people write and copy them: what is not seen, and what only divides, changes none."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ringbolt.api.kit.phone_input import international, one_number

NUMBER = "+12025550123"
IGNORED = sorted(
    {
        *(
            sign
            for sign in map(chr, range(sys.maxunicode + 1))
            if unicodedata.category(sign) in {"Cf", "Zs", "Pd"}
            or unicodedata.name(sign, "").startswith(("VARIATION SELECTOR", "MONGOLIAN FREE VAR"))
        ),
        *"\t\u2028\u2029\u034f\u3164\u2800\u2212",
    }
)
DIGITS = [
    chr(zero)
    for zero in range(sys.maxunicode + 1)
    if unicodedata.category(chr(zero)) == "Nd" and unicodedata.decimal(chr(zero)) == 0
]


def in_digits_of(zero: str, number: str) -> str:
    return "".join(chr(ord(zero) + int(sign)) if sign.isdigit() else sign for sign in number)


@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from(IGNORED)), max_size=60),
    st.sampled_from(DIGITS),
    st.sampled_from([NUMBER, "12025550123", "0012025550123", "\uff0b12025550123"]),
)
@example(list(enumerate("\u202d\u200b\ufe0d\ufeff\t\u202f\u2060\u00ad")), "0", NUMBER)
def test_what_is_not_seen_or_only_divides_changes_no_number(
    added: list[tuple[int, str]], zero: str, number: str
) -> None:
    signs = list(in_digits_of(zero, number))
    for place, sign in added:
        signs.insert(min(place, len(signs)), sign)
    assert international("".join(signs)) == NUMBER


def test_each_of_them_alone_changes_no_number() -> None:
    wrong = [sign for sign in IGNORED if international(f"+1202{sign}555{sign}0123") != NUMBER]
    assert wrong == []
    assert len(IGNORED) > 450


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("\u202d+12025550123\u202c", NUMBER),  # as copied from a contact on a phone
        ("\u200e12025550123", NUMBER),
        ("+1\ufe0d-202-555-0123", NUMBER),
        ("+1202\u200b5550123", NUMBER),
        ("\ufeff+12025550123", NUMBER),
        ("+1202\t5550123", NUMBER),
        ("+33\u202f6\u202f39\u202f98\u202f10\u202f01", "+33639981001"),
        ("+1 (202) 555-0123", NUMBER),
        ("+1.202.555.0123", NUMBER),
        ("+1/202/5550123", NUMBER),
        ("+[1] 202 555 0123", NUMBER),
        ("(+1) 202 555 0123", NUMBER),
        ("\uff0b\uff11\uff08\uff12\uff10\uff12\uff09"
         "\uff15\uff15\uff15\u30fc\uff10\uff11\uff12\uff13", NUMBER),
        ("1\ufe0f\u20e32\ufe0f\u20e30\ufe0f\u20e32\ufe0f\u20e35550123", NUMBER),  # keycaps
        ("tel:+1-202-555-0123", NUMBER),
        ("Tel: +1 202 555 0123", NUMBER),
        ("whatsapp:+12025550123", NUMBER),
        ("%2B12025550123", NUMBER),
        ('"+12025550123"', NUMBER),
        ("'+12025550123", NUMBER),  # text in a spreadsheet
        ("<tel:+12025550123>;", NUMBER),
        ("\u00ab+1 202 555 0123\u00bb,", NUMBER),
        ("\u260e\ufe0f +1 202 555 0123", NUMBER),
        ("\U0001f1fa\U0001f1f8 +1_202_555_0123", NUMBER),
        ("12025550123.0", NUMBER),  # out of a spreadsheet
        ("+4915112345678.0", "+4915112345678"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("0044 (0) 20 7946 0958", "+442079460958"),
        ("+49 (0) 151 123 45678", "+4915112345678"),
        ("+39 (0)6 698 12345", "+390669812345"),  # Italy's zero is part of the number
        ("+39 (0)331 123456", "+390331123456"),  # without it, it would be a mobile number
        ("+\u0661\u0662\u0660\u0662\u0665\u0665\u0665\u0660\u0661\u0662\u0663", NUMBER),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it(written: str, number: str) -> None:
    assert international(written) == number


@pytest.mark.parametrize(
    "written",
    [
        "", "+", "-", "\u200b", "tel:", "+1 800 FLOWERS", "1-800-FLOWERS", "+1 202 555 0123 x5",
        "+1 202 555 0123 ext. 5", "+12025550123,,5", "+1,202,555,0123", "+1'2025550123",
        "\u260e\ufe0f", "'", "+1\u260e2025550123",
        "+44%207911", "+44&nbsp;7911", "Phone: +12025550123", "+12025550123 (work)",
        "*31#+12025550123",
        "+12025550123;5", "+12025550123#5",
        "+1 202 555 0123 / +1 202 555 0124", "++12025550123", "12025550123+", "+1202555012\u2462",
        "+1\u00b2025550123", "\U0001f600" * 50, "+1202e5550123", "(202) 555-0123", "tel:tel:1202",
        "+1202555\u0660123", "+12025550123\u0301", "O12025550123", "+l2025550123", "1" * 21,
        "0151 23104729", "+0151 23104729", "011 49 151 23104729", "000491512310472",
    ],
)  # fmt: skip
def test_what_may_be_another_number_is_none(written: str) -> None:
    assert international(written) is None


@pytest.mark.parametrize("end", ["/8", " / 68", "\uff0f8", ".1", " (8)", " [2]", "/789", "\u20445"])
@pytest.mark.parametrize("number", ["+43 664 1234567", "0043 664 1234567", "+62 812 3456 789"])
def test_a_short_end_does_not_make_another_number(number: str, end: str) -> None:
    """In countries whose numbers differ in length it would be somebody else's."""
    assert international(number) is not None
    assert international(number + end) is None


@pytest.mark.parametrize(
    "written",
    ["+43 664/1234567", "+49 30/1234", "+33/6/39/98/10/01", "+1 202 555.0123", "+44 7700 900/123"],
)
def test_a_slash_or_dot_inside_one_number_is_passed_over(written: str) -> None:
    digits = "".join(sign for sign in written if sign.isdigit())

    assert international(written) == f"+{digits}"


@pytest.mark.parametrize(
    ("value", "number"),
    [(12025550123, "12025550123"), (12025550123.0, "12025550123"), ([NUMBER], NUMBER)],
)
def test_json_may_hold_a_number_as_a_number(value: object, number: str) -> None:
    assert one_number(value) == number


@pytest.mark.parametrize("value", [True, 1.5, -1, float("inf"), float("nan"), 10**20, {}, [1, 2]])
def test_what_is_not_one_whole_number_stays_as_it_came(value: object) -> None:
    assert one_number(value) is value
