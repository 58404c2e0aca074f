"""The patterns by which a code in a text message is known, and by which another number is.

All are matched in lower case. Latin words stand alone, except those that languages put at the
end of a longer one (``Bestätigungscode``, ``verifieringskod``) or before an ending (``kodunuz``).
They are compiled when first needed: that takes longer than everything else of this package.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from ringbolt.core.texts.words import WordList, words


@dataclass(frozen=True, slots=True)
class CodePatterns:
    """``code_word`` says "code", "one-time password" or "PIN"; ``purpose_word``, a weaker sign,
    what a code is for. ``not_this_code_before`` and ``..._after`` surround the word for a code that
    proves no identity (a promo code). ``another_number_before`` and ``..._after`` surround an
    amount, a time, the end of a card number, an order or a telephone number, and ``year_before``
    precedes a year. ``fillers`` only announce a number.
    """

    code_word: re.Pattern[str]
    purpose_word: re.Pattern[str]
    not_this_code_before: re.Pattern[str]
    not_this_code_after: re.Pattern[str]
    another_number_before: re.Pattern[str]
    another_number_after: re.Pattern[str]
    year_before: re.Pattern[str]
    fillers: frozenset[str]


SERVICE_CODE: Final[dict[str, re.Pattern[str]]] = {
    # Steam Guard codes are five capitals and digits, often without a digit
    "mt": re.compile(r"(?i:code)(?: is)?:?[ \n]{0,2}([A-Z0-9]{5})(?![A-Za-z0-9])"),
}
"""Services whose codes have a form of their own; the group is the code."""

_NOT_THIS_CODE_AFTER: Final = (
    r" ?(?:(?:de |di |do )?(?:promo|descuento|desconto|sconto|réduc|parrain|postal|barr|invit)"
    r"|купона|скидк|акци)"
)
_SIGNS_OF_MONEY: Final = "[$€£¥₹₽₴₺₩₦₫฿₱]"
_CARD_BEFORE: Final = r"""
    (?:ending|ends|terminad[ao]|termina|terminant|endet|endend|оканчива\w{1,8}|заканчива\w{1,8}
    |尾号|尾號|末尾)(?:\ (?:in|with|on|en|em|con|par|auf|mit|на))?:?\ ?[*.•x]{0,8}
    |(?:[*•]{2,}|x{2,})\ ?
"""
_ORDER_BEFORE: Final = r"""
    (?:(?<![a-z])(?:order|booking|ref|reference|ticket|invoice|tracking|flight|a/c|room|gate|txn
    |transaction|parcel|bestellung|auftrag|pedido|commande|ordine|zamówieni\w{1,3})
    |заказ\w{0,3}|заявк\w{0,2}|сч[её]т\w{0,2}|рейс\w{0,2}
    |订单号?|訂單|単号|运单号|注文番号|주문번호|운송장번호)
    (?:\ ?(?:no|nr|num|number|id))?\.?:?\ ?\#?
"""
_TELEPHONE_BEFORE: Final = r"""
    (?<![a-z])(?:call|tel|phone|dial|hotline|helpline|fax|appelez|llame|ligue|звоните|тел
    |客服|电话|热线)\.?:?\ ?(?:us\ )?(?:at\ |on\ |le\ |al\ )?
    |(?:stop|help|sms|text|reply|start|info|yes|стоп|смс)['"»]?
    \ (?:to|at|an|a|al|au|на|naar|till|do|ke)[ ]
"""


@cache
def code_patterns() -> CodePatterns:
    """The patterns, compiled once."""
    code = f"{_any_of(words(WordList.CODE))}|{_alone(words(WordList.CODE_ALONE))}"
    return CodePatterns(
        code_word=re.compile(f"{code}|(?<![a-z])ma (?:otp|xac)"),
        purpose_word=re.compile(_any_of(words(WordList.PURPOSE))),
        not_this_code_before=re.compile(f"(?:{_any_of(words(WordList.OTHER_CODE))})[ -]?$"),
        not_this_code_after=re.compile(_NOT_THIS_CODE_AFTER),
        another_number_before=_another_number_before(),
        another_number_after=_another_number_after(),
        year_before=re.compile(
            f"(?:{_alone(words(WordList.BEFORE_YEAR))}|(?<![а-яё])(?:за|в|на|для|до|с)|©) $"
        ),
        fillers=frozenset(words(WordList.FILLER)),
    )


def _another_number_before() -> re.Pattern[str]:
    money = rf"""
        (?:{_SIGNS_OF_MONEY}|{_alone(words(WordList.CURRENCY))}|(?<![a-z])r[sp]\.?
        |(?<![a-z])amount(?:\ of)?:?|сумм\w?:?|金额|余额)\s?
    """
    before = f"(?:{money}|{_CARD_BEFORE}|{_ORDER_BEFORE}|{_TELEPHONE_BEFORE})$"
    return re.compile(before, re.VERBOSE)


def _another_number_after() -> re.Pattern[str]:
    units = (*words(WordList.CURRENCY), *words(WordList.UNIT))
    return re.compile(
        rf"\s?(?:{_SIGNS_OF_MONEY}|%|(?:{_any_of(units)})(?![a-z])"
        f"|{_any_of(words(WordList.UNIT_BEGINNING))})"
    )


def _any_of(found: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first; in the form that texts are brought to."""
    normal = [unicodedata.normalize("NFKC", word) for word in found]
    return "|".join(re.escape(word) for word in sorted(normal, key=len, reverse=True))


def _alone(found: Iterable[str]) -> str:
    return f"(?<![a-z])(?:{_any_of(found)})(?![a-z])"
