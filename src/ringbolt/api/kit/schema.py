"""How requests are declared: msgspec structs, from which they are read, checked and documented.

A field is read by its type: bool, int and float as the family's style takes them, str as a text or
a line; or by a function of its own. Any other type is passed on as it came.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from ringbolt.api.kit.fields import Fields

Read = Callable[[Fields, str], Any]
"""Reads the field of that name. Raises ``InvalidInput``."""
TextKind = Literal["text", "line", "foreign"]
KIND: Final = "kind"
WHY: Final = "why"
UNQUOTED: Final = "unquoted"
READ: Final = "read"
REQUIRED: Final = "required"


def about(
    description: str,
    *examples: Any,
    why: str = "",
    kind: TextKind | None = None,
    read: Read | None = None,
    unquoted: bool = False,
    required: bool = False,
    schema: dict[str, Any] | None = None,
    **limits: Any,
) -> Meta:
    """What a field is.

    ``why`` is the sentence where it is missing. ``kind`` is how a text is read; ``read`` reads the
    field instead of its type; it may return None for a field that counts as absent. ``unquoted``: a
    number that JSON may not have in quotes. ``required``: documented as such, although the handler
    accepts some requests without it. ``limits`` are msgspec's (ge, le,
    max_length, ...); ``schema`` is only documented, and checked elsewhere.
    """
    said = {WHY: why, KIND: kind, READ: read, UNQUOTED: unquoted, REQUIRED: required}
    return Meta(
        description=description or None,
        examples=list(examples) or None,
        extra={key: each for key, each in said.items() if each} or None,
        extra_json_schema=schema,
        **limits,
    )


Line = Annotated[str, Meta(extra={KIND: "line"})]
"""A text without line breaks, stripped."""
ForeignText = Annotated[str, Meta(extra={KIND: "foreign"})]
"""A text that its sender did not write: control characters are replaced, not refused."""
