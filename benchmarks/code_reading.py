"""How the labelled texts of ``tests/texts`` are read: right, missed, or a wrong code.

    python -m benchmarks.code_reading [--failures] [development|held_out|reported]

Prints tables by part, form and language, as they stand in ``docs/codes.md``. ``--failures`` lists
the texts that are not read right, but those held out: what measures is not looked at.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from ringbolt.core.texts.codes import extract_code
from support.labelled_texts import PARTS, LabelledText, Reading, labelled_texts, reading

_PERCENT = 100
_GOAL = 97


def main() -> int:
    asked = [name for name in sys.argv[1:] if not name.startswith("--")]
    parts = [part for part in PARTS if part in (asked or PARTS)]
    readings = [
        (labelled, reading(labelled, extract_code))
        for part in parts
        for labelled in labelled_texts(part)
    ]
    with_code = [pair for pair in readings if pair[0].code is not None]
    without = [pair for pair in readings if pair[0].code is None]
    _table("texts with a code", "part", with_code, lambda each: each.part)
    _table("texts without one", "part", without, lambda each: each.part)
    _table("texts with a code", "form", with_code, lambda each: each.form)
    _table("texts without one", "what it holds", without, lambda each: each.form)
    _table("texts with a code", "language", with_code, lambda each: each.language)
    _languages(with_code)
    if "--failures" in sys.argv:
        _failures(readings)
    return 1 if any(outcome is Reading.WRONG for _, outcome in readings) else 0


def _table(
    title: str,
    name: str,
    readings: Iterable[tuple[LabelledText, Reading]],
    group: Callable[[LabelledText], str],
) -> None:
    print(f"\n| {title}, by {name} | texts | right | missed | wrong | right % |")
    print("|---|---|---|---|---|---|")
    for key, counts in sorted(_grouped(readings, group).items()):
        total = counts.total()
        right, missed, wrong = (counts[each] for each in Reading)
        print(f"| {key} | {total} | {right} | {missed} | {wrong} | {_percent(right, total)} |")


def _grouped(
    readings: Iterable[tuple[LabelledText, Reading]], group: Callable[[LabelledText], str]
) -> dict[str, Counter[Reading]]:
    found: dict[str, Counter[Reading]] = defaultdict(Counter)
    for labelled, outcome in readings:
        found[group(labelled)][outcome] += 1
    return found


def _percent(count: int, total: int) -> str:
    return f"{_PERCENT * count / total:.1f}"


def _languages(readings: Iterable[tuple[LabelledText, Reading]]) -> None:
    by_language = _grouped(readings, lambda each: each.language)
    reached = [
        language
        for language, counts in by_language.items()
        if _PERCENT * counts[Reading.RIGHT] >= _GOAL * counts.total()
    ]
    print(f"\n{len(reached)} of {len(by_language)} languages at {_GOAL} % and more")


def _failures(readings: Iterable[tuple[LabelledText, Reading]]) -> None:
    print()
    for labelled, outcome in readings:
        if outcome is not Reading.RIGHT and labelled.part != "held_out":
            found = extract_code(labelled.text, labelled.service)
            print(f"{labelled.id} {outcome}: {found} for {labelled.code} in {labelled.text!r}")


if __name__ == "__main__":
    sys.exit(main())
