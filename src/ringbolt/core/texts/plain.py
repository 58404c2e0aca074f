"""A text in the form in which codes are looked for, and where each of its signs comes from.

Digits, blanks, hyphens and full-width signs of every script are ASCII; invisible signs (direction
marks, joiners) are gone. The mask needs to know which part of the original a code was read from.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MAX_CHARS: Final = 1600
"""How much of a text is read: a little more than ten segments."""

# A base and what is written over it or beside it; NFKC joins Hangul letters, too
_CLUSTER = re.compile(
    r"[\u1100-\u11ff]+|[^\n][\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    r"\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0980-\u0983\u09bc-\u09d7\u0a01-\u0a03\u0a3c-\u0a51"
    r"\u0abc-\u0acd\u0b3c-\u0b57\u0bbe-\u0bd7\u0c3e-\u0c56\u0cbc-\u0cd6\u0d3e-\u0d57\u0dca-\u0ddf"
    r"\u102b-\u103e\u3099\u309a\uff9e\uff9f]*|\n"
)
_JOINS_HALF_WIDTH: Final = "\uff9e\uff9f"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_MOST_OF_ONE: Final = 4
"""A sign that would become more than so many (U+FDFA: 18) stays as it is."""
WIDE_COMMA: Final = "،"
"""What a full-width comma becomes: with a comma "482913，10分" would be a decimal."""


_OTHERS: Final = {"，": WIDE_COMMA, "៖": ":", "፦": ":", "፡": ":", "՝": ":"}
"""Commas and colons of other scripts."""


class _Signs(dict[int, str]):
    """What each sign becomes, filled as signs are met; it holds a part of Unicode at most."""

    def __missing__(self, point: int) -> str:
        sign = chr(point)
        become = _OTHERS.get(sign) or _composed(sign)
        self[point] = become
        return become


def _composed(signs: str) -> str:
    composed = unicodedata.normalize("NFKC", signs)
    if len(composed) > _MOST_OF_ONE * len(signs):
        return signs
    return "".join(map(_plain_sign, composed))


def _plain_sign(sign: str) -> str:
    if sign.isascii():
        return " " if sign in "\t\r" else "" if sign < " " and sign != "\n" else sign
    match unicodedata.category(sign):
        case "Nd":
            return str(unicodedata.decimal(sign))
        case "Cf":
            return ""
        case "Pd":
            return "-"
        case "Zs":
            return " "
        case _:
            return sign


_SIGNS: Final = _Signs()


@dataclass(frozen=True, slots=True)
class Plain:
    """``origins[i]`` is where in the original the sign ``i`` of ``text`` begins; the last entry is
    where the reading ended."""

    text: str
    origins: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the original has what stands from ``start`` to ``end`` here."""
        last = self.origins[end - 1]
        while end < len(self.origins) - 1 and self.origins[end] == last:
            end += 1  # one sign became several: all are hidden with it
        return self.origins[start], self.origins[end]


def plain_signs(text: str) -> str:
    """The whole of ``text`` in plain form."""
    if text.isascii() and _CONTROL.search(text) is None:
        return text
    if _has_clusters(text):
        return "".join(map(_of_cluster, _CLUSTER.findall(text)))
    return text.translate(_SIGNS)


def plain_text(text: str) -> str:
    """The first ``MAX_CHARS`` signs of ``text``, in plain form."""
    return plain_signs(text[:MAX_CHARS])[:MAX_CHARS]


def plain(text: str) -> Plain:
    """The same, with the origin of each sign."""
    cut = text[:MAX_CHARS]
    clusters: Sequence[str] = cut
    if _has_clusters(cut):
        clusters = _CLUSTER.findall(cut)
        signs = list(map(_of_cluster, clusters))
    elif all(len(_SIGNS[ord(sign)]) == 1 for sign in set(cut)):
        return Plain(plain_signs(cut), range(len(cut) + 1))
    else:
        signs = [_SIGNS[point] for point in map(ord, cut)]
    joined = "".join(signs)
    origins: list[int] = []
    at = 0
    for cluster, become in zip(clusters, signs, strict=True):
        origins += [at] * len(become)
        at += len(cluster)
    origins.append(at)
    return Plain(joined[:MAX_CHARS], origins[: MAX_CHARS + 1])


def _has_clusters(text: str) -> bool:
    """Whether signs of the text become one with their neighbours."""
    if text.isascii():
        return False
    is_composed = unicodedata.is_normalized("NFC", text)
    return not is_composed or any(sign in text for sign in _JOINS_HALF_WIDTH)


def _of_cluster(cluster: str) -> str:
    return _SIGNS[ord(cluster)] if len(cluster) == 1 else _composed(cluster)
