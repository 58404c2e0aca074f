"""Reads the struct that an address takes from the fields of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import NODEFAULT, inspect

from ringbolt.api.kit import schema
from ringbolt.api.kit.fields import MAX_NAME_CHARS, Fields
from ringbolt.api.kit.schema import Read
from ringbolt.core.errors import InvalidInput

S = TypeVar("S", bound=msgspec.Struct)

_EXAMPLE: Final = "example"
_NO_LIMITS: Final[Mapping[str, int]] = {}


@dataclass(frozen=True, slots=True)
class _Field:
    """``name`` is the canonical one, ``attribute`` that of the struct; ``why`` is the sentence
    where a ``required`` field is missing. ``is_plain``: its JSON type alone says how it is read;
    ``is_text``: a blank text counts as missing."""

    name: str
    attribute: str
    read: Read
    required: bool
    why: str
    is_plain: bool
    is_text: bool


class Reader(Generic[S]):
    """Reads ``struct``. ``at_most``: limits of numbers and lengths that are settings of the shop;
    ``exact``: values have their JSON type, so that msgspec reads them, and fields are read
    one by one only to say what is wrong."""

    def __init__(
        self,
        struct: type[S],
        *,
        exact: bool = False,
        at_most: Mapping[str, int] = _NO_LIMITS,
    ) -> None:
        self._struct = struct
        self._exact = exact
        self._fields = tuple(
            _field(field, at_most.get(field.encode_name)) for field in fields_of(struct)
        )

        self._own = {field.name for field in self._fields if not field.is_plain}

    @property
    def names(self) -> tuple[str, ...]:
        """The canonical names of the fields."""
        return tuple(field.name for field in self._fields)

    def read(self, fields: Fields) -> S:
        """Raises ``InvalidInput`` for the first field that is missing or wrong."""
        if self._exact and self._own.isdisjoint(fields.values):
            try:
                return msgspec.convert(fields.values, self._struct)
            except msgspec.ValidationError:
                pass  # read below, in the family's words; or a null, which means an absent field
        values: dict[str, Any] = {}
        for field in self._fields:
            value = None if fields.get(field.name) is None else field.read(fields, field.name)
            is_blank = value == "" and field.is_text and not self._exact
            if field.required and (value is None or is_blank):
                raise fields.missing(field.name, field.why)
            if value is not None:
                values[field.attribute] = value
        return self._struct(**values)

    def read_within(self, fields: Fields, name: str) -> S:
        """The object that a field is. Raises ``InvalidInput``, also for a name it does not have."""
        inner = fields.within(name)
        for each in inner.values:
            if each not in self.names:
                raise InvalidInput(
                    f"{fields.label(name)} has no field {each[:MAX_NAME_CHARS]!r}.",
                    code="UNKNOWN_FIELD",
                    field=inner.written(each),
                    suggestion=f"Its fields are {', '.join(self.names)}.",
                )
        return self.read(inner)

    def read_one(self, fields: Fields, name: str) -> Any:
        """One field alone. Raises ``InvalidInput``."""
        (field,) = (each for each in self._fields if each.name == name)
        return field.read(fields, name)


def fields_of(struct: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    """The fields of a struct, as msgspec sees them."""
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return info.fields


def documented_as_required(struct: type[msgspec.Struct]) -> list[str]:
    """The names of fields that a client should always send."""
    return [
        field.encode_name
        for field in fields_of(struct)
        if field.required or _unwrapped(field.type)[1].get(schema.REQUIRED)
    ]


def _field(field: inspect.Field, at_most: int | None) -> _Field:
    kind, extra = _unwrapped(field.type)
    usual = field.default
    if usual is NODEFAULT or usual is None:
        usual = extra.get(_EXAMPLE)
    return _Field(
        name=field.encode_name,
        attribute=field.name,
        read=extra.get(schema.READ) or _read(kind, extra, usual, at_most),
        required=field.required,
        why=extra.get(schema.WHY, ""),
        is_plain=schema.READ not in extra and schema.KIND not in extra,
        is_text=schema.READ not in extra and isinstance(kind, inspect.StrType),
    )


def _unwrapped(kind: inspect.Type) -> tuple[inspect.Type, dict[str, Any]]:
    """The type without its metadata and without null, and what its declarations add."""
    extra: dict[str, Any] = {}
    while True:
        if isinstance(kind, inspect.Metadata):
            examples = (kind.extra_json_schema or {}).get("examples")
            example = {_EXAMPLE: examples[0]} if examples else {}
            extra = {**example, **(kind.extra or {}), **extra}
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            others = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
            if len(others) != 1:
                return kind, extra
            kind = others[0]
        else:
            return kind, extra


def _read(kind: inspect.Type, extra: dict[str, Any], usual: Any, at_most: int | None) -> Read:
    match kind:
        case inspect.BoolType():
            return Fields.boolean
        case inspect.IntType(ge=least, le=most):
            most = most if at_most is None else at_most
            quoted = not extra.get(schema.UNQUOTED)
            return lambda fields, name: fields.whole_number(name, least, most, usual, quoted=quoted)
        case inspect.FloatType():
            return lambda fields, name: fields.number(name, usual)
        case inspect.StrType(max_length=most):
            most = most if at_most is None else at_most
            read = {"line": Fields.line, "foreign": Fields.foreign_text}.get(
                extra.get(schema.KIND, ""), Fields.text
            )
            return lambda fields, name: read(fields, name, most)
        case inspect.LiteralType(values=values):
            options = tuple(map(str, values))
            return lambda fields, name: fields.choice(name, options)
        case _:
            return Fields.get
