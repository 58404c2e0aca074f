"""JSON of others is read though a stranger's text in it is no sound one."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ringbolt.core import foreign_json
from ringbolt.core.json_errors import UNREADABLE
from support.growth import LINEAR, growth_of_text


class Named(msgspec.Struct):
    name: str
    more: msgspec.Raw


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (rb'{"a":"x"}', {"a": "x"}),
        (rb'{"a":"\ud83d"}', {"a": "\ufffd"}),
        (rb'{"a":"\ude00\ud83d\ude00\ud83d!"}', {"a": "\ufffd\U0001f600\ufffd!"}),
        (b'{"a":"\xff\xed\xa0\xbd"}', {"a": "\ufffd" * 4}),
        (b'{"a":"line\nand \x01"}', {"a": "line\nand \x01"}),
    ],
)
def test_unsound_texts_are_read(body: bytes, read: Any) -> None:
    assert foreign_json.decode(body) == read


def test_a_document_of_a_kind_is_read_too() -> None:
    found = foreign_json.decode(rb'{"name":"\ud83d","more":{"text":"\ud83d"}}', Named)
    assert (found.name, foreign_json.decode(bytes(found.more))) == ("\ufffd", {"text": "\ufffd"})


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{", rb'{"a":"\ud83d"', b"NaN", b"[1e999]", b"[" * 100_000, b"1" * 5000],
)
def test_what_is_no_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(UNREADABLE):
        foreign_json.decode(body, dict[str, Any])


@pytest.mark.parametrize("unit", [r"\ud83d", r"\\", "\\u", r"\ude00", "\x01", "é"])
def test_the_time_grows_with_the_text(unit: str) -> None:
    def read(text: str) -> None:
        for body in (f'"{text}"', f'["{text}'):
            try:
                foreign_json.decode(body.encode())
            except UNREADABLE:
                continue

    assert growth_of_text(read, unit * 4000) < LINEAR


def test_what_we_write_is_read_as_msgspec_reads_it() -> None:
    document = {"texts": ["\U0001f600 é \\ud83d", 1, 1.5, None, True]}
    assert foreign_json.decode(json.dumps(document).encode()) == document
