"""Writes ``unspoken.csv``: the signs for which a language has no word beside a digit.

    python -m tools.unspoken_signs [--check]

``--check`` writes nothing, and fails if the table is not what the rules for reading give.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import Final

from ringbolt.speech.languages import LANGUAGES
from ringbolt.speech.normalise import clean, read
from ringbolt.speech.normalise.unspoken import SIGNS

TABLE: Final = (
    Path(__file__).parents[1] / "src" / "ringbolt" / "speech" / "normalise" / "unspoken.csv"
)
_HEAD: Final = (
    "# Signs beside a digit for which a language has no word, so that they are left out; by the "
    "rules for reading.\n"
    "# Written by: python -m tools.unspoken_signs\n"
)


def signs_without_word(language: str) -> str:
    return "".join(sign for sign in SIGNS if sign in read(clean(f"5 {sign} 5"), language).unspoken)


def table() -> str:
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow(("language", "signs"))
    writer.writerows((language, signs_without_word(language)) for language in LANGUAGES)
    return _HEAD + rows.getvalue()


def main() -> int:
    if "--check" not in sys.argv[1:]:
        TABLE.write_text(table(), encoding="utf-8")
        return 0
    if TABLE.read_text(encoding="utf-8") == table():
        return 0
    sys.stderr.write("unspoken.csv is out of date: run python -m tools.unspoken_signs\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
