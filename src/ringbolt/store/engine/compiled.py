"""SQLAlchemy Core statements compiled once, to run directly on a driver.

SQLAlchemy takes several times as long for a small statement as the driver does. So a statement
that is built once (a module constant) is also compiled only once. All others (statements built for
one call, lists in IN, types that need conversion) are left to SQLAlchemy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Delete, Insert, Select, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import Executable
from sqlalchemy.types import ARRAY, Integer, LargeBinary, String, TypeEngine

from ringbolt.store.engine.rows import RowMaker

_PLAIN = (Integer, String, LargeBinary)  # need no conversion for the driver; Text is a String


@dataclass(slots=True, eq=False, weakref_slot=True)
class Compiled:
    """``names``: the parameter of each placeholder; ``fixed``: parameters whose value is part of
    the statement; ``columns`` and ``make``: of its rows, set after the first run with rows."""

    sql: str
    names: list[str]
    fixed: dict[str, Any]
    columns: tuple[str, ...] = ()
    make: RowMaker = field(default=tuple)

    def bind(self, values: dict[str, Any]) -> list[Any]:
        """The parameter values in the order of the placeholders."""
        if self.fixed:
            values = self.fixed | values
        return [values[name] for name in self.names]


_Forms = dict[tuple[str, ...], Compiled | None]
"""An INSERT is compiled once for each set of columns; None: left to SQLAlchemy."""


class CompiledStatements:
    """The compiled statements of one dialect, held as long as the statements exist."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._seen: WeakKeyDictionary[Executable, _Forms] = WeakKeyDictionary()

    def __len__(self) -> int:
        return len(self._seen)

    def find(self, statement: Executable, values: Any) -> Compiled | None:
        """The compiled statement; None if SQLAlchemy must run it, also at its first use (only a
        statement used twice is worth compiling)."""
        forms = self._seen.get(statement)
        if forms is None:
            self._seen[statement] = {}
            return None
        if not isinstance(values, dict):
            return None
        form = tuple(values) if _takes_columns(statement) else ()
        try:
            return forms[form]
        except KeyError:
            found = forms[form] = _compile(statement, form, self._dialect)
            return found


def _takes_columns(statement: Executable) -> bool:
    """Whether the parameters decide the columns: an INSERT .. VALUES built without values."""
    return isinstance(statement, Insert) and statement.select is None


def _compile(statement: Executable, form: tuple[str, ...], dialect: Dialect) -> Compiled | None:
    if not isinstance(statement, (Select, Insert, Update, Delete)):
        return None
    if not all(_is_plain(column.type) for column in statement.exported_columns):
        return None
    if isinstance(statement, Insert):
        statement = statement.inline()  # do not fetch the key of the new row
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(form) or None)
    for bind in compiled.binds.values():
        # A list in IN is expanded to one placeholder per item: another statement for every length.
        if not _is_bindable(bind.type) or bind.expanding or bind.literal_execute:
            return None
    names = list(compiled.positiontup)
    fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    return Compiled(str(compiled), names, fixed)


def _is_bindable(type_: TypeEngine[Any]) -> bool:
    """Plain types, and on PostgreSQL arrays of them: unlike IN, ``= ANY (..)`` is one statement for
    lists of any length."""
    return _is_plain(type_.item_type if isinstance(type_, ARRAY) else type_)


def _is_plain(type_: TypeEngine[Any]) -> bool:
    # An untyped parameter has the NULL type and is bound without conversion.
    return isinstance(type_, _PLAIN) or type_._isnull
