"""What the English engine is given has no markup for it, and what has no sound is noticed."""

from __future__ import annotations

import pytest
from hibari.g2p import G2P
from hibari.g2p.normalize import normalize

from ringbolt.speech.hibari_text import guarded, least_seconds, unspoken


@pytest.fixture(scope="module")
def g2p() -> G2P:
    return G2P()


def phonemes(g2p: G2P, text: str) -> str:
    spoken: str = g2p(guarded(text))
    return spoken


@pytest.mark.parametrize(
    ("text", "as_"),
    [
        ("Choose [yes](1) or [no](2) now.", "Choose yes (1) or no (2) now."),
        ("Press [5] now.", "Press 5 now."),
        ("Say [one](/tˈu/).", "Say one (/tˈu/)."),
        ("Wait |5| `6` ^7^ ~8~.", "Wait 5 6 7 8."),
        ("Take plan A 1 please.", "Take plan A-1 please."),
        ("1,2,3", "1, 2, 3"),
        ("An M5.8 quake", "An M5 point 8 quake"),
        ("On the 3rd-5th floors", "On the 3rd to 5th floors"),
        ("1,234,567", "1234567"),
        ("9" * 40, ", ".join("9" * 40)),
        ("1" + ",000" * 12, "1" + ", 0" * 36),
    ],
)
def test_a_text_sounds_like_one_without_traps(g2p: G2P, text: str, as_: str) -> None:
    assert phonemes(g2p, text).replace(",", "") == g2p(as_).replace(",", "")


@pytest.mark.parametrize(
    ("text", "silent"),
    [
        ("Code 4829 for John's café, 3rd floor, 5 o'clock, 50% off, $20.50", []),
        ("Nearly ⅓ of it", ["⅓"]),
        ("你好 hello", ["你好"]),
        ("why (decisions/0 1 2-names", ["0"]),  # taken for punctuation by the tagger
    ],
)
def test_words_without_a_sound_are_noticed(g2p: G2P, text: str, silent: list[str]) -> None:
    assert unspoken(g2p.phonemize_tokens(g2p.tokenize(normalize(text)))) == silent


def test_a_sentence_takes_time_for_its_digits() -> None:
    assert least_seconds("Your code is 4829.") > least_seconds("Your code is 4000.")
    assert least_seconds("...") == 0
