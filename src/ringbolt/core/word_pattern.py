"""Many words as one regular expression that reads each sign of a text once.

An alternation tries its words one after the other at every place; a tree of their beginnings
(a trie) decides by each next sign. The longest word wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache


class _Node(dict[str, "_Node"]):
    is_end = False


def any_of(words: Iterable[str]) -> str:
    """A pattern for any of ``words``, the longest that fits; at least one word."""
    root = _Node()
    for word in words:
        node = root
        for sign in word:
            node = node.setdefault(sign, _Node())
        node.is_end = True
    return _pattern(root)


def _pattern(node: _Node) -> str:
    single = [sign for sign, child in node.items() if not child]
    branches = [_escaped(sign) + _pattern(child) for sign, child in node.items() if child]
    if single:
        ends = "".join(map(_escaped, single))
        branches.append(f"[{ends}]" if len(single) > 1 else ends)
    if not branches:
        return ""
    joined = branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"
    if not node.is_end:
        return joined
    return f"(?:{joined})?"


_escaped = cache(re.escape)
"""The escape of a sign; the words of all lists have some hundreds."""
