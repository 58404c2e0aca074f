"""The activation code in a text message, or nothing.

Everything that has the form of a code (``candidates``) and is nothing else by its surroundings
(``contexts``) gets points for its form and for how it stands to the words that say "code"
(``relations``). The best one is the code if it has enough points and clearly more than every other.
In doubt there is none: a code that was found is sold, and the money is taken for it. The text
itself is always kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ringbolt.core.services import SERVICES
from ringbolt.core.texts.candidates import SHORT, Candidate, Form, candidates
from ringbolt.core.texts.contexts import (
    BLANK,
    blanked,
    is_before_a_year,
    is_something_else,
    mentions,
)
from ringbolt.core.texts.known_names import (
    NAME,
    fillers,
    is_a_name,
    is_word,
    known,
    names,
    no_letters,
)
from ringbolt.core.texts.plain import MAX_CHARS, plain_text
from ringbolt.core.texts.relations import (
    ALONE_ON_ITS_LINE,
    NONE,
    RULED_OUT,
    TYPED,
    Relation,
    announced,
    announces_elsewhere,
    is_subject_of_another,
    named_after,
)
from ringbolt.core.texts.service_forms import form_of
from ringbolt.core.texts.spoken_of import Reading, is_announced_later
from ringbolt.core.texts.surroundings import (
    is_asked,
    is_bracketed,
    is_listed,
    stands_alone,
)
from ringbolt.core.texts.tokens import Words, tokens
from ringbolt.core.texts.vocabulary import NOTHING, Role, is_strong
from ringbolt.core.texts.words import WordList, words

_ENOUGH: Final = 6
_MARGIN: Final = 3
_OF_ITS_SERVICE: Final = 6
_LONGEST_LINK: Final = 3
_WITH_LETTERS: Final = (Form.MIXED, Form.SPACED)
_NOT_DIGITS: Final = (Form.MIXED, Form.LETTERS, Form.SPACED)
_SUPPORT: Final = Role.YOUR | Role.PURPOSE | Role.VALIDITY | Role.TYPE
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
# Android's SMS Retriever: "<#> Your code ... <hash of the app, 11 signs>"
_FOR_AN_APP = re.compile(r"\A(?:<#>|\[#\]).*\s[A-Za-z0-9+/]{11}\s*\Z", re.DOTALL)
_HALF: Final = 4
_PREFIX = re.compile(r"(?<![A-Z])([A-Z]{4})-$")
_NUMBER_AFTER = re.compile(r" [0-9\x00#*]")
_POINTS_BY_DIGITS: Final = {3: -3, 4: 1, 5: 1, 6: 2, 7: 1, 8: 1, 9: -1, 10: -1}

# WICG "Origin-bound one-time codes": the last line is @host #code
_ORIGIN_BOUND = re.compile(
    r"^@[a-z0-9.-]{1,253} #(?=[a-z]*[0-9])([a-z0-9]{4,12})(?= |$)", re.IGNORECASE | re.MULTILINE
)


def extract_code(text: str, service_code: str = "") -> str | None:
    """The code in ``text`` as a user types it, without blanks and hyphens; None if there is none,
    or if it is not clear which one it is.

    ``service_code`` says whose code is expected, '' if that is not known.
    """
    plain = plain_text(text)
    bound = _ORIGIN_BOUND.search(plain) if "@" in plain else None
    if bound:
        return bound[1]
    text = blanked(plain)
    written = candidates(text)
    if not written:
        return None
    scorer = _Scorer(text, written, service_code)
    code = _decision(scorer.scores())
    return code if code and not scorer.is_about_something_else(written) else None


def possible_codes(text: str) -> frozenset[str]:
    """What a text announces as a code, of whichever service: more than one if it is not clear which
    it is."""
    plain = blanked(plain_text(text))
    written = candidates(plain)
    scorer = _Scorer(plain, written, "")
    if scorer.is_about_something_else(written):
        return frozenset()
    return frozenset(each.candidate.code for each in scorer.scores() if each.points >= _ENOUGH)


def code_spans(plain: str) -> list[tuple[int, int]]:
    """Where a text in plain form has what could be taken for a code, whatever stands around it."""
    spans = [found.span(1) for found in _ORIGIN_BOUND.finditer(plain)] if "@" in plain else []
    found = candidates(plain, most=MAX_CHARS)
    spans += [(each.start, each.end) for each in found if not is_word(each)]
    return sorted(spans)


def code_as_number(code: str) -> int | None:
    """The code as a number where that loses nothing: digits without a leading zero, 15 at most
    (what a double holds exactly); else None."""
    if not (code.isascii() and code.isdigit()) or len(code) > 15:
        return None
    return int(code) if code[0] != "0" or code == "0" else None


@dataclass(frozen=True, slots=True)
class _Scored:
    points: int
    candidate: Candidate


def _decision(scored: list[_Scored]) -> str | None:
    """The best code, unless another one is nearly as good."""
    best = max(scored, key=lambda each: (each.points, -each.candidate.start), default=None)
    if best is None or best.points < _ENOUGH:
        return None
    rivals = [each.points for each in scored if each.candidate.code != best.candidate.code]
    return best.candidate.code if best.points - max(rivals, default=0) >= _MARGIN else None


class _Scorer:
    """The points of each candidate of one text."""

    def __init__(self, text: str, written: list[Candidate], service_code: str) -> None:
        self.text = text
        lower = self.text.lower()
        self.lower = lower if len(lower) == len(self.text) else _lower(self.text)
        self.service = service_code
        self.form = form_of(service_code)
        service = SERVICES.get(service_code)
        called = (*service.names, *service.nicknames) if service else ()
        self.names_service = any(name.lower() in self.lower for name in called)
        said = self._words(written)
        found = [each for each in written if not is_something_else(each, self.text, said)]
        self.is_promotion = mentions(WordList.PROMOTION, self.lower, said, written)
        self._judge_words(said, found)
        self.is_only_one = len([each for each in found if each.is_digits]) == 1
        self.has_code = bool(said.said() & Role.CODE)
        self.has_small_letters = _has_small_letters(self.text)
        self.reading = Reading(
            self.text,
            said,
            said.starts,
            said.ends,
            tuple(filter(self._may_be, found)),
            self.is_supported,
        )

    def _words(self, found: list[Candidate]) -> Words:
        """The words outside of candidates that have digits."""
        if not any(each.form in _WITH_LETTERS for each in found):
            return tokens(self.lower)
        signs = list(self.lower)
        for each in found:
            if each.form in _WITH_LETTERS:
                signs[each.start : each.end] = BLANK * (each.end - each.start)
        return tokens("".join(signs))

    def _judge_words(self, said: Words, found: list[Candidate]) -> None:
        """Find what supports the words for "code", and "promo code" as what it is."""
        roles = said.said()
        self.is_kept_secret = bool(roles & Role.VALIDITY)
        self.has_digits = bool(roles & (Role.DIGITS | Role.QUALIFIER))
        self.has_purpose = bool(roles & Role.PURPOSE)
        is_strict = self.form is not None and self.form.is_strict
        has_own_form = is_strict and any(map(self._fits, found))
        self.is_supported = (
            self.is_kept_secret
            or has_own_form
            or _FOR_AN_APP.search(self.text) is not None
            or bool(roles & _SUPPORT)  # it is about its reader's code
            or not names().isdisjoint(said.texts)  # or it says whose code it is
        )
        for index in said.indexes(Role.CODE):
            if self._is_another_code(said, index) or self._is_doubtful(said, index):
                said.roles[index] = (said.roles[index] & ~Role.CODE) | Role.OTHER_CODE
            elif any(map(_qualifies, said.roles[max(0, index - 1) : index + 2])):
                said.roles[index] |= Role.STRONG

    def _is_another_code(self, said: Words, index: int) -> bool:
        roles = said.roles
        is_strong = roles[index] & Role.STRONG
        is_after = bool(index and roles[index - 1] & Role.BEFORE_CODE) and not is_strong
        if is_after and self.text[said.ends[index - 1] : said.starts[index]] in ("", " ", "-"):
            return True
        for at in range(index + 1, min(len(said), index + 3)):
            between = self.text[said.ends[at - 1] : said.starts[at]]
            if len(between) > _LONGEST_LINK or between.strip(" -'"):
                return False
            if roles[at] & Role.NUMBER and not is_strong and at == index + 1:
                return not (index and _qualifies(roles[index - 1]))  # "with code number 48213"
            if roles[at] & Role.AFTER_CODE:
                # "PIN for order 7710456": that is what it is for
                is_purpose = roles[at - 1] & Role.TO and roles[at] & Role.OTHER_NUMBER
                return not (is_purpose and _NUMBER_AFTER.match(self.text, said.ends[at]))
            is_small = not roles[at] and len(said.texts[at]) <= _LONGEST_LINK  # "код за отстъпка"
            if not (is_small or roles[at] & (Role.TO | Role.LINK)):
                return False
        return False

    def _is_doubtful(self, said: Words, index: int) -> bool:
        """Whether a mere "code" is qualified by an unknown word, and nothing else supports it:
        "error code" in a language that is not known."""
        is_phrase = " " in said.texts[index]  # "sign-in code"
        if said.roles[index] & Role.STRONG or is_phrase or not index:
            return False
        before = said[index - 1]
        between = self.text[before.end : said.starts[index]]
        if before.roles or between not in {"", " ", "-"} or said.texts[index - 1] in known():
            return False
        name = self.text[before.start : before.end]
        if any(map(str.isupper, name[1:])) and not name.isupper():
            return False  # "BankID code": a name, and no kind of codes
        is_noun = name[0].islower()
        return is_noun or not self.is_supported

    def _may_be(self, candidate: Candidate) -> bool:
        is_strict = self.form is not None and self.form.is_strict
        if is_strict and not self._fits(candidate) and not self.names_service:
            return False
        if candidate.form is Form.PREFIXED and len(candidate.code) == _HALF:
            # "LINE-1234": a name that is not typed; "QXZT-1234": perhaps two halves of a code
            prefix = _PREFIX.search(self.text, max(0, candidate.start - _HALF - 2), candidate.start)
            return prefix is None or prefix[1].lower() in no_letters()
        if candidate.form is Form.LETTERS:
            return self.has_small_letters and not is_word(candidate)
        return True

    def _fits(self, candidate: Candidate) -> bool:
        return self.form is not None and self.form.fits(candidate, self.text)

    def is_about_something_else(self, written: list[Candidate]) -> bool:
        """Whether the text is about a matter whose codes prove no identity: a prescription, or a
        booking, whose "confirmation code" is typed nowhere."""
        said, roles = self.reading.tokens, self.reading.tokens.said()
        is_proof = self.has_purpose and self.is_kept_secret
        if not is_proof and mentions(WordList.OTHER_MATTER, self.lower, said, written):
            return True
        purposes = [said.texts[index] for index in said.indexes(Role.PURPOSE)]
        codes = [said.texts[index] for index in said.indexes(Role.CODE)]
        return (
            bool(purposes)
            and all(map(_confirms, purposes))
            and not any(map(is_strong, codes))
            and not (self._is_to_be_kept() or roles & Role.TYPE)
            and mentions(WordList.BOOKED_MATTER, self.lower, said, written)
        )

    def _is_to_be_kept(self) -> bool:
        """Whether the text says how long something holds, besides naming a time."""
        roles = self.reading.tokens.roles
        return any(each & Role.VALIDITY and not each & Role.UNIT for each in roles)

    def scores(self) -> list[_Scored]:
        """Each candidate that is not ruled out, with its points."""
        reading = self.reading
        before = [announced(each, reading) for each in reading.candidates]
        taken = {
            relation.word: each.start
            for each, relation in zip(reading.candidates, before, strict=True)
            if relation.word >= 0 and relation.is_clear
        }
        before = self._without_purposes(before)
        return [
            _Scored(self._points(each, relation, named_after(each, reading, taken)), each)
            for each, relation in zip(reading.candidates, before, strict=True)
        ]

    def _without_purposes(self, before: list[Relation]) -> list[Relation]:
        """Without what a code is for: the first number of "code for payment 88120 is 340771"."""
        outright = {relation.word: at for at, relation in enumerate(before) if relation.is_exact}
        return [
            NONE
            if relation.word >= 0
            and not relation.is_exact
            and (at < outright.get(relation.word, 0) or is_announced_later(each, self.reading))
            else relation
            for at, (each, relation) in enumerate(zip(self.reading.candidates, before, strict=True))
        ]

    def _points(self, candidate: Candidate, before: Relation, after: Relation) -> int:
        best = max(before, after, key=lambda relation: relation.points)
        if self._is_ruled_out(candidate, before, after):
            return RULED_OUT
        if candidate.form in _NOT_DIGITS and not self._is_plain(candidate, best):
            return 0
        if self.is_promotion and not (best.is_exact and self.has_purpose):
            return 0
        is_about_codes = self.has_code or self.is_kept_secret or self.has_purpose or self.has_digits
        said = best.points if is_about_codes or best.points != TYPED else 0  # "quote 88412"
        points = max(said, *self._other_points(candidate))
        if points <= 0:
            return 0
        form = candidate.form.value
        if candidate.form is Form.DIGITS:
            form = _POINTS_BY_DIGITS[len(candidate.code)]
        return points + form + is_bracketed(candidate, self.text) + 2 * self._fits(candidate)

    def _is_ruled_out(self, candidate: Candidate, before: Relation, after: Relation) -> bool:
        best = max(before, after, key=lambda relation: relation.points)
        return (
            RULED_OUT in (before.points, after.points)
            or (is_asked(candidate, self.text) and not self._is_to_be_typed(best))
            or (candidate.form is Form.DIGITS and is_listed(candidate, self.text))
            or (best is before and is_subject_of_another(candidate, self.reading))
            or (_YEAR.fullmatch(candidate.code) is not None and self._is_a_year(candidate, best))
        )

    def _is_to_be_typed(self, best: Relation) -> bool:
        """Whether a word asks to type the code: "use the code"."""
        said = self.reading.tokens.roles[max(0, best.word - 2) : max(0, best.word)]
        return any(roles & Role.TYPE for roles in said)

    def _is_a_year(self, candidate: Candidate, best: Relation) -> bool:
        return not best.is_clear or is_before_a_year(candidate, self.lower)

    def _is_plain(self, candidate: Candidate, best: Relation) -> bool:
        """Whether signs that may be a word or a name are said outright to be the code."""
        if candidate.form is Form.LETTERS and announces_elsewhere(best.word, self.reading):
            return False
        if len(candidate.code) <= SHORT:
            word = self.reading.tokens.roles[best.word] if best.word >= 0 else NOTHING
            return best.is_exact and bool(word & Role.STRONG) and not self.is_promotion
        is_typed = best.points == TYPED and (self.has_code or self.is_supported)
        # "use HTW-230": the letters may be the name of the digits
        is_typed &= "-" not in self.text[candidate.start : candidate.end]
        return (best.is_exact or is_typed) and not self.is_promotion

    def _other_points(self, candidate: Candidate) -> tuple[int, ...]:
        """For digits that no word announces: they stand alone, or the text says no more."""
        if not candidate.is_digits or len(candidate.code) == 3:
            return (0,)
        speaks = self.has_code
        may_be_alone = speaks or self.is_kept_secret
        only = self.is_only_one
        return (
            ALONE_ON_ITS_LINE if may_be_alone and stands_alone(candidate, self.text) else 0,
            _OF_ITS_SERVICE if self._is_of_its_service(candidate) else 0,
            _OF_ITS_SERVICE if only and not speaks and self._says_no_more(candidate) else 0,
        )

    def _is_of_its_service(self, candidate: Candidate) -> bool:
        """Whether it has the form of the service's codes, in a text that names the service."""
        if self.form is None or not self._fits(candidate) or not self.form.is_strict:
            return False
        return self.names_service

    def _says_no_more(self, candidate: Candidate) -> bool:
        """Whether the text holds nothing else but the name of the service, or filler words."""
        said = NAME.findall(self.lower)
        if _YEAR.fullmatch(candidate.code):
            return False
        return is_a_name(said, self.service) or fillers().issuperset(said)


def _qualifies(roles: int) -> bool:
    """Whether a word beside "code" says that it is one of these: "temporary", "verification"."""
    return bool(roles & (Role.QUALIFIER | Role.PURPOSE)) and not roles & Role.TYPE


def _confirms(purpose: str) -> bool:
    return purpose.startswith(words(WordList.CONFIRMATION))


def _lower(text: str) -> str:
    """In small letters, sign by sign (``İ`` would become two)."""
    return "".join(low if len(low := sign.lower()) == 1 else "i" for sign in text)


def _has_small_letters(text: str) -> bool:
    """Whether capitals stand out in the text."""
    small = sum(map(str.islower, text))
    return small >= 5 or small > sum(map(str.isupper, text)) or not text.isascii()
