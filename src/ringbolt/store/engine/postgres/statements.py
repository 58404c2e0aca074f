"""Runs SQLAlchemy Core statements directly on asyncpg, compiled once and prepared once per
connection.

SQLAlchemy takes several times as long for a small statement as asyncpg does. For statements that
``CompiledStatements`` does not support, ``run`` returns None, and SQLAlchemy runs them.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.sql.base import Executable
from sqlalchemy.util import await_only

from ringbolt.store.engine.compiled import Compiled, CompiledStatements
from ringbolt.store.engine.postgres.errors import DRIVER_ERRORS, as_sqlalchemys
from ringbolt.store.engine.rows import FetchedRows, row_maker


class PostgresStatements:
    """Runs statements on one asyncpg connection, within ``greenlet_spawn``."""

    def __init__(self, driver: Any, compiled: CompiledStatements, *, pooled: bool = False) -> None:
        self._driver = driver
        self._pooled = pooled
        self._compiled = compiled
        self._prepared: WeakKeyDictionary[Compiled, Any] = WeakKeyDictionary()

    def run(self, statement: Executable, parameters: Any) -> FetchedRows | None:
        """Run the statement; None if it was not run. Raises SQLAlchemy's errors."""
        values = {} if parameters is None else parameters
        compiled = self._compiled.find(statement, values)
        return None if compiled is None else self._execute(compiled, values)

    def _execute(self, compiled: Compiled, values: dict[str, Any]) -> FetchedRows:
        bound = compiled.bind(values)
        try:
            prepared = self._prepared.get(compiled)
            if prepared is None:
                prepared = self._prepare(compiled)
            rows = await_only(prepared.fetch(*bound))
        except DRIVER_ERRORS as error:
            raise as_sqlalchemys(error, compiled.sql, self._driver.is_closed()) from error
        return FetchedRows(rows, _rowcount(prepared), compiled.columns, compiled.make)

    def _prepare(self, compiled: Compiled) -> Any:
        if self._pooled:  # the next transaction may run on another connection to the server
            prepared = await_only(self._driver.prepare(compiled.sql, name=""))
        else:
            prepared = self._prepared[compiled] = await_only(self._driver.prepare(compiled.sql))
        if not compiled.columns:
            compiled.columns = tuple(column.name for column in prepared.get_attributes())
            compiled.make = row_maker(compiled.columns)
        return prepared


def _rowcount(prepared: Any) -> int:
    """The last number of the command tag (``INSERT 0 1``, ``UPDATE 2``, ``SELECT 3``)."""
    return int(prepared.get_statusmsg().rpartition(" ")[2])
