"""What is wrong with a JSON body, said in words that are true."""

from __future__ import annotations

import msgspec
import pytest

from ringbolt.core.json_errors import json_error


def fault_of(body: bytes) -> str:
    try:
        msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return json_error(error, body)
    raise AssertionError("it can be read")


@pytest.mark.parametrize(
    "body",
    [
        rb'{"message":"\ud800"}',
        rb'{"message":"hello \uDBFF"}',
        rb'{"message":"\ud800 and more"}',
        rb'{"message":"\ud800\u0041"}',
        rb'{"message":"\udc00"}',
        rb'{"message":"\ud83d\ude00\ude00"}',
    ],
)
def test_half_a_surrogate_pair_is_called_that(body: bytes) -> None:
    assert "half of a surrogate pair" in fault_of(body)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"message":"hi', "it ends too early"),
        (rb'{"message":"\ud83d\ude00', "it ends too early"),
        (b'{"phone":1e999}', "it holds a number that is too large"),
        (b'{"phone":[-1e999]}', "it holds a number that is too large"),
        (b'{"phone":"\xff"}', "it is not UTF-8"),
        (b"[" * 100_000, "it is nested too deep"),
        (b'{"a":1,}', "JSON is malformed: trailing comma in object (byte 7)"),
    ],
)
def test_the_cause_is_named_and_no_path_of_the_parser(body: bytes, said: str) -> None:
    assert fault_of(body) == said
