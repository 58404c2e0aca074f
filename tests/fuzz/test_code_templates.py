"""Random codes of every form in every labelled text: none is read wrong, none stands unmasked."""

from __future__ import annotations

import random
import re
from string import ascii_uppercase, digits
from typing import Final

from hypothesis import assume, given
from hypothesis import strategies as st

from ringbolt.core.texts.codes import extract_code
from ringbolt.core.texts.redact import masked
from ringbolt.core.texts.words import WordList, words
from support.code_templates import Template, templates

ALL: Final = templates()
_CLEAR_BEFORE: Final = re.compile(
    r"(?i)(?:code|kode|kod|código|codice|код|κωδικός|كود|کد|验证码|驗證碼|인증번호)"
    r"(?: (?:is|is:|ist|lautet|est|es|è|é|är|er|adalah))?[:：]? ?$"
)
READ_RIGHT: Final = [
    each
    for each in ALL
    if extract_code(each.origin.text, each.origin.service) == each.origin.code
    and (each.origin.code or "").isdigit()
]
CLEAR: Final = [each for each in READ_RIGHT if _CLEAR_BEFORE.search(each.before)]

_PREFIXED: Final = re.compile("[A-Z]+-[0-9]{4,}")

_WITH_DIGITS: Final = (
    r"[0-9]{3,10}|[0-9]{3}[ -][0-9]{3}|[0-9]{4}[ -][0-9]{4}|[0-9]{2}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{6}|[0-9]{3} [0-9]{3} [0-9]{3}|[0-9]( [0-9]){3,7}"
)
_WITH_LETTERS: Final = (
    r"[A-Z]{4,8}|[a-z]{4,8}|[A-Z0-9]{4,8}|[a-z0-9]{5,8}|[A-Z]{3}-[0-9]{3}|[A-Z0-9]{3}-[A-Z0-9]{3}"
    r"|[A-Z0-9]{4}-[A-Z0-9]{4}"
    # No word of one letter at its ends
    r"|[BCDFGHJKLMNPQRSTVXZ0-9]( [A-Z0-9]){2,4} [BCDFGHJKLMNPQRSTVXZ0-9]"
)
WRITTEN: Final = st.one_of(
    st.from_regex(re.compile(_WITH_DIGITS, re.ASCII), fullmatch=True),
    st.from_regex(re.compile(_WITH_LETTERS, re.ASCII), fullmatch=True),
)


def _may_hold(template: Template, written: str) -> bool:
    """Whether a person knows what to type: letters before four digits and more are mostly shown
    only, as those of a template whose code has a prefix."""
    if template.is_prefixed:
        return written.isdigit() and 4 <= len(written) <= 8
    return _PREFIXED.fullmatch(written) is None


def _typed(written: str) -> str:
    return re.sub("[ -]", "", written)


def _extract(template: Template, written: str) -> str | None:
    return extract_code(template.filled(written), template.origin.service)


@given(st.sampled_from(ALL), WRITTEN)
def test_no_wrong_code_is_read(template: Template, written: str) -> None:
    assume(_may_hold(template, written))

    assert _extract(template, written) in (None, _typed(written))


@given(st.sampled_from(READ_RIGHT), st.data())
def test_digits_are_read_wherever_others_were(template: Template, data: st.DataObject) -> None:
    """As many digits, that are no year and no round number, which may be an amount."""
    more = len(template.origin.code or "") - 2
    written = data.draw(st.from_regex(rf"\A[3-9][0-9]{{{more}}}[1-9]\Z"))

    assert _extract(template, written) == written


@given(st.sampled_from(ALL), WRITTEN)
def test_code_never_stands_in_the_masked_text(template: Template, written: str) -> None:
    text = template.filled(written)
    # Small letters without a digit are hidden where they are read as a code: else all words were
    assume(not written.isalpha() or written.isupper() or _extract(template, written))
    assume(written.lower() not in words(WordList.COMMON))

    shown = masked(text)

    assert written not in shown
    assert _typed(written) not in re.sub(r"[\W_]", "", shown)


def test_codes_of_letters_and_digits_are_read_behind_their_word() -> None:
    chance = random.Random(20)
    trials = [
        (chance.choice(CLEAR), "".join(chance.choices(ascii_uppercase + digits, k=6)))
        for _ in range(3000)
    ]

    missed = [written for template, written in trials if _extract(template, written) is None]

    assert len(missed) <= len(trials) * 0.02, missed[:20]
