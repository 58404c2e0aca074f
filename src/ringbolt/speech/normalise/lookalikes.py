"""Latin letters in Cyrillic words, as keyboards without the right ones leave them. Pure.

Chuvash is mostly written with Latin ă and ĕ; the engine reads each as "a breve", in English.
"""

from __future__ import annotations

import re
from typing import Final

_LETTERS: Final = dict(
    zip("aceiopxyjABCEHIKMOPTXYJăĕçÿĂĔÇŸ", "асеіорхујАВСЕНІКМОРТХУЈӑӗҫӳӐӖҪӲ", strict=True)
)
_CYRILLIC: Final = "\u0400-\u04ff"
_STRAY: Final = re.compile(
    f"(?<![A-Za-z\u00c0-\u024f])[{''.join(_LETTERS)}]{{1,2}}(?![A-Za-z\u00c0-\u024f])"
)
_HAS_BOTH: Final = re.compile(
    f"[{_CYRILLIC}][A-Za-z\u00c0-\u024f]|[A-Za-z\u00c0-\u024f][{_CYRILLIC}]"
)


def cyrillic_words(text: str) -> str:
    """``text`` with Cyrillic letters for one or two Latin ones within a Cyrillic word. A capital
    after a small letter stays: there a blank is missing ("кодA1")."""
    return _STRAY.sub(_as_cyrillic, text) if _HAS_BOTH.search(text) else text


def _as_cyrillic(found: re.Match[str]) -> str:
    text, letters = found.string, found[0]
    before, after = (
        text[max(0, found.start() - 1) : found.start()],
        text[found.end() : found.end() + 1],
    )
    if letters[0].isupper() and before.islower():
        return letters
    if not (_is_cyrillic(before) or _is_cyrillic(after)):
        return letters
    return "".join(_LETTERS[letter] for letter in letters)


def _is_cyrillic(char: str) -> bool:
    return "\u0400" <= char <= "\u04ff"
