"""The length of text messages: encodings, units, segments."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.texts.segments import (
    GSM7_BASIC,
    GSM7_EXTENSION,
    Encoding,
    SmsSize,
    count,
    split,
)

GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2
FAMILY = "👨‍👩‍👧"


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", GSM7, 0, 1),
        ("a", GSM7, 1, 1),
        ("a" * 160, GSM7, 160, 1),
        ("a" * 161, GSM7, 161, 2),
        ("a" * 306, GSM7, 306, 2),
        ("a" * 307, GSM7, 307, 3),
        ("a" * 459, GSM7, 459, 3),
        ("a" * 460, GSM7, 460, 4),
        ("€", GSM7, 2, 1),
        ("€" * 80, GSM7, 160, 1),
        ("€" * 81, GSM7, 162, 2),
        ("a" * 159 + "€", GSM7, 161, 2),
        ("a" * 158 + "€", GSM7, 160, 1),
        # 153 septets hold 76 pairs: one stays empty rather than split an escape
        ("€" * 152, GSM7, 304, 2),
        ("€" * 153, GSM7, 306, 3),
        ("a" + "€" * 152, GSM7, 305, 2),
        ("Ç", GSM7, 1, 1),
        ("ç", UCS2, 1, 1),
        ("`", UCS2, 1, 1),
        ("à è é ù ì ò Å å Ø ø Æ æ ß É Ä Ö Ñ Ü ä ö ñ ü", GSM7, 43, 1),
        ("á", UCS2, 1, 1),
        ("[{}]\\^~|", GSM7, 16, 1),
        ("\f", GSM7, 2, 1),
        ("\t", UCS2, 1, 1),
        ("\x1b", UCS2, 1, 1),
        ("\r\n", GSM7, 2, 1),
        ("ΔΦΓΛΩΠΨΣΘΞ", GSM7, 10, 1),
        ("Α", UCS2, 1, 1),  # a Greek alpha looks like A, and is not in the alphabet
        ("я" * 70, UCS2, 70, 1),
        ("я" * 71, UCS2, 71, 2),
        ("я" * 134, UCS2, 134, 2),
        ("я" * 135, UCS2, 135, 3),
        ("я" * 140, UCS2, 140, 3),
        ("a" * 140, GSM7, 140, 1),
        ("😀", UCS2, 2, 1),
        ("😀" * 35, UCS2, 70, 1),
        ("😀" * 36, UCS2, 72, 2),
        # 67 units hold 33 pairs: one stays empty rather than split a pair
        ("😀" * 66, UCS2, 132, 2),
        ("😀" * 67, UCS2, 134, 3),
        ("😀" * 140, UCS2, 280, 5),
        (FAMILY, UCS2, 8, 1),
        ("a" * 69 + "’", UCS2, 70, 1),
        ("a" * 159 + "’", UCS2, 160, 3),
        ("验证码" * 20, UCS2, 60, 1),
        ("\ud800", UCS2, 1, 1),
    ],
)
def test_text_is_counted(text: str, encoding: Encoding, units: int, segments: int) -> None:
    assert count(text) == SmsSize(encoding, units, segments)


def test_alphabet_is_whole() -> None:
    # 128 places less the escape sign, and ten signs behind it
    assert (len(GSM7_BASIC), len(set(GSM7_BASIC))) == (127, 127)
    assert len(set(GSM7_EXTENSION)) == 10
    assert not set(GSM7_BASIC) & set(GSM7_EXTENSION)


@pytest.mark.parametrize(
    ("place", "sign"),
    [(0x00, "@"), (0x02, "$"), (0x09, "Ç"), (0x11, "_"), (0x24, "¤"), (0x40, "¡"), (0x5F, "§"),
     (0x60, "¿"), (0x7F, "à"), (0x1F, "É"), (0x41, "A"), (0x7A, "z"), (0x20, " ")],
)  # fmt: skip
def test_alphabet_stands_in_the_order_of_its_standard(place: int, sign: str) -> None:
    without_escape = place if place < 0x1B else place - 1

    assert GSM7_BASIC[without_escape] == sign


def test_escape_pair_is_not_split() -> None:
    assert split("a" * 152 + "€" + "b" * 10) == ("a" * 152, "€" + "b" * 10)


def test_surrogate_pair_is_not_split() -> None:
    assert split("я" * 66 + "😀" + "я" * 10) == ("я" * 66, "😀" + "я" * 10)


def units(part: str, encoding: Encoding) -> int:
    if encoding is UCS2:
        return len(part.encode("utf-16-be", "surrogatepass")) // 2
    return len(part) + sum(part.count(sign) for sign in GSM7_EXTENSION)


@given(
    st.one_of(
        st.text(alphabet=GSM7_BASIC + GSM7_EXTENSION, max_size=700),
        st.text(alphabet="aя€😀", max_size=400),
        st.text(max_size=400),
    )
)
def test_segments_are_the_whole_text_within_their_limits(text: str) -> None:
    size, parts = count(text), split(text)

    assert "".join(parts) == text
    assert len(parts) == size.segments
    assert sum(units(part, size.encoding) for part in parts) == size.units
    alone, joined = (160, 153) if size.encoding is GSM7 else (70, 67)
    assert all(
        units(part, size.encoding) <= (alone if len(parts) == 1 else joined) for part in parts
    )
    # no segment could have taken the first character of the next one
    for part, following in pairwise(parts):
        assert units(part, size.encoding) + units(following[0], size.encoding) > joined
