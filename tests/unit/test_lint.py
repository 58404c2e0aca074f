"""The house rules of ``tools.lint`` find what breaks them, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tools.lint import sql_rules, test_rules
from tools.lint.__main__ import ROOT, findings

HERE = Path("somewhere.py")


@pytest.mark.parametrize(
    "source",
    [
        "import sqlalchemy",
        "from sqlalchemy.engine import Connection",
        "import sqlite3 as lite",
        "connection.execute(statement)",
        "tx.conn.exec_driver_sql(statement)",
        "QUERY = 'SELECT id FROM orders'",
        "QUERY = 'DELETE FROM orders'",
        "QUERY = f'UPDATE orders SET state = {state}'",
        "QUERY = '''\n  INSERT INTO job (id) VALUES (1)'''",
        "connection.run('PRAGMA foreign_keys = ON')",
    ],
)
def test_sql_outside_of_the_store_is_found(source: str) -> None:
    assert list(sql_rules.check(HERE, ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "from ringbolt.store import orders",
        "'''Select from what there is.'''",
        "TEXT = 'Select a country, and pay.'",
        "TEXT = 'Update the rate card, then start again.'",
        "await run(executed)",
        "def execute(): ...",
    ],
)
def test_what_is_no_sql_is_left_in_peace(source: str) -> None:
    assert list(sql_rules.check(HERE, ast.parse(source))) == []


def test_sql_is_at_home_in_the_store_and_in_the_world_s_file() -> None:
    assert sql_rules.may_hold_sql(Path("src/ringbolt/store/orders.py"))
    assert sql_rules.may_hold_sql(Path("src/ringbolt/simulator/file/store.py"))
    assert not sql_rules.may_hold_sql(Path("src/ringbolt/simulator/lightning/node.py"))


@pytest.mark.parametrize(
    ("body", "finds"),
    [
        ("work()", ["test_it shows no assertion"]),
        ("assert work()", []),
        ("assert_refused(work())", []),
        ("client.assert_refused(work())", []),
        ("with pytest.raises(ValueError):\n        work()", []),
        ("async def inner() -> None:\n        assert await work()\n    run(inner())", []),
        ("async def inner() -> None:\n        assert await work()", ["test_it shows no assertion"]),
        ("assert True", ["test_it shows no assertion", "an assertion on a constant"]),
        ("def assert_all():\n        work()\n    assert_all()", ["assert_all shows no assertion"]),
        ("assert time.monotonic() - began < 20", ["a limit on elapsed time"]),
        ("assert 1 <= now() - began <= loop.time() - began", []),
        ("assert 0.9 < time.monotonic() - began < 20", ["a limit on elapsed time"]),
        ("assert time.monotonic() - began > 0.9", []),
        ("assert await work()\n    await asyncio.sleep(0.2)", ["a fixed sleep"]),
        ("assert await work()\n    await sleep(0.2)", ["a fixed sleep"]),
        ("time.sleep(1)\n    assert work()", ["a fixed sleep"]),
        ("await asyncio.sleep(0)\n    assert work()", []),
    ],
)
def test_a_test_that_checks_nothing_sleeps_or_limits_time_is_found(
    body: str, finds: list[str]
) -> None:
    tree = ast.parse(f"async def test_it() -> None:\n    {body}\n")
    found = [finding.what for finding in test_rules.check(HERE, tree)]
    assert len(found) == len(finds)
    assert all(what.startswith(start) for what, start in zip(found, finds, strict=True))


def test_the_house_keeps_its_rules() -> None:
    assert [finding.line_from(ROOT) for finding in findings(ROOT)] == []
