"""How the paid URLs read and answer: strict JSON, errors with the names of two standards.

Errors have Sats4AI's ``error``, ``error_code``, ``suggestion`` and ``example``, and the RFC's
``type``, ``title``, ``status`` and ``detail``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from ringbolt.api.kit import http, problem
from ringbolt.api.kit.dialect import QUERY_METHODS, Dialect, error_headers, problem_response
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.json_body import read_object
from ringbolt.api.kit.names import Names
from ringbolt.api.kit.operation import Operation
from ringbolt.api.kit.request import Request
from ringbolt.api.kit.response import Response
from ringbolt.api.kit.style import Sentence, Style
from ringbolt.api.kit.words import Worded
from ringbolt.api.l402.wording import Wording
from ringbolt.core.errors import RingboltError, Unavailable
from ringbolt.store.errors import OutcomeUnknown

STYLE: Final = Style(
    missing=Sentence("is missing.", "MISSING_FIELD", "{why}"),
    text=Sentence("must be a string, not {kind}.", "INVALID_TYPE", "Put {name} in quotes."),
    boolean=Sentence(
        "must be true or false, not {kind}.", "INVALID_TYPE", "Write it without quotes."
    ),
    number=Sentence(
        "must be a number, not {kind}.",
        "INVALID_TYPE",
        "Write it without quotes, for example {usual}.",
    ),
    out_of_range=Sentence(
        "must be a whole number from {least} to {most}, not {value}.",
        "OUT_OF_RANGE",
        "Leave it out for {usual}.",
    ),
    too_many="Send only {names}.",
    kinds=("true or false", "a number", "a list", "an object", "a string"),
    exact=True,
    fractions="range",
    misspelt=0.85,
)
_REPEAT: Final = (
    "It is not known whether your request took effect. Repeat it with the same body and the same "
    "Authorization header: a credential buys one call, however often it is shown."
)
_PAID_FOR: Final = "Repeat the request in a few seconds; what you paid for is not lost."
_SEE: Final = "See GET on this URL for what it takes."

Count = Callable[[int, str], None]
"""Counts an answer by its status and error code."""


class PaidDialect(Dialect):
    """``count`` counts every error. ``wordings`` are by address."""

    style = STYLE
    body_hint = "Send only the documented fields."

    def __init__(self, count: Count, wordings: Mapping[str, Wording]) -> None:
        self._count = count
        self._wordings = wordings

    def read(self, request: Request[Any], operation: Operation[Any], names: Names) -> Fields:
        """A query for the price is read leniently, because it buys nothing."""
        if request.method not in QUERY_METHODS:
            empty = self._wordings[request.path].no_body
            request.document = read_object(request.body, empty=empty)
            return names.read(request.document)
        found = parse_qs(request.query.decode("latin-1"))
        request.document = {name: values[0] for name, values in found.items()}
        return Fields(STYLE, request.document)

    def error(
        self,
        request: Request[Any],
        error: RingboltError,
        previous: dict[str, Any] | None = None,
        *,
        is_fault: bool = False,
    ) -> Response:
        """``charged`` is false, or null where a paid request may have taken effect;
        ``previous`` is the earlier order of a credential that bought nothing this time.
        ``is_fault``: the error is an unexpected exception."""
        outcome_known = not isinstance(error, OutcomeUnknown)
        if is_fault:
            outcome_known = not any(http.headers(request.scope, b"authorization"))
        self._count(error.status, error.code)
        wording = self._wordings[request.path]
        worded = self.word(request, error)
        document = problem.of_error(
            error,
            worded,
            example=wording.examples.get(worded.field or "", wording.example),
            charged=False if outcome_known else None,
        )
        if not outcome_known:
            document["suggestion"] = _REPEAT
        elif not worded.suggestion:
            document["suggestion"] = _PAID_FOR if isinstance(error, Unavailable) else _SEE
        if error.retry_after_s is not None:
            document["retry_after_seconds"] = error.retry_after_s
        if previous is not None:
            document["previous"] = previous
        return problem_response(error.status, document, error_headers(error))

    def word(self, request: Request[Any], error: RingboltError) -> Worded:
        words = self._wordings[request.path].words
        return words.word(error, request.fields.written, request.fields.label)

    def fault(self, request: Request[Any]) -> Response:
        fault = RingboltError("Something went wrong on our side.")
        return self.error(request, fault, is_fault=True)
