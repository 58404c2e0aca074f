"""What the operator does by hand: own numbers, and who gets no messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import run_command
from cli.test_commands import clean


async def test_a_number_is_leased_until_it_is_removed(tmp_path: Path) -> None:
    env = clean(tmp_path)

    added = await run_command(env, "numbers", "add", "+12025550123", "--label", "desk")
    listed = await run_command(env, "numbers", "list")
    removed = await run_command(env, "numbers", "remove", "+12025550123")
    after = await run_command(env, "numbers", "list")

    assert json.loads(added.out) == {"number": "+12025550123", "country": "USA", "label": "desk"}
    assert [row["number"] for row in json.loads(listed.out)] == ["+12025550123"]
    assert removed.code == 0
    assert json.loads(after.out) == []


@pytest.mark.parametrize("number", ["12025550123", "+99999", "+19005550123"])
async def test_what_is_no_ordinary_number_is_refused(number: str, tmp_path: Path) -> None:
    refused = await run_command(clean(tmp_path), "numbers", "add", number)

    assert refused.code != 0
    assert number in refused.err
    assert "Traceback" not in refused.err


TABLE = "\ufeffnumber;label;country\n+12025550123;desk;\n+1 202 555 0124; a shelf ;Canada\n"


async def test_many_numbers_come_from_a_csv_and_again_change_nothing(tmp_path: Path) -> None:
    env, file = clean(tmp_path), tmp_path / "numbers.csv"
    file.write_text(TABLE, "utf-8")

    first = await run_command(env, "numbers", "import", str(file))
    again = await run_command(env, "numbers", "import", str(file))
    listed = await run_command(env, "numbers", "list")

    assert json.loads(first.out) == {"added": 2, "known": 0}
    assert json.loads(again.out) == {"added": 0, "known": 2}
    assert [(row["number"], row["country"], row["label"]) for row in json.loads(listed.out)] == [
        ("+12025550123", "USA", "desk"),
        ("+12025550124", "Canada", "a shelf"),
    ]
    assert {(row["state"], row["phone"]) for row in json.loads(listed.out)} == {("ready", "")}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "is empty"),
        ("+12025550123\n", "its first line must name the columns"),
        ("number,number\n+12025550123,x\n", "its first line must name the columns"),
        ("number,colour\n+12025550123,red\n", "the column 'colour'"),
        ("number,label\n+12025550123\n", "row 1 has 1 fields"),
        ("number\n+12025550123\n12\n", "row 2 ('12')"),
        ("number,country\n+12025550123,Atlantis\n", "row 1 ('+12025550123')"),
        ('number\n"+12025550123\n', "it is no CSV"),
        ("number\n" + 10_000 * "+12025550123\n", "split it"),
    ],
)
async def test_a_csv_with_a_fault_adds_nothing_and_says_where_it_is(
    table: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "numbers.csv"
    file.write_text(table)

    refused = await run_command(clean(tmp_path), "numbers", "import", str(file))
    listed = await run_command(clean(tmp_path), "numbers", "list")

    assert refused.code != 0
    assert said in refused.err
    assert "Traceback" not in refused.err
    assert listed.code != 0 or json.loads(listed.out) == []


async def test_a_csv_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("number,label\n+12025550123,Küche\n".encode("latin-1"))

    for name, said in (("latin.csv", "is not in UTF-8"), ("none.csv", "cannot be read")):
        refused = await run_command(clean(tmp_path), "numbers", "import", str(tmp_path / name))
        assert refused.code != 0
        assert said in refused.err


async def test_who_is_suppressed_is_kept_by_hash_alone_and_can_be_allowed_again(
    tmp_path: Path,
) -> None:
    env = clean(tmp_path)

    await run_command(env, "suppressions", "add", "bob@example.com", "--why", "asked for it")
    listed = await run_command(env, "suppressions", "list")
    allowed = await run_command(env, "suppressions", "remove", "Bob+x@example.com")
    again = await run_command(env, "suppressions", "remove", "bob@example.com")

    (row,) = json.loads(listed.out)
    assert (row["channel"], row["why"]) == ("email", "asked for it")
    assert "bob" not in listed.out
    assert allowed.code == 0
    assert again.code != 0


async def test_numbers_that_may_have_been_leased_unknown_to_the_shop_are_listed(
    tmp_path: Path,
) -> None:
    await run_command(clean(tmp_path), "numbers", "add", "+12025550123")  # which makes the shop

    listed = await run_command(clean(tmp_path), "numbers", "doubtful")

    assert (listed.code, json.loads(listed.out)) == (0, [])
