"""Fields of a JSON body by name and type, each refused in plain words."""

from __future__ import annotations

from typing import Any

from ringbolt.core.errors import InvalidInput


def text(document: dict[str, Any], name: str) -> str | None:
    """Raises ``InvalidInput``."""
    value = document.get(name)
    if value is None or isinstance(value, str):
        return value
    raise wrong_type(name, value, "a string", f"Put {name} in quotes.")


def truth(document: dict[str, Any], name: str) -> bool:
    """False if it is absent. Raises ``InvalidInput``."""
    value = document.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise wrong_type(name, value, "true or false", "Write it without quotes.")


def whole_number(
    document: dict[str, Any], name: str, least: int, most: int, usual: int, *, label: str = ""
) -> int:
    """``usual`` if it is absent; ``label`` is its name in messages. Raises ``InvalidInput``."""
    label = label or name
    value = document.get(name)
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(label, value, "a number", f"Write it without quotes, for example {usual}.")
    if not least <= value <= most or value != int(value):
        raise InvalidInput(
            f"{label} must be a whole number from {least} to {most}, not {str(value)[:32]}.",
            code="OUT_OF_RANGE",
            field=label,
            suggestion=f"Leave it out for {usual}.",
        )
    return int(value)


def missing(name: str, what: str) -> InvalidInput:
    return InvalidInput(
        f"{name} is missing. {what}", code="MISSING_FIELD", field=name, suggestion=what
    )


def wrong_type(name: str, value: Any, wanted: str, suggestion: str) -> InvalidInput:
    return InvalidInput(
        f"{name} must be {wanted}, not {_kind(value)}.",
        code="INVALID_TYPE",
        field=name,
        suggestion=suggestion,
    )


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "a string"
