"""Translation of what the pages say: gettext, with the catalogues of ``locale/``.

English sentences are the keys. Python modules of the pages write ``_("Pay %(sum)s", sum=...)`` and
``ngettext("%(num)s key", "%(num)s keys", count)``; a sentence that is kept in a table is wrapped in
``marked`` there, and in ``_`` where it is shown. Templates have ``_``, ``ngettext`` and
``{% trans %}``. A sentence without a translation stays English.

``python -m tools.translations`` collects the sentences into the catalogues.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import cache, wraps
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from typing import Any, Final, ParamSpec, TypeVar

from ringbolt.web.languages import BY_CODE, ENGLISH, language, speak

DOMAIN: Final = "ringbolt"
_VALUE: Final = re.compile(r"%\((?!start\)|end\))[a-z_]+\)s", re.ASCII)
P = ParamSpec("P")
T = TypeVar("T")


def gettext(sentence: str, /, **values: object) -> str:
    """The sentence in the visitor's language, with its ``%(name)s`` filled in."""
    return catalogue(language().code).gettext(sentence) % values


_ = gettext


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """The form that the language has for ``number``, which ``%(num)s`` names."""
    chosen = catalogue(language().code).ngettext(one, many, number)
    return chosen % {"num": number, **values}


def both(first: str, second: str) -> str:
    """Two things, with the comma of the language."""
    return gettext("%(first)s, %(second)s", first=first, second=second)


def marked(sentence: str) -> str:
    """The sentence itself: it is only collected here, and translated where it is shown."""
    return sentence


def in_this_language(fn: Callable[P, T]) -> Callable[P, T]:
    """``fn`` for another thread, such as the store's: it speaks what this task speaks."""
    chosen = language()

    @wraps(fn)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        before = language()
        speak(chosen)
        try:
            return fn(*args, **kwargs)
        finally:
            speak(before)

    return run


@cache
def catalogue(code: str) -> NullTranslations:
    """The translations of a language, compiled from its ``.po`` file at the first use."""
    if code == ENGLISH.code:
        return NullTranslations()
    # Babel takes a while to load, and English pages do without it.
    from babel.messages.mofile import write_mo  # noqa: PLC0415
    from babel.messages.pofile import read_po  # noqa: PLC0415

    path = files("ringbolt.web").joinpath("locale", code, "LC_MESSAGES", f"{DOMAIN}.po")
    compiled = io.BytesIO()
    with path.open("rb") as written:
        read = read_po(written, locale=code, domain=DOMAIN)
    if BY_CODE[code].direction == "rtl":
        for message in read:
            message.string = _isolated(message.string)
    write_mo(compiled, read)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _isolated(string: Any) -> Any:
    """The translation, or its forms, with a wall around each value: a number with its ``+``, or
    Latin letters, keep their own order within a sentence that runs from right to left. (Unicode
    Bidirectional Algorithm, first strong isolates; ``start`` and ``end`` are markup.)"""
    if isinstance(string, str):
        return _VALUE.sub("\u2068\\g<0>\u2069", string)
    return tuple(map(_isolated, string))


def callables() -> dict[str, Any]:
    """What Jinja's ``install_gettext_callables`` takes."""
    return {
        "gettext": lambda text: catalogue(language().code).gettext(text),
        "ngettext": lambda one, many, n: catalogue(language().code).ngettext(one, many, n),
        "newstyle": True,
    }
