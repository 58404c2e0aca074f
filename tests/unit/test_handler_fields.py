"""Times in the documents of ``handler_api.php``, most of which name no zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ringbolt.numbers.handler_api.fields import end_ms, lasts_ms, time_ms, times_ms
from ringbolt.numbers.handler_api.texts import of_rental

MINUTE_MS = 60_000
NOW_MS = round(datetime(2027, 1, 15, 12, 15, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "minutes_ago"),
    [
        ("2027-01-15 12:10:00", 5),
        ("2027-01-15 15:10:00", 5),  # the time of Moscow
        ("2027-01-15 04:10:00", 5),
        ("2027-01-15 12:18:00", 0),  # its clock is ahead of ours
        ("2027-01-15 12:21:00", 54),
        ("2027-01-15T12:10:00Z", 5),
        ("2027-01-15T10:10:00+00:00", 125),
        ("2027-01-15T13:00:00+00:00", 0),
    ],
)
def test_a_time_without_a_zone_is_the_latest_that_has_been(text: str, minutes_ago: int) -> None:
    assert time_ms(text, NOW_MS) == NOW_MS - minutes_ago * MINUTE_MS


def test_times_of_one_document_have_one_zone() -> None:
    written = ["2027-01-15 13:14:00", "2027-01-15 15:10:00", None, "2027-01-15T10:00:00Z"]
    minutes_ago = [121, 5, None, 135]
    assert times_ms(written, NOW_MS) == [
        None if each is None else NOW_MS - each * MINUTE_MS for each in minutes_ago
    ]


def test_texts_of_hours_stay_in_their_order() -> None:
    values = [
        {"text": "new", "date": "2027-01-15 15:10:00"},
        {"text": "old", "date": "2027-01-15 13:14:00"},
    ]
    found = of_rental("rent-17", "+12025550111", {"values": values}, NOW_MS)
    assert [text.text for text in found] == ["old", "new"]


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2027-01-15 15:10:00", "2027-01-15 15:30:00", 20),
        ("2027-01-15 15:10:00", "9999-01-15 15:30:00", None),
        ("2027-01-15 15:30:00", "2027-01-15 15:10:00", None),
        ("2027-01-15 15:10:00", "2027-01-15T15:30:00Z", None),
        ("2027-01-15 15:10:00", None, None),
    ],
)
def test_how_long_an_activation_lasts(start: str, end: str | None, minutes: int | None) -> None:
    assert lasts_ms(start, end) == (None if minutes is None else minutes * MINUTE_MS)


def test_an_end_without_a_zone_is_not_known() -> None:
    assert end_ms("2027-01-15 16:15:00") is None
    assert end_ms("2027-01-15T16:15:00Z") == NOW_MS + 240 * MINUTE_MS
