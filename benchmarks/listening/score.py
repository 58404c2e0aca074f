"""Score what was heard, sentence by sentence and by kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.listening.words import errors, heard_as, missing, plain
from ringbolt.core.tables import entries, table_rows
from ringbolt.speech.normalise import clean, read

_SILENT = str.maketrans(dict.fromkeys("*#[]()", " "))
"""Signs that the English engine does not say."""

SENTENCES = Path(__file__).parent / "sentences.csv"


@dataclass(frozen=True, slots=True)
class Sentence:
    """``spoken``: how ``text`` is to be read aloud; ``exact``: the phrases of it that must be heard
    word for word."""

    kind: str
    text: str
    spoken: str
    exact: tuple[str, ...]
    language: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """``said``: what the recogniser wrote; ``lost``: the phrases that are not in it; ``unread``:
    those that the text for the engine does not have either."""

    sentence: Sentence
    said: str
    wrong_words: int
    words: int
    lost: tuple[str, ...]
    unread: tuple[str, ...]

    @property
    def exact(self) -> int:
        return len(self.sentence.exact) - len(self.lost)


def sentences(path: Path = SENTENCES) -> list[Sentence]:
    return [
        Sentence(row["kind"], row["text"], row["spoken"], entries(row["heard"]), row["language"])
        for row in table_rows(path.read_text(encoding="utf-8"))
    ]


def result(sentence: Sentence, said: str) -> Result:
    expected = plain(sentence.spoken)
    readings = heard_as(said)
    lost = min((tuple(missing(sentence.exact, reading)) for reading in readings), key=_count)
    return Result(
        sentence,
        said,
        min(errors(expected, reading) for reading in readings),
        len(expected),
        lost,
        tuple(missing(sentence.exact, plain(for_the_engine(sentence).translate(_SILENT)))),
    )


def for_the_engine(sentence: Sentence) -> str:
    """The text as an English engine is given it."""
    region = sentence.language.partition("-")[2]
    return read(clean(sentence.text), "en", region).text


def table(results: Sequence[Result]) -> Iterator[str]:
    """Lines: sentences, word error rate and what was heard exactly, by kind and in all."""
    yield f"{'':14}{'sentences':>10}{'word errors':>13}{'exact':>12}"
    kinds = dict.fromkeys(result.sentence.kind for result in results)
    for kind in kinds:
        yield _line(kind, [each for each in results if each.sentence.kind == kind])
    yield _line("all", results)


def report(result: Result) -> str:
    """What became of a sentence: its text, its reading, what was heard, and whose fault it is."""
    text = f"  {result.sentence.text}\n    read  {for_the_engine(result.sentence)}\n"
    text += f"    heard {result.said}"
    for phrase in result.lost:
        fault = "read wrongly" if phrase in result.unread else "misheard, or said wrongly"
        text += f"\n    lost  {phrase} ({fault})"
    return text


def share(results: Sequence[Result]) -> float:
    """How much of what must be heard exactly was."""
    return sum(each.exact for each in results) / sum(len(r.sentence.exact) for r in results)


def _count(phrases: tuple[str, ...]) -> int:
    return len(phrases)


def _line(name: str, results: Sequence[Result]) -> str:
    words = sum(each.words for each in results)
    wrong = sum(each.wrong_words for each in results)
    exact = sum(each.exact for each in results)
    of = sum(len(each.sentence.exact) for each in results)
    counts = f"{len(results):10}{wrong / words:13.1%}{f'{exact} of {of}':>12}"
    return f"{name:14}{counts}{exact / of:8.1%}"
