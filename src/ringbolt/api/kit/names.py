"""Maps the names of fields that clients write to the canonical ones."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from ringbolt.api.kit.fields import MAX_NAME_CHARS, Fields
from ringbolt.api.kit.query import MAX_FIELDS
from ringbolt.api.kit.reader import Reader
from ringbolt.api.kit.style import Style
from ringbolt.core.canonical import canonical_json
from ringbolt.core.errors import InvalidInput

_MOST_IGNORED = 20


class Names:
    """The names under which clients may send the fields that ``reader`` reads."""

    def __init__(self, reader: Reader[Any], style: Style) -> None:
        self._style = style
        self._reader = reader
        self._canonical = dict.fromkeys(reader.names)
        self._known = {
            self._fold(name): each
            for each in self._canonical
            for name in (each, *style.aliases.get(each, ()))
        }

    def read(self, document: Mapping[str, Any]) -> Fields:
        """The fields under their canonical names. A null is an absent field.

        Raises ``InvalidInput`` for two names of one field that disagree, and for a name that looks
        like a misspelt one of ours: a client must not pay for an option that was not read.
        """
        self.check_count(document)
        if document.keys() <= self._canonical.keys():
            return Fields(self._style, document)
        values: dict[str, Any] = {}
        written: dict[str, str] = {}
        unknown: list[str] = []
        for name, value in document.items():
            canonical = self._known.get(self._fold(name[: 2 * MAX_NAME_CHARS]))
            if canonical is None:
                unknown.append(name)
            elif value is not None:
                if canonical in values and not self._agree(canonical, values[canonical], value):
                    raise _disagreeing(written[canonical], name, canonical)
                values.setdefault(canonical, value)
                written.setdefault(canonical, name)
        for name in unknown:
            self._refuse_misspelt(name, values)
        ignored = tuple(name[:MAX_NAME_CHARS] for name in unknown[:_MOST_IGNORED])
        return Fields(self._style, values, names=written, ignored=ignored)

    def check_count(self, document: Mapping[str, Any]) -> None:
        """Raises ``InvalidInput`` for more fields than are read."""
        if len(document) > MAX_FIELDS:  # each unknown one is compared with every known one
            raise InvalidInput(
                f"The {self._style.container} has {len(document)} fields; at most {MAX_FIELDS} are "
                "read.",
                code="TOO_MANY_FIELDS",
                suggestion=self._style.too_many.format(names=", ".join(self._canonical)),
            )

    def _fold(self, name: str) -> str:
        return name if self._style.fold is None else self._style.fold(name)

    def _agree(self, canonical: str, one: Any, other: Any) -> bool:
        """Whether two values are read as the same one: "3" and 3, "no" and false."""
        one, other = self._value(canonical, one), self._value(canonical, other)
        return canonical_json([one]) == canonical_json([other])

    def _value(self, canonical: str, value: Any) -> Any:
        try:
            return self._reader.read_one(Fields(self._style, {canonical: value}), canonical)
        except InvalidInput:
            return value

    def _refuse_misspelt(self, name: str, values: Mapping[str, Any]) -> None:
        if len(name) > MAX_NAME_CHARS or self._style.misspelt is None:
            return
        folded = self._fold(name).lower()
        close = difflib.get_close_matches(folded, self._known, n=1, cutoff=self._style.misspelt)
        meant = self._known[close[0]] if close else None
        if meant is not None and meant not in values:
            raise InvalidInput(
                f"The field {name!r} is not known. Did you mean {meant!r}?",
                code="UNKNOWN_FIELD",
                field=name,
                suggestion=f"Rename it to {meant!r}, or leave it out.",
            )


def _disagreeing(one: str, other: str, canonical: str) -> InvalidInput:
    one, other = one[:MAX_NAME_CHARS], other[:MAX_NAME_CHARS]
    return InvalidInput(
        f"{one} and {other} are names of the same field, and have different values.",
        code="FIELDS_DISAGREE",
        field=one,
        suggestion=f"Send only {canonical}.",
    )
