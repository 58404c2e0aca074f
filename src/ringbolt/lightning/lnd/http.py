"""HTTP to an LND node's REST interface: a pinned certificate, errors in plain words.

Whatever goes wrong is ``NodeUnavailable``. Its ``code`` tells what: ``NODE_UNAVAILABLE`` (no
answer), ``NODE_MACAROON_REJECTED``, or ``NODE_REFUSED`` (the node answered and said no).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from yarl import URL

from ringbolt.core.errors import NodeUnavailable
from ringbolt.lightning.node import MACAROON_REJECTED, NODE_REFUSED
from ringbolt.upstream.exchange import Answer, Exchange, Fault, Lost, NeverSent
from ringbolt.upstream.http import HttpClient
from ringbolt.upstream.lines import LineStream
from ringbolt.upstream.tls import SYSTEM, Trust, pinned

REFUSED = NODE_REFUSED
_KEEP_IDLE_S: Final = 4.0
_MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
"""A page of a thousand invoices, with all the parts that they were paid in."""
_MACAROON_WORDS = ("macaroon", "permission denied", "verification failed")
_GRPC_NOT_FOUND = 5


class _Status(msgspec.Struct):
    code: int = 0
    message: str = ""
    error: _Status | str | None = None


_read_status = msgspec.json.Decoder(_Status, strict=False).decode


class NodeRefused(NodeUnavailable):
    """The node answered and refused. ``grpc_code`` as in gRPC; ``words`` is the node's message."""

    default_code = REFUSED

    def __init__(self, grpc_code: int, words: str) -> None:
        super().__init__(f"The Lightning node refused: {words}.")
        self.grpc_code = grpc_code
        self.words = words

    @property
    def is_not_found(self) -> bool:
        return self.grpc_code == _GRPC_NOT_FOUND or "unable to locate" in self.words


class NotReachedError(NodeUnavailable):
    """No connection could be made, so the node did not see the request."""


class LndHttp:
    """Connections to one node. ``timeout_s`` bounds a call, never a stream."""

    def __init__(
        self, url: str, macaroon_hex: str, tls_cert: Path | None, timeout_s: float
    ) -> None:
        """Raises ``NodeUnavailable`` if ``tls_cert`` cannot be read."""
        self._url = URL(url.rstrip("/"))
        self._node = f"the Lightning node at {self._url.authority}"
        self._timeout_s = timeout_s
        self._client = HttpClient(
            {"Grpc-Metadata-macaroon": macaroon_hex, "Content-Type": "application/json"},
            trust=SYSTEM if tls_cert is None else _pin(tls_cert),
            timeout_s=timeout_s,
            connect_s=timeout_s,
            keep_idle_s=_KEEP_IDLE_S,
            max_bytes=_MAX_ANSWER_BYTES,
        )

    def url(self, path: str) -> URL:
        """The URL of ``path``, which is percent-encoded already; built once, used often."""
        return URL(f"{self._url}{path}", encoded=True)

    async def get(self, url: URL) -> bytes:
        return self._content(await self._client.ask("GET", url))

    async def post(self, url: URL, body: bytes) -> bytes:
        """Only for what may be repeated."""
        return self._content(await self._client.ask("POST", url, body))

    def stream(self, method: str, url: URL, body: bytes | None = None) -> LineStream:
        """The answer's lines as they come; its end raises ``NodeUnavailable``."""
        return self._client.stream(self._failure, method, url, body)

    async def close(self) -> None:
        await self._client.close()

    def _content(self, exchange: Exchange) -> bytes:
        if isinstance(exchange, Answer) and exchange.status == 200:
            return exchange.body
        raise self._failure(exchange)

    def _failure(self, exchange: Exchange) -> NodeUnavailable:
        """Why there is no good answer, in plain words."""
        match exchange:
            case Answer(status, body):
                return refusal(body, status)
            case NeverSent():
                return _not_reached(exchange, self._node)
            case Lost(why):
                return self._lost(exchange.fault, why)

    def _lost(self, fault: Fault, why: str) -> NodeUnavailable:
        match fault:
            case Fault.NOT_IN_TIME:
                why = f"No answer from {self._node} within {self._timeout_s:g} s."
            case Fault.BROKEN:
                why = f"The connection to {self._node} broke."
            case Fault.ENDED:
                why = "The Lightning node ended the stream."
            case _:
                why = f"The connection to {self._node} failed: {why}."
        return NodeUnavailable(why)


def _not_reached(never: NeverSent, node: str) -> NotReachedError:
    match never.fault:
        case Fault.NOT_PINNED:
            return NotReachedError(
                f"The certificate of {node} is not the one in tls.cert.",
                suggestion="Copy tls.cert from the node again: LND makes a new one when the old"
                " one expires.",
            )
        case Fault.UNTRUSTED:
            return NotReachedError(
                f"No trusted TLS connection to {node}: {never.why}.",
                suggestion="Set RINGBOLT_LND_TLS_CERT to the node's tls.cert.",
            )
        case Fault.NOT_IN_TIME:
            return NotReachedError(f"No connection to {node} in time.")
    return NotReachedError(f"There is no connection to {node}: {never.why}.")


def refusal(content: bytes, status: int) -> NodeUnavailable:
    """The exception for an error answer; streams wrap it once more in ``error``."""
    try:
        found = _read_status(content)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return NodeUnavailable(
            f"What answers instead of the Lightning node is none (HTTP {status})."
        )
    if isinstance(found.error, _Status):
        found = found.error
    words = found.message or (found.error if isinstance(found.error, str) else "")
    if any(word in words.lower() for word in _MACAROON_WORDS):
        return NodeUnavailable(
            f"The Lightning node rejects the macaroon: {words}.",
            code=MACAROON_REJECTED,
            suggestion="Bake one: lncli bakemacaroon invoices:read invoices:write info:read"
            " offchain:read offchain:write",
        )
    if not words:
        return NodeUnavailable(f"The Lightning node answered HTTP {status}.")
    return NodeRefused(found.code, words)


def _pin(tls_cert: Path) -> Trust:
    try:
        return pinned(tls_cert)
    except (OSError, ValueError) as error:
        raise NodeUnavailable(
            f"The Lightning node's TLS certificate {tls_cert} cannot be read: {error}."
        ) from error
