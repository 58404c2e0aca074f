"""A family of addresses as one ASGI application: routing, reading, answering, rendering errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog
from starlette.middleware.cors import CORSMiddleware

from ringbolt.api.kit import http
from ringbolt.api.kit.cacheable import cacheable
from ringbolt.api.kit.dialect import QUERY_METHODS, Dialect
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.http import Header, Send
from ringbolt.api.kit.names import Names
from ringbolt.api.kit.openapi import Documentation
from ringbolt.api.kit.operation import Handler, Operation, P
from ringbolt.api.kit.reader import Reader
from ringbolt.api.kit.request import Request
from ringbolt.api.kit.response import JSON, Response, send_body
from ringbolt.core.errors import NotFound, RingboltError
from ringbolt.http_body import BodyTooLarge, ClientGone, Receive, Scope, read_body

log = structlog.get_logger("ringbolt.api")

_FOUND: Final = "ringbolt.found"
"""The key in the scope that carries the found address through the CORS middleware."""


class _Served:
    """An operation, with what reads its requests."""

    __slots__ = ("names", "operation", "reader")

    def __init__(self, operation: Operation[Any], dialect: Dialect) -> None:
        style = dialect.style
        self.operation = operation
        self.reader = Reader(operation.takes, exact=style.exact, at_most=operation.at_most)
        self.names = Names(self.reader, style)


class _Address:
    """The operations of one path, by method."""

    __slots__ = ("beginning", "path", "pattern", "served")

    def __init__(self, path: str) -> None:
        self.path = path
        self.beginning = path.partition("{")[0]
        self.pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/\0]+)", path))
        self.served: dict[str, _Served] = {}

    def serving(self, method: str) -> _Served:
        """The operation for a method; HEAD is served by GET. Raises ``MethodNotAllowed``."""
        found = self.served.get("GET" if method == "HEAD" else method)
        if found is None or (method == "HEAD" and found.operation.acts):
            raise http.MethodNotAllowed(
                f"This address does not take {method[:16]}.",
                suggestion=f"Use {' or '.join(self.served)}.",
            )
        return found


Found = tuple[_Address | None, str, dict[str, str]]
"""An address (None: there is none), the path in its documented form, and its parameters."""


def browsers(
    *,
    methods: Sequence[str],
    exposes: Sequence[str] = http.EXPOSED,
    headers: Sequence[str] = http.REQUEST_HEADERS,
) -> dict[str, Any]:
    """Options of the CORS middleware: every origin may send requests, and read ``exposes``."""
    return {
        "allow_origins": ["*"],
        "allow_methods": methods,
        "allow_headers": headers,
        "expose_headers": exposes,
    }


class Family:
    """Addresses that speak one dialect.

    ``roots``: paths below them are the family's, even where there is no address. ``cors``: options
    of the middleware that answers browsers; without them, every answer has the headers ``always``,
    and that to OPTIONS also ``preflight``. ``names_head``: whether Allow names HEAD.

    Paths that end with a slash, begin with two, or (``folds``) differ in upper and lower case are
    served as if they did not, without a redirect: clients repeat a redirected POST as a GET.
    """

    def __init__(
        self,
        dialect: Dialect,
        documentation: Documentation,
        *,
        roots: tuple[str, ...] = (),
        folds: bool = False,
        cors: Mapping[str, Any] | None = None,
        always: tuple[Header, ...] = (),
        preflight: tuple[Header, ...] = (),
        names_head: bool = False,
    ) -> None:
        self.dialect = dialect
        self.documentation = documentation
        self._no_fields = Fields(dialect.style, {})
        self.operations: list[Operation[Any]] = []
        self.on_close: list[Callable[[], None]] = []
        self._roots = roots
        self._folds = folds
        self._always = always
        self._preflight = preflight
        self._names_head = names_head
        self._fixed: dict[str, _Address] = {}
        self._folded: dict[str, _Address] = {}
        self._patterns: dict[str, _Address] = {}
        self._with_cors = None if cors is None else CORSMiddleware(self._answer_found, **cors)

    def add(
        self,
        methods: str,
        path: str,
        handler: Handler[P],
        takes: type[P],
        answers: Any = None,
        **options: Any,
    ) -> None:
        """Serve an address: see ``Operation``."""
        operation = Operation(methods, path, handler, takes, answers, **options)
        self.operations.append(operation)
        addresses = self._patterns if "{" in path else self._fixed
        address = addresses.setdefault(path, _Address(path))
        address.served.update(dict.fromkeys(methods.split(), _Served(operation, self.dialect)))
        if addresses is self._fixed and self._folds:
            self._folded[path.lower()] = address

    def find(self, path: str) -> Found | None:
        """The address of a path in any of its forms; None if the family has none."""
        address = self._fixed.get(path)
        if address is not None:
            return address, path, {}
        if path.endswith("/") or path.startswith("//"):
            path = f"/{path.strip('/')}"
        address = self._fixed.get(path) or self._folded.get(path.lower())
        if address is not None:
            return address, address.path, {}
        for address in self._patterns.values():
            if path.startswith(address.beginning):
                match = address.pattern.fullmatch(path)
                if match is not None:
                    return address, path, match.groupdict()
        if any(path == root or path.startswith(f"{root}/") for root in self._roots):
            return None, path, {}
        return None

    def close(self) -> None:
        """End every long-poll and stream, because the shop stops."""
        for callback in self.on_close:
            callback()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The family alone as an ASGI application, for paths that it can ``find``."""
        found = self.find(scope["path"])
        assert found is not None, "only paths that are served"
        await self.answer(found, scope, receive, send)

    async def answer(self, found: Found, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for an address that ``find`` found."""
        if self._with_cors is None:
            await self._answer(found, scope, receive, send)
        else:
            await self._with_cors({**scope, _FOUND: found}, receive, send)

    async def _answer_found(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(scope[_FOUND], scope, receive, send)

    async def _answer(self, found: Found, scope: Scope, receive: Receive, send: Send) -> None:
        address, path, path_parameters = found
        request: Request[Any] = Request(scope, path, self._no_fields, path_parameters)
        try:
            response = await self._respond(address, request, receive)
        except ClientGone:
            return
        except RingboltError as error:
            response = self.dialect.error(request, error)
            if address is not None and isinstance(error, http.MethodNotAllowed):
                response.headers.append(self._allow(address))
        except Exception:
            # The documented path: the parameters in the real one may be secret.
            log.exception("a request failed", path=address.path if address else "")
            response = self.dialect.fault(request)
        if isinstance(response, Response):
            await send_body(send, response, *self._always)
        else:
            await response(scope, receive, send)

    async def _respond(
        self, address: _Address | None, request: Request[Any], receive: Receive
    ) -> Any:
        """A response whose body is encoded, or a stream."""
        if address is None:
            raise NotFound(
                "There is nothing at this address.",
                code="NO_SUCH_ADDRESS",
                suggestion="/llms.txt says what is sold; /openapi.json lists all addresses.",
            )
        if request.method == "OPTIONS":
            headers = list(self._preflight) or [self._allow(address)]
            return Response(status=204, headers=headers)
        served = address.serving(request.method)
        dialect, operation = self.dialect, served.operation
        await dialect.admit(request, operation)
        if request.method not in QUERY_METHODS:
            request.body = await self._body(request.scope, receive)
        request.fields = dialect.read(request, operation, served.names)
        request.params = served.reader.read(request.fields)
        answer = self._encoded(request, operation, await operation.handler(request))
        if request.limited is not None and isinstance(answer, Response):
            answer.headers += request.limited()
        return answer

    def _encoded(self, request: Request[Any], operation: Operation[Any], answer: Any) -> Any:
        if not isinstance(answer, Response):
            if callable(answer):
                return answer
            answer = Response(answer, operation.status)
        if not answer.content_type and answer.status != 204:
            answer.body = self.dialect.success(request, answer.document)
            answer.content_type = JSON
            if operation.cached and not answer.headers:
                return cacheable(request, answer.body)
        return answer

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        try:
            return await read_body(scope, receive, self.dialect.max_body_bytes)
        except BodyTooLarge as error:
            error.suggestion = self.dialect.body_hint
            raise

    def _allow(self, address: _Address) -> Header:
        methods = [*address.served]
        if self._names_head and "GET" in methods:
            methods.insert(methods.index("GET") + 1, "HEAD")
        return b"allow", ", ".join((*methods, "OPTIONS")).encode()
