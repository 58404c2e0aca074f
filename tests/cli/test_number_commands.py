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
