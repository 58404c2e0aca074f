"""Statements of SQLAlchemy Core run straight on ``sqlite3``, compiled once.

SQLAlchemy spends four times as long on a small statement as SQLite does. A statement that is
built once (a constant of a module) is therefore compiled once too, and its values are bound here.
Everything else (a statement built for one call, lists in IN, types that need converting) runs the
usual way: ``run`` then returns None.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Delete, Insert, Select, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound
from sqlalchemy.sql.base import Executable
from sqlalchemy.types import Integer, LargeBinary, String, TypeEngine

from ringbolt.store.sqlite_connection import raw_connection

_PLAIN = (Integer, String, LargeBinary)  # what sqlite3 takes and gives as it is; Text is a String


class SqliteRows:
    """What a statement gave, all of it read: what is used of SQLAlchemy's ``CursorResult``."""

    __slots__ = ("_make", "_names", "_rows", "rowcount")

    def __init__(
        self,
        rows: list[Any],
        rowcount: int,
        names: tuple[str, ...],
        make: Callable[[Iterable[Any]], Any],
    ) -> None:
        self._rows = rows
        self.rowcount = rowcount
        self._names = names
        self._make = make

    def __iter__(self) -> Iterator[Any]:
        return map(self._make, self._rows)

    def all(self) -> Sequence[Any]:
        return list(self)

    def first(self) -> Any:
        return self._make(self._rows[0]) if self._rows else None

    def one(self) -> Any:
        self._exactly_one()
        return self.first()

    def one_or_none(self) -> Any:
        return self.first() if self._at_most_one() else None

    def scalar(self) -> Any:
        return self._rows[0][0] if self._rows else None

    def scalar_one_or_none(self) -> Any:
        return self._rows[0][0] if self._at_most_one() else None

    def scalar_one(self) -> Any:
        self._exactly_one()
        return self._rows[0][0]

    def scalars(self) -> SqliteValues:
        return SqliteValues([row[0] for row in self._rows])

    def mappings(self) -> SqliteValues:
        return SqliteValues([dict(zip(self._names, row, strict=True)) for row in self._rows])

    def _exactly_one(self) -> None:
        if not self._at_most_one():
            raise NoResultFound("No row was found when one was required")

    def _at_most_one(self) -> bool:
        if len(self._rows) > 1:
            raise MultipleResultsFound("Multiple rows were found when one or none was required")
        return bool(self._rows)


class SqliteValues:
    """One value of each row, or each row as a dictionary."""

    __slots__ = ("_values",)

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def all(self) -> Sequence[Any]:
        return self._values

    def first(self) -> Any:
        return self._values[0] if self._values else None


@dataclass(slots=True)
class _Compiled:
    """``names``: the parameters in their places; ``fixed``: those that the statement brings."""

    sql: str
    names: list[str]
    fixed: dict[str, Any]
    columns: tuple[str, ...] = ()
    make: Callable[[Iterable[Any]], Any] = tuple


_Forms = dict[tuple[str, ...], _Compiled | None]
"""An INSERT has a form for every choice of columns; None: it is left to SQLAlchemy."""


class SqliteStatements:
    """Runs statements on the connection of one thread."""

    def __init__(self, connection: Connection) -> None:
        self._raw = raw_connection(connection)
        self._dialect = connection.dialect
        self._seen: WeakKeyDictionary[Executable, _Forms] = WeakKeyDictionary()

    def run(self, statement: Executable, parameters: Any) -> SqliteRows | None:
        """None: nothing was run. Errors are those of SQLAlchemy."""
        forms = self._seen.get(statement)
        if forms is None:  # only who comes a second time is here to stay
            self._seen[statement] = {}
            return None
        values = {} if parameters is None else parameters
        if not isinstance(values, dict):
            return None
        form = tuple(values) if _takes_columns(statement) else ()
        try:
            compiled = forms[form]
        except KeyError:
            compiled = forms[form] = _compile(statement, form, self._dialect)
        return None if compiled is None else self._execute(compiled, values)

    def _execute(self, compiled: _Compiled, values: dict[str, Any]) -> SqliteRows:
        if compiled.fixed:
            values = compiled.fixed | values
        bound = [values[name] for name in compiled.names]
        try:
            cursor = self._raw.execute(compiled.sql, bound)
            rows = [] if cursor.description is None else cursor.fetchall()
        except sqlite3.Error as error:
            raise DBAPIError.instance(
                compiled.sql, None, error, sqlite3.Error, hide_parameters=True
            ) from error
        if rows and not compiled.columns:
            compiled.columns = tuple(column[0] for column in cursor.description)
            compiled.make = _maker(compiled.columns)
        return SqliteRows(rows, cursor.rowcount, compiled.columns, compiled.make)


def _takes_columns(statement: Executable) -> bool:
    """Whether its parameters are columns: it is INSERT .. VALUES without values of its own."""
    return isinstance(statement, Insert) and statement.select is None


def _compile(statement: Executable, form: tuple[str, ...], dialect: Dialect) -> _Compiled | None:
    if not isinstance(statement, (Select, Insert, Update, Delete)):
        return None
    if not all(_is_plain(column.type) for column in statement.exported_columns):
        return None
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(form) or None)
    for bind in compiled.binds.values():
        if not _is_plain(bind.type) or bind.expanding or bind.literal_execute:
            return None
    names = list(compiled.positiontup)
    fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    return _Compiled(str(compiled), names, fixed)


def _maker(columns: tuple[str, ...]) -> Callable[[Iterable[Any]], Any]:
    """Makes rows that can be read by column and by place."""
    named: Any = namedtuple
    make: Callable[[Iterable[Any]], Any] = named("Row", columns, rename=True)._make
    return make


def _is_plain(type_: TypeEngine[Any]) -> bool:
    # A NULL's type says nothing; it is what an untyped parameter has, which is bound as it is.
    return isinstance(type_, _PLAIN) or type_._isnull
