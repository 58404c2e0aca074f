"""How a family reads requests and words its answers; every family has one of its own."""

from __future__ import annotations

from typing import Any, Final

from ringbolt.api.kit import http, problem
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.http import Header
from ringbolt.api.kit.json_body import read_object
from ringbolt.api.kit.limits import limit_headers
from ringbolt.api.kit.names import Names
from ringbolt.api.kit.operation import Operation
from ringbolt.api.kit.query import read_pairs
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import JSON, PROBLEM, Response
from ringbolt.api.kit.style import Sentence, Style
from ringbolt.api.kit.words import Worded, Words
from ringbolt.core.errors import RingboltError

QUERY_METHODS = frozenset({"GET", "HEAD", "DELETE"})
"""Methods whose fields are in the query, because their body has no meaning."""

PLAIN = Style(
    missing=Sentence("is missing. {why}", "MISSING_FIELD", "Send {name}."),
    text=Sentence("must be a text, not {kind}.", "INVALID_TYPE", "Put it in quotes."),
    boolean=Sentence(
        "must be true or false, not {value}.",
        "INVALID_TYPE",
        "Send true or false, or leave it out.",
    ),
    number=Sentence(
        "must be a whole number, not {value}.",
        "INVALID_TYPE",
        "Send a whole number from {least} to {most}.",
    ),
    out_of_range=Sentence(
        "must be between {least} and {most}, not {value}.",
        "OUT_OF_RANGE",
        "Send a whole number from {least} to {most}, or leave it out.",
    ),
)


class Dialect:
    """This one reads JSON and queries, and answers with JSON and RFC 9457 problem documents.

    ``no_body`` and ``body_hint`` are suggestions for a body that is absent, or too large;
    ``unique_fields``: whether a repeated field in the JSON is refused.
    """

    style = PLAIN
    words = Words({})
    max_body_bytes = 64 * 1024
    no_body = "Send a JSON object."
    body_hint = "Send only the documented fields."
    unique_fields = False

    async def admit(self, request: Request[Any], operation: Operation[Any]) -> None:
        """Checks rate limits and keys before anything is read. Raises ``RingboltError``."""

    def read(self, request: Request[Any], operation: Operation[Any], names: Names) -> Fields:
        """The fields of a request; ``request.document`` keeps them as they came.

        Raises ``InvalidInput`` for what cannot be read.
        """
        if operation.takes is Nothing:
            return Fields(self.style, request.document)
        if request.method in QUERY_METHODS:
            request.document = dict(read_pairs(request.query))
        else:
            request.document = read_object(
                request.body, empty=self.no_body, unique=self.unique_fields
            )
        return names.read(request.document)

    def success(self, request: Request[Any], document: Any) -> bytes:
        """The body of a successful answer."""
        return http.encode(document)

    def error(self, request: Request[Any], error: RingboltError) -> Response:
        """The answer for an error."""
        document = problem.of_error(error, self.word(request, error))
        return problem_response(error.status, document, error_headers(error))

    def word(self, request: Request[Any], error: RingboltError) -> Worded:
        """The error in the family's words."""
        return self.words.word(error, request.fields.written, request.fields.label)

    def fault(self, request: Request[Any]) -> Response:
        """The answer for an unexpected exception, which is logged."""
        return self.error(request, RingboltError("Something went wrong on our side; it is logged."))


_STATUS_OF: Final = {"IDEMPOTENCY_MISMATCH": 422}
"""Codes whose status is not that of their error class. 422: Idempotency-Key draft, section 2.7."""


def status_of(error: RingboltError) -> int:
    """The HTTP status of an error."""
    return _STATUS_OF.get(error.code, error.status)


def error_headers(error: RingboltError) -> list[Header]:
    """The headers that every error has."""
    headers: list[Header] = [(b"x-error-code", error.code.encode())]
    if error.retry_after_s is not None:
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    if error.params:
        headers += limit_headers(error.params)
    return headers


def json_response(
    status: int, document: Any, headers: list[Header], content_type: bytes = JSON
) -> Response:
    """An answer whose body is ``document`` as JSON."""
    return Response(None, status, headers, http.encode(document), content_type)


def problem_response(status: int, document: dict[str, Any], headers: list[Header]) -> Response:
    """A problem document (RFC 9457)."""
    return json_response(status, document, headers, PROBLEM)
