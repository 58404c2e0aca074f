"""Statements run straight on sqlite3: the same as through SQLAlchemy, and only those that may."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, MultipleResultsFound, NoResultFound

from ringbolt.store.engine.sqlite.connection import open_engine
from ringbolt.store.engine.sqlite.statements import SqliteStatements
from ringbolt.store.schema.metadata import metadata
from ringbolt.store.schema.tables import cursor, job

ALL = select(cursor.c.name, cursor.c.value).order_by(cursor.c.name)
NAMED = select(cursor).where(cursor.c.name == bindparam("name_"))
COUNT = select(func.count()).select_from(cursor)
ADD = insert(cursor)
CHANGE = (
    update(cursor)
    .where(cursor.c.name == bindparam("name_"))
    .values(value=bindparam("new_"))
    .returning(cursor.c.value)
)
AMONG = select(cursor.c.name).where(cursor.c.name.in_(bindparam("names_", expanding=True)))


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    path = tmp_path / "some.db"
    path.touch()
    with open_engine(path, "write").connect() as opened:
        metadata.create_all(opened)
        opened.exec_driver_sql("INSERT INTO cursor VALUES ('a', '1'), ('b', '2')")
        yield opened


class Direct:
    """Runs every statement straight: the first time of each is left to SQLAlchemy."""

    def __init__(self, connection: Connection) -> None:
        self.statements = SqliteStatements(connection)

    def __call__(self, statement: Any, parameters: Any = None) -> Any:
        self.statements.run(statement, parameters)
        rows = self.statements.run(statement, parameters)
        assert rows is not None, "it was left to SQLAlchemy"
        return rows


@pytest.fixture
def direct(connection: Connection) -> Direct:
    return Direct(connection)


def test_rows_are_read_in_every_way(direct: Direct) -> None:
    assert [(row.name, row[1]) for row in direct(ALL)] == [("a", "1"), ("b", "2")]
    assert direct(ALL).all()[1].value == "2"
    assert direct(ALL).first().name == "a"
    assert direct(ALL).scalars().all() == ["a", "b"]
    assert direct(ALL).mappings().all()[1] == {"name": "b", "value": "2"}
    assert direct(NAMED, {"name_": "b"}).mappings().first()["value"] == "2"
    assert direct(NAMED, {"name_": "b"}).one().value == "2"
    assert direct(COUNT).scalar_one() == 2


def test_no_row_is_nothing_or_an_error(direct: Direct) -> None:
    nobody = {"name_": "nobody"}
    assert direct(NAMED, nobody).first() is None
    assert direct(NAMED, nobody).one_or_none() is None
    assert direct(NAMED, nobody).scalar() is None
    assert direct(NAMED, nobody).scalar_one_or_none() is None
    assert direct(NAMED, nobody).mappings().first() is None
    with pytest.raises(NoResultFound):
        direct(NAMED, nobody).one()
    with pytest.raises(NoResultFound):
        direct(NAMED, nobody).scalar_one()


def test_more_rows_than_one_are_an_error_where_one_is_asked_for(direct: Direct) -> None:
    for ask in ("one", "one_or_none", "scalar_one", "scalar_one_or_none"):
        with pytest.raises(MultipleResultsFound):
            getattr(direct(ALL), ask)()


def test_changes_say_how_many_rows_they_met(direct: Direct) -> None:
    change = direct(CHANGE, {"name_": "a", "new_": "9"})
    assert change.scalar() == "9"
    assert direct(NAMED, {"name_": "a"}).one().value == "9"
    assert direct(CHANGE, {"name_": "nobody", "new_": "9"}).first() is None


def test_each_choice_of_columns_is_an_insert_of_its_own(direct: Direct) -> None:
    add = insert(job)
    few = {"lane": "money", "kind": "k", "uniq": "u1", "run_at_ms": 1}
    direct(add, few)
    direct.statements.run(add, {**few, "uniq": "u2", "order_id": "o"})
    found = direct(select(job.c.uniq, job.c.order_id, job.c.payload).order_by(job.c.uniq))
    assert [tuple(row) for row in found] == [("u1", None, "{}"), ("u2", "o", "{}")]


def test_errors_are_sqlalchemys_and_do_not_show_the_values(direct: Direct) -> None:
    direct(ADD, {"name": "c", "value": "3"})
    with pytest.raises(IntegrityError, match=r"UNIQUE constraint failed: cursor\.name") as caught:
        direct(ADD, {"name": "c", "value": "secret"})
    assert "secret" not in str(caught.value)


def test_what_is_not_plain_is_left_to_sqlalchemy(connection: Connection) -> None:
    statements = SqliteStatements(connection)
    for statement, parameters in (
        (AMONG, {"names_": ["a"]}),
        (text("SELECT 1"), None),
        (ADD, [{"name": "x", "value": "1"}, {"name": "y", "value": "2"}]),
    ):
        assert statements.run(statement, parameters) is None
        assert statements.run(statement, parameters) is None
    assert connection.execute(COUNT).scalar_one() == 2


def test_a_statement_built_for_one_call_is_not_kept(connection: Connection) -> None:
    statements = SqliteStatements(connection)
    gc.collect()
    before = len(statements.compiled)
    for name in ("a", "b", "c"):
        assert statements.run(select(cursor).where(cursor.c.name == name), None) is None
    gc.collect()
    assert len(statements.compiled) == before


def test_what_one_connection_compiled_another_runs_at_once(
    direct: Direct, connection: Connection
) -> None:
    statement = select(cursor.c.value).where(cursor.c.name == bindparam("name_"))
    assert direct(statement, {"name_": "a"}).scalar_one() == "1"
    rows = SqliteStatements(connection).run(statement, {"name_": "b"})
    assert rows is not None
    assert rows.scalar_one() == "2"
