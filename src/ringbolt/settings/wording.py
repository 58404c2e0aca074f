"""The wording of messages about wrong settings: plain words, none of a library's."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from pydantic_core import ErrorDetails

_EXPECTED: Final = {
    "a whole number": (
        "int_parsing",
        "int_type",
        "int_from_float",
        "int_parsing_size",
    ),
    "a number": ("float_parsing", "float_type", "finite_number"),
    "a list of texts": ("tuple_type", "list_type", "set_type", "frozen_set_type"),
    "text": ("string_type", "string_unicode", "string_sub_type"),
    "a path": ("path_type",),
}
_SAID: Final = {
    **{kind: f"write {what}" for what, kinds in _EXPECTED.items() for kind in kinds},
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "string_too_short": "it must not be empty",
    "too_short": "it must not be empty",
    "string_pattern_mismatch": "it has a character that cannot be in it",
    "missing": "it is missing",
    "model_type": "it is a section of options, not a value",
    "model_attributes_type": "it is a section of options, not a value",
    "dict_type": "it is a section of options, not a value",
}
_CHOICES: Final = ("literal_error", "enum")
_BOUNDS: Final = {
    "greater_than_equal": ("ge", "it must be {} or more"),
    "greater_than": ("gt", "it must be more than {}"),
    "less_than_equal": ("le", "it must be {} or less"),
    "less_than": ("lt", "it must be less than {}"),
    "string_too_long": ("max_length", "it must have {} characters at most"),
    "too_long": ("max_length", "it must have {} entries at most"),
}


def plain(fault: ErrorDetails) -> str:
    """What is wrong with a value, without the value; what our own checks said, or what the library
    found in words of ours. A fault of an unknown kind says only that there is one."""
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind in _BOUNDS:
        bound, said = _BOUNDS[kind]
        return said.format(f"{context[bound]:g}")
    if kind in _CHOICES:
        return f"write {context['expected']}"
    return _SAID.get(kind, "this value cannot be used")


def named(*path: str) -> str:
    """A setting as its user writes it: in the file, and as a variable."""
    return f"{'.'.join(path)} ({variable(path)})"


def variable(path: Iterable[str]) -> str:
    """The variable that sets the option at ``path``."""
    return f"{PREFIX}{'_'.join(path)}".upper()


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    """The end of a sentence about ``name``: with the known one that is most like it, if one is.

    ``prefix`` is what all of them begin with, which makes none of them more alike.
    """
    rests = [each.removeprefix(prefix) for each in known]
    near = difflib.get_close_matches(name.removeprefix(prefix), rests, n=1, cutoff=0.6)
    return f"; did you mean {prefix}{near[0]}?" if near else "."


PREFIX: Final = "RINGBOLT_"
"""What the variable of every setting begins with."""
