"""How a family words the shop's errors: its names for the fields at fault, and its sentences.

What ``core`` and ``app`` raise names a role (the destination, the text), never a field or address
of any API; each family has one table that says what these are called there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ringbolt.core.errors import InvalidInput, RingboltError, Role

Name = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Worded:
    """An error in a family's words. ``named`` is the message with the name of the field in it,
    where the request was wrong: the message is all that many clients show."""

    message: str
    named: str
    suggestion: str
    field: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """``fields``: the family's field for each role; ``labels``: what sentences call it, where that
    is not the field's name. ``sentences`` replace messages by the error's code; ``suggestions``
    replace suggestions, by their own text or else by the code. The error's ``params`` are filled
    in, as ``str.format`` does."""

    fields: Mapping[Role, str]
    labels: Mapping[Role, str] = field(default_factory=dict)
    sentences: Mapping[str, str] = field(default_factory=dict)
    suggestions: Mapping[str, str] = field(default_factory=dict)

    def word(
        self, error: RingboltError, written: Name | None = None, label: Name | None = None
    ) -> Worded:
        """The error in the family's words. ``written`` returns the client's own name of a
        field, and ``label`` what a sentence calls it."""
        name = error.field
        message = error.message
        if name is None and error.role is not None:
            canonical = self.fields.get(error.role, error.role.value)
            name = canonical if written is None else written(canonical)
            called = self.labels.get(error.role, canonical if label is None else label(canonical))
            if error.predicate:
                message = f"{called} {error.predicate}"
        if error.code in self.sentences:
            message = self.sentences[error.code].format(**error.params)
        return Worded(message, _named(error, message, name), self._suggestion(error), name)

    def _suggestion(self, error: RingboltError) -> str:
        own = self.suggestions.get(error.suggestion) or self.suggestions.get(error.code)
        return error.suggestion if own is None else own.format(**error.params)


def _named(error: RingboltError, message: str, name: str | None) -> str:
    if name is None or name in message or not isinstance(error, InvalidInput):
        return message
    return f"{name}: {message}"
