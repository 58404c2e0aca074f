"""SQLAlchemy Core statements compiled once, to run directly on a driver.

SQLAlchemy takes several times as long for a small statement as the driver does. So a statement
that is built once (a module constant) is also compiled only once. All others (statements built for
one call, lists in IN, types that need conversion) are left to SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any
from weakref import ref

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
    _pick: Callable[[dict[str, Any]], tuple[Any, ...]] = field(init=False)

    def __post_init__(self) -> None:
        if len(self.names) > 1:
            self._pick = itemgetter(*self.names)
        else:  # ``itemgetter`` of one name returns no tuple
            self._pick = lambda values: tuple(values[name] for name in self.names)

    def bind(self, values: dict[str, Any]) -> tuple[Any, ...]:
        """The parameter values in the order of the placeholders."""
        return self._pick(self.fixed | values if self.fixed else values)


class _Seen:
    """A statement that was run before. ``forms``: an INSERT is compiled once for each set of
    columns; None: left to SQLAlchemy."""

    __slots__ = ("forms", "statement", "takes_columns")

    def __init__(self, statement: ref[Executable], *, takes_columns: bool) -> None:
        self.statement = statement
        self.takes_columns = takes_columns
        self.forms: dict[tuple[str, ...], Compiled | None] = {}


class CompiledStatements:
    """The compiled statements of one dialect, held as long as the statements exist. Threads may
    share them: the worst that a race does is to compile a statement twice."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        # By ``id``: looking a statement up in a WeakKeyDictionary takes longer than all else here.
        self._seen: dict[int, _Seen] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def find(self, statement: Executable, values: Any) -> Compiled | None:
        """The compiled statement; None if SQLAlchemy must run it, also at its first use (only a
        statement used twice is worth compiling)."""
        seen = self._seen.get(id(statement))
        if seen is None:
            self._remember(statement)
            return None
        if not isinstance(values, dict):
            return None
        form = tuple(values) if seen.takes_columns else ()
        try:
            return seen.forms[form]
        except KeyError:
            found = seen.forms[form] = _compile(statement, form, self._dialect)
            return found

    def _remember(self, statement: Executable) -> None:
        key = id(statement)
        # Forgotten with the statement, before another object can have its ``id``.
        gone = ref(statement, lambda _: self._seen.pop(key, None))
        self._seen[key] = _Seen(gone, takes_columns=_takes_columns(statement))


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
