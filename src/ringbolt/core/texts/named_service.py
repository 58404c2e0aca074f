"""Whether a text says of itself that it is of another service than the one that was ordered.

A number may have been lent for another service before, and whoever knows it may write to it: what
names another service is not what was ordered. When in doubt it is: a text that names neither, or
both, counts as before. What shares a sender or a sign-in (Facebook's for Instagram) names both.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ringbolt.core.services import ANY_OTHER, FULL_RENT, SERVICE_NAMES, SERVICES
from ringbolt.core.texts.codes import MAX_CHARS

_LEAST_LETTERS: Final = 4
_COMMON_WORDS: Final = frozenset(
    {"apple", "azure", "bolt", "kolesa", "line", "outlook"}
    | {"ozon", "proton", "steam", "uber", "wish"}
)
"""Names that are words of some language: they count as a whole sender alone."""
_RELATED: Final = (
    frozenset({"fb", "ig"}),  # Meta: one sender, one sign-in
    frozenset({"vk", "ok", "ma"}),  # VK ID
    frozenset({"wb", "qq"}),  # Tencent
    frozenset({"ab", "hw"}),  # Alibaba
    frozenset({"mb", "pm"}),  # Yahoo
    frozenset({"ya", "ub"}),  # Uber's rides in Russia are Yandex's
)
_ALSO: Final = {
    "wa": "wa ватсап вотсап واتساب واتس וואטסאפ व्हाट्सएप",
    "tg": "tg телеграм телеграмм تلگرام تلجرام تيليجرام טלגרם",
    "vk": "вконтакте",
    "ok": "одноклассники",
    "vi": "вайбер",
    "go": "гугл",
    "fb": "fb фейсбук فيسبوك",
    "ig": "ig insta инстаграм",
    "ya": "яндекс",
    "av": "авито",
    "wb": "微信 腾讯",
    "qq": "腾讯",
    "kf": "微博",
    "hw": "支付宝",
    "ab": "aliexpress 淘宝 阿里巴巴",
    "kt": "카카오톡 카카오",
    "nv": "네이버",
    "am": "アマゾン 亚马逊",
}
_SIGNATURES: Final = {"go": r"g-\d{6}", "fb": r"fb-\d{5,8}"}
"""How codes themselves say whose they are."""

_PIECE = re.compile(r"\S+")
_ADDRESS = re.compile(r"://|@|[^\s/?#.]\.[a-z]{2,63}(?=$|[^a-z.])")
_CHANNELS: Final = "via through over por pelo pela par über tramite attraverso через przez melalui"
_OTHERWISE: Final = "or oder ou o или lub veya atau nor ni"
_BEFORE: Final = 120
_NOT_OF_IT = re.compile(
    rf"(?:(?<!\w)(?:{'|'.join(_CHANNELS.split())}) (?:[\w,'-]+ ){{0,2}}"
    rf"|(?<!\w)(?:{'|'.join(_OTHERWISE.split())}) (?:an? |el |la |le |o )?)$"
)
"""What stands before a service by which a code is asked for, or must not be given away."""
_PRODUCT = re.compile(r" ?(?:play|pay|maps|authenticator|chrome|store)(?![a-z])")


def names_another(text: str, sender: str, service: str) -> bool:
    """Whether ``sender`` or ``text`` names another known service, and neither the ordered one.

    ``service`` is its code; nothing is foreign to "any other", to "full", or to one unknown here.
    """
    if service not in SERVICES or service in (ANY_OTHER, FULL_RENT):
        return False
    body, from_ = _normal(text[:MAX_CHARS]), _normal(sender[:MAX_CHARS])
    own = {service}.union(*(group for group in _RELATED if service in group))
    if any(_ANYWHERE[each].search(part) for each in own for part in (body, from_)):
        return False
    senders = _senders(from_)
    if senders:
        return not senders & own
    words = _without_addresses(body)
    return any(_is_said(each, words) for each in _IN_TEXT if each not in own)


def _normal(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()


def _senders(sender: str) -> set[str]:
    """Whose sender it is: the name alone, or a distinct one as a word of it ("AD-AMAZON")."""
    squashed = _squashed(sender)
    words = {squashed, *re.findall(r"[^\W\d_]+", sender)}
    return {
        code
        for code, names in _NAMES.items()
        for name in names
        if _squashed(name) == squashed or (name in words and _is_distinct(name))
    }


def _squashed(name: str) -> str:
    return "".join(filter(str.isalnum, name))


def _is_said(code: str, words: str) -> bool:
    for found in _IN_TEXT[code].finditer(words):
        before = words[max(0, found.start() - _BEFORE) : found.start()]
        if not _NOT_OF_IT.search(before) and not _PRODUCT.match(words, found.end()):
            return True
    return False


def _without_addresses(body: str) -> str:
    """Where to follow us, and whose mailbox it is, says nothing about the code."""
    return " ".join("" if _ADDRESS.search(each) else each for each in _PIECE.findall(body))


def _is_distinct(name: str) -> bool:
    """Whether the word is surely the service, and not just a word."""
    return name not in _COMMON_WORDS and (len(name) >= _LEAST_LETTERS or not name.isascii())


def _names(code: str) -> frozenset[str]:
    written = [_normal(name) for name in SERVICE_NAMES[code]]
    return frozenset([*written, *map(_normal, _ALSO.get(code, "").split())])


def _any(names: frozenset[str], signature: str) -> re.Pattern[str]:
    latin = [re.escape(name) for name in names if name.isascii()]
    other = [re.escape(name) for name in names if not name.isascii()]
    # Beside a Latin name may stand a script that puts no blanks between words
    alone = [rf"(?<![a-z0-9])(?:{'|'.join(latin)})(?![a-z0-9])"] if latin else []
    signed = [rf"(?<![a-z0-9])(?:{signature})(?![a-z0-9])"] if signature else []
    return re.compile("|".join(alone + other + signed))


_NAMES: Final = {code: _names(code) for code in SERVICES if code not in (ANY_OTHER, FULL_RENT)}
_ANYWHERE: Final = {code: _any(names, _SIGNATURES.get(code, "")) for code, names in _NAMES.items()}
_IN_TEXT: Final = {
    code: _any(distinct, _SIGNATURES.get(code, ""))
    for code, names in _NAMES.items()
    if (distinct := frozenset(filter(_is_distinct, names)))
}
