"""The dialect of addresses outside the compatible families: every error is a problem document."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from ringbolt.api.kit import http
from ringbolt.api.kit.dialect import Dialect, problem_response
from ringbolt.api.kit.family import Family, browsers
from ringbolt.api.kit.openapi import Documentation
from ringbolt.api.kit.problem import Problem, problem_document, shown_problem
from ringbolt.api.kit.request import Request
from ringbolt.api.kit.response import PROBLEM, Response
from ringbolt.core.errors import RingboltError

_SENTENCES: Final = {
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
}
_SEE: Final = (
    "GET / names the APIs of this shop, GET /llms.txt says what it sells and how to buy it, "
    "GET /api/discover?q= searches in words."
)
LINKS: Final = MappingProxyType(
    {
        "services": "/.well-known/l402-services",
        "llms": "/llms.txt",
        "openapi": "/openapi.json",
        "discover": "/api/discover",
        "estimate": "/api/estimate-cost",
        "error_codes": "/api/error-codes",
        "mcp": "/mcp",
    }
)
"""Where a program that knows nothing of the shop begins, by what is there."""
BROWSERS: Final = browsers(methods=("GET", "POST", "DELETE"))
DOCUMENTATION: Final = Documentation(
    tag="operation",
    error=Problem,
    error_type=PROBLEM.decode(),
    shows=shown_problem,
    faults={
        401: "No credential, or one that proves no payment",
        403: "The credential is another order's",
        409: "Not possible in this state, or not yet",
        422: "This is not sold; nothing was charged",
        503: "A part that is needed does not answer; see Retry-After",
    },
)


class PlainDialect(Dialect):
    """Errors of HTTP itself have codes such as HTTP_405."""

    def error(self, request: Request[Any], error: RingboltError) -> Response:
        if not isinstance(error, http.MethodNotAllowed):
            return super().error(request, error)
        document = http_problem(error.status, "Method Not Allowed")
        return problem_response(
            error.status, document, [(b"x-error-code", document["error_code"].encode())]
        )


def plain_family(dialect: Dialect | None = None) -> Family:
    """A family that speaks problem documents."""
    return Family(dialect or PlainDialect(), DOCUMENTATION, cors=BROWSERS)


def http_problem(status: int, title: str) -> dict[str, Any]:
    """The document of an error of HTTP itself."""
    sentence = _SENTENCES.get(status, title)
    more = {"links": dict(LINKS)} if status == 404 else {}
    return problem_document(status, f"HTTP_{status}", title, sentence, suggestion=_SEE, **more)
