"""The canonical form of a body: RFC 8785, whatever fast path was taken."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.core.canonical import canonical_json, digest
from ringbolt.core.errors import InvalidInput
from support.place_call import decode_body

LIMIT = 2**53
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = (
    texts | st.none() | st.booleans() | st.integers(-LIMIT + 1, LIMIT - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
documents = st.dictionaries(
    texts,
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner)
    ),
    max_size=6,
)


@given(st.dictionaries(texts, scalars, max_size=8))
def test_flat_document_is_as_rfc8785_says(document: dict[str, Any]) -> None:
    assert canonical_json(document) == rfc8785.dumps(document)


@given(documents)
def test_nested_document_is_as_rfc8785_says(document: dict[str, Any]) -> None:
    assert canonical_json(document) == rfc8785.dumps(document)


@pytest.mark.parametrize("code", range(0x180))
def test_every_low_character_is_written_as_rfc8785_says(code: int) -> None:
    document = {"a": chr(code), "b": f"x{chr(code)}\\y"}

    assert canonical_json(document) == rfc8785.dumps(document)


@given(documents, st.booleans(), st.sampled_from([None, 1, 4]), st.randoms())
def test_white_space_key_order_and_escapes_do_not_matter(
    document: dict[str, Any], ascii_only: bool, indent: int | None, random: Any
) -> None:
    items = list(document.items())
    random.shuffle(items)
    written = json.dumps(dict(items), ensure_ascii=ascii_only, indent=indent).encode()

    assert canonical_json(decode_body(written)) == canonical_json(document)


def test_published_example_of_rfc8785_section_3_2() -> None:
    written = (
        r'{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],'
        r'"string": "\u20ac$\u000F\u000aA' + "'" + r'\u0042\u0022\u005c\\\"\/",'
        r'"literals": [null, true, false]}'
    )
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )

    assert canonical_json(decode_body(written.encode())) == expected.encode()


def test_published_sorting_example_of_rfc8785_section_3_2_3() -> None:
    """Keys sort by UTF-16 units, where a smiley comes before a Hebrew presentation form."""
    document = {
        "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One", "\U0001f600": "Emoji: Grinning Face", "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }  # fmt: skip

    values = list(json.loads(canonical_json(document)).values())

    assert values == [
        "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign",
        "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("0", "0"), ("-0", "0"), ("-0.0", "0"), ("1.0", "1"), ("1e0", "1"), ("2.50", "2.5"),
        ("5e-324", "5e-324"), ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("9007199254740991", "9007199254740991"), ("-9007199254740991", "-9007199254740991"),
        ("295147905179352830000.0", "295147905179352830000"), ("1e21", "1e+21"),
        ("9.999999999999997e22", "9.999999999999997e+22"), ("1e-7", "1e-7"), ("1e-6", "0.000001"),
        ("333333333.33333325", "333333333.33333325"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_ecmascript_does(written: str, canonical: str) -> None:
    assert canonical_json(decode_body(f'{{"a":{written}}}'.encode())) == (
        f'{{"a":{canonical}}}'.encode()
    )


@pytest.mark.parametrize("number", [LIMIT, -LIMIT, LIMIT + 1, 2**64, 10**30])
def test_integer_beyond_exact_doubles_is_refused(number: int) -> None:
    with pytest.raises(InvalidInput, match="canonical"):
        canonical_json({"a": number})


@pytest.mark.parametrize(
    "value",
    [{"a": "\ud800"}, {"\ud800": 1}, {"a": ["\udc00"]}, {"a": float("nan")}, {"a": float("inf")}],
)
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput):
        canonical_json(value)


@pytest.mark.parametrize("depth", [10, 50, 200, 333, 500, 700, 900])
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}")])
def test_any_depth_is_written_or_refused(depth: int, left: str, right: str) -> None:
    written = f'{{"x":{left * depth}0{right * depth}}}'.encode()

    try:
        assert canonical_json(decode_body(written)) == written
    except InvalidInput as refused:
        assert depth > 100
        assert refused.message


def test_repeated_key_is_the_last_one_everywhere() -> None:
    document = decode_body(b'{"a":1,"b":2,"a":3}')

    assert document == {"a": 3, "b": 2}
    assert canonical_json(document) == b'{"a":3,"b":2}'


def test_different_bodies_differ() -> None:
    bodies = [{"a": 1}, {"a": "1"}, {"a": True}, {"a": None}, {}, {"a": 1, "b": None}, {"A": 1}]

    assert len({canonical_json(body) for body in bodies}) == len(bodies)


def test_digest_is_in_the_form_of_rfc9530() -> None:
    value = digest(b'{"hello": "world"}')

    # The example of RFC 9530 appendix B.1.
    assert value == "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
    assert base64.b64decode(value[9:-1]) == hashlib.sha256(b'{"hello": "world"}').digest()


def test_fast_path_is_taken_for_the_usual_body() -> None:
    body = b'{"message":"h\xc3\xa9","phone_number":"+12025550123"}'

    assert canonical_json(msgspec.json.decode(body)) == body
