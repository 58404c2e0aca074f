"""Answers held against the structs that document them."""

from __future__ import annotations

from typing import Any

import msgspec

from ringbolt.api.kit.reader import fields_of
from ringbolt.api.voice.names import ALIASES


def check_document(found: Any, struct: Any) -> None:
    """Raises ``msgspec.ValidationError`` for what is not as documented."""
    msgspec.convert(found, struct)


def field_names(struct: type[msgspec.Struct]) -> set[str]:
    """The names of a struct's fields, as they stand in JSON."""
    return {field.encode_name for field in fields_of(struct)}


def required_fields(struct: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in fields_of(struct) if field.required}


def names_of(struct: type[msgspec.Struct]) -> dict[str, tuple[str, ...]]:
    """The fields of a request of the voice API, each with its aliases."""
    return {field.encode_name: ALIASES.get(field.encode_name, ()) for field in fields_of(struct)}
