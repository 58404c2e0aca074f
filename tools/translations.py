"""Collect the sentences of the web pages into their catalogues (``make translations``).

Every sentence gets an entry in each ``locale/<language>/LC_MESSAGES/ringbolt.po``; translations
stay, new entries are empty, and entries that nothing uses any more go.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = ROOT / "src" / "ringbolt" / "web"
LOCALE: Final = PAGES / "locale"
_METHODS: Final = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
_OPTIONS: Final = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
_KEYWORDS: Final = {"_": None, "gettext": None, "marked": None, "ngettext": (1, 2)}
_WIDTH: Final = 100


def collected() -> Catalog:
    """Every sentence of the pages, without translations."""
    found = Catalog(domain="ringbolt", project="Ringbolt")
    for path, _, message, comments, context in extract_from_dir(
        PAGES, _METHODS, _OPTIONS, _KEYWORDS, comment_tags=("Translators:",)
    ):
        found.add(message, None, [(path, 0)], auto_comments=comments, context=context)
    return found


def files() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/ringbolt.po"))


def read(path: Path) -> Catalog:
    with path.open("rb") as written:
        return read_po(written, locale=path.parts[-3], domain="ringbolt")


def update(path: Path, sentences: Catalog) -> int:
    """Bring one catalogue up to date. Returns how many sentences it leaves untranslated."""
    catalog = read(path)
    catalog.update(sentences, no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    with path.open("wb") as written:
        write_po(written, catalog, width=_WIDTH, sort_output=True, include_lineno=False)
    return sum(1 for each in catalog if each.id and not is_complete(each.string))


def is_complete(string: object) -> bool:
    """Whether every form is there."""
    forms = string if isinstance(string, list | tuple) else (string,)
    return all(forms)


def main() -> int:
    sentences = collected()
    for path in files():
        missing = update(path, sentences)
        print(f"{path.parts[-3]}: {len(sentences)} sentences, {missing} without a translation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
