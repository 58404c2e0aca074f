"""Statements of SQLAlchemy Core compiled once, to be run straight on a driver.

SQLAlchemy spends several times as long on a small statement as the driver does. A statement that
is built once (a constant of a module) is therefore compiled once too. Everything else (a statement
built for one call, lists in IN, types that need converting) is left to SQLAlchemy.
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

_PLAIN = (Integer, String, LargeBinary)  # what drivers take and give as it is; Text is a String


@dataclass(slots=True, eq=False, weakref_slot=True)
class Compiled:
    """``names``: the parameters in their places; ``fixed``: those that the statement brings;
    ``columns`` and ``make``: of its rows, once there were some."""

    sql: str
    names: list[str]
    fixed: dict[str, Any]
    columns: tuple[str, ...] = ()
    make: RowMaker = field(default=tuple)

    def bind(self, values: dict[str, Any]) -> list[Any]:
        """The values in their places."""
        if self.fixed:
            values = self.fixed | values
        return [values[name] for name in self.names]


_Forms = dict[tuple[str, ...], Compiled | None]
"""An INSERT has a form for every choice of columns; None: it is left to SQLAlchemy."""


class CompiledStatements:
    """What was compiled so far for one dialect; a statement that is gone is forgotten."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._seen: WeakKeyDictionary[Executable, _Forms] = WeakKeyDictionary()

    def __len__(self) -> int:
        return len(self._seen)

    def find(self, statement: Executable, values: Any) -> Compiled | None:
        """None: it is not for this way, or comes the first time (only who comes a second time is
        here to stay)."""
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
    """Whether its parameters are columns: it is INSERT .. VALUES without values of its own."""
    return isinstance(statement, Insert) and statement.select is None


def _compile(statement: Executable, form: tuple[str, ...], dialect: Dialect) -> Compiled | None:
    if not isinstance(statement, (Select, Insert, Update, Delete)):
        return None
    if not all(_is_plain(column.type) for column in statement.exported_columns):
        return None
    if isinstance(statement, Insert):
        statement = statement.inline()  # the key of the new row is not asked for
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(form) or None)
    for bind in compiled.binds.values():
        # A list in IN is spelled out for its length: another statement for every length.
        if not _is_bindable(bind.type) or bind.expanding or bind.literal_execute:
            return None
    names = list(compiled.positiontup)
    fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    return Compiled(str(compiled), names, fixed)


def _is_bindable(type_: TypeEngine[Any]) -> bool:
    """PostgreSQL takes lists too, for ``= ANY (..)``: unlike IN, that is one statement for lists
    of any length."""
    return _is_plain(type_.item_type if isinstance(type_, ARRAY) else type_)


def _is_plain(type_: TypeEngine[Any]) -> bool:
    # A NULL's type says nothing; it is what an untyped parameter has, which is bound as it is.
    return isinstance(type_, _PLAIN) or type_._isnull
