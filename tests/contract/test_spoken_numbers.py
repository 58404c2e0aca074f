"""Numbers, amounts, times and keys in the most spoken languages sound as their words do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ringbolt.core.tables import table_rows
from ringbolt.speech.normalise import clean, read
from support.phonemes import Listener

TABLE = Path(__file__).with_name("spoken_numbers.csv")
ROWS = list(table_rows(TABLE.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['language']}-{row['text']}")
def test_a_number_sounds_as_its_words_do(listener: Listener, row: dict[str, str]) -> None:
    language, region = row["language"], row["region"]
    spoken = read(clean(row["text"]), language, region).text

    heard = listener.sounds(spoken, language, region)

    assert heard == listener.sounds(row["said"], language, region), spoken
