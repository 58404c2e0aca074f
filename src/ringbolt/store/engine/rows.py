"""Results of statements that ran directly on the driver, with the part of the interface of
SQLAlchemy's results that the store uses. All rows are already fetched."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy.exc import MultipleResultsFound, NoResultFound

RowMaker = Callable[[Iterable[Any]], Any]


def row_maker(columns: tuple[str, ...]) -> RowMaker:
    """A function that makes named tuples with these columns."""
    named: Any = namedtuple
    make: RowMaker = named("Row", columns, rename=True)._make
    return make


class FetchedRows:
    """Rows as the driver returns them; each is converted to a named tuple only when it is read."""

    __slots__ = ("_make", "_names", "_rows", "rowcount")

    def __init__(
        self, rows: Sequence[Any], rowcount: int, names: tuple[str, ...], make: RowMaker
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

    def scalars(self) -> FetchedValues:
        return FetchedValues([row[0] for row in self._rows])

    def mappings(self) -> FetchedValues:
        return FetchedValues([dict(zip(self._names, row, strict=True)) for row in self._rows])

    def _exactly_one(self) -> None:
        if not self._at_most_one():
            raise NoResultFound("No row was found when one was required")

    def _at_most_one(self) -> bool:
        if len(self._rows) > 1:
            raise MultipleResultsFound("Multiple rows were found when one or none was required")
        return bool(self._rows)


class FetchedValues:
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
