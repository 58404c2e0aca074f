"""HTTP to an LND node's REST interface: kept connections, pinned TLS, errors in plain words.

Whatever goes wrong is ``NodeUnavailable``. Its ``code`` tells what: ``NODE_UNAVAILABLE`` (no
answer), ``NODE_MACAROON_REJECTED``, or ``NODE_REFUSED`` (the node answered and said no).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import sha256
from pathlib import Path
from types import TracebackType

import aiohttp
import msgspec
from yarl import URL

from ringbolt.core.errors import NodeUnavailable
from ringbolt.lightning.node import NODE_REFUSED

REFUSED = NODE_REFUSED
MACAROON_REJECTED = "NODE_MACAROON_REJECTED"
_KEEP_IDLE_S = 4.0  # below the 5 s after which common servers close an idle connection
_MAX_LINE = 4 * 1024 * 1024
_MACAROON_WORDS = ("macaroon", "permission denied", "verification failed")
_GRPC_NOT_FOUND = 5


class _Status(msgspec.Struct):
    code: int = 0
    message: str = ""
    error: _Status | str | None = None


_read_status = msgspec.json.Decoder(_Status, strict=False).decode


class NodeRefused(NodeUnavailable):
    """The node answered and said no. ``grpc_code`` as in gRPC; ``words`` are the node's own."""

    default_code = REFUSED

    def __init__(self, grpc_code: int, words: str) -> None:
        super().__init__(f"The Lightning node refused: {words}.")
        self.grpc_code = grpc_code
        self.words = words

    @property
    def is_not_found(self) -> bool:
        return self.grpc_code == _GRPC_NOT_FOUND or "unable to locate" in self.words


class NeverSent(NodeUnavailable):
    """No connection could be made, so that the node saw nothing of the request."""


class LndHttp:
    """Connections to one node. ``timeout_s`` bounds a call, never a stream."""

    def __init__(
        self, url: str, macaroon_hex: str, tls_cert: Path | None, timeout_s: float
    ) -> None:
        """Raises ``NodeUnavailable`` if ``tls_cert`` cannot be read."""
        self._url = URL(url.rstrip("/"))
        self._name = self._url.authority
        # Said outright: leaving out what aiohttp adds costs it more than sending it.
        self._headers = {
            "Grpc-Metadata-macaroon": macaroon_hex,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "Ringbolt",
        }
        self._ssl = True if tls_cert is None else _pin(tls_cert)
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    def url(self, path: str) -> URL:
        """The address of ``path``, which is percent-encoded already; made once, used often."""
        return URL(f"{self._url}{path}", encoded=True)

    async def get(self, url: URL) -> bytes:
        return await self._call("GET", url, None)

    async def post(self, url: URL, body: bytes) -> bytes:
        """Only for what may be repeated: a connection lost before the answer is tried anew once."""
        try:
            return await self._call("POST", url, body)
        except _ConnectionLostError:
            return await self._call("POST", url, body)

    async def _call(self, method: str, url: URL, body: bytes | None) -> bytes:
        try:
            async with self._open().request(method, url, data=body) as answer:
                content = await answer.read()
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self.failure(error, self._timeout_s) from error
        if status != 200:
            raise refusal(content, status)
        return content

    @asynccontextmanager
    async def stream(
        self, method: str, url: URL, body: bytes | None = None
    ) -> AsyncIterator[LineReader]:
        """The answer's lines as they come. LND sends nothing at all, not even headers, before
        the first, so that waiting for it is waiting for the connection."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout_s)
        request = self._open().request(method, url, data=body, timeout=timeout)
        async with LineReader(self, request) as reader:
            yield reader

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    ssl=self._ssl,
                    keepalive_timeout=_KEEP_IDLE_S,
                    socket_factory=_socket,
                ),
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def failure(self, error: Exception, timeout_s: float) -> NodeUnavailable:
        """``error`` of the connection in plain words."""
        node = f"the Lightning node at {self._name}"
        if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ServerFingerprintMismatch)):
            return _never_connected(error, node)
        match error:
            case aiohttp.ConnectionTimeoutError():
                return NeverSent(f"No connection to {node} comes about in time.")
            case TimeoutError():
                return NodeUnavailable(f"No answer from {node} within {timeout_s:g} s.")
            case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
                return _ConnectionLostError(f"The connection to {node} broke.")
        return NodeUnavailable(f"The connection to {node} failed: {error!r}.")


def _never_connected(error: Exception, node: str) -> NeverSent:
    match error:
        case aiohttp.ServerFingerprintMismatch():
            return NeverSent(
                f"The certificate of {node} is not the one in tls.cert.",
                suggestion="Copy tls.cert from the node again: LND makes a new one when the old"
                " one expires.",
            )
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return NeverSent(
                f"No trusted TLS connection to {node}: {error}.",
                suggestion="Set RINGBOLT_LND_TLS_CERT to the node's tls.cert.",
            )
    reason = getattr(error, "strerror", None) or str(error)
    return NeverSent(f"There is no connection to {node}: {reason}.")


class _ConnectionLostError(NodeUnavailable):
    """Perhaps it was only idle for too long."""


class LineReader:
    """The lines of a stream, read in the background so that waiting for one can be limited."""

    def __init__(
        self, http: LndHttp, request: AbstractAsyncContextManager[aiohttp.ClientResponse]
    ) -> None:
        self._http = http
        self._request = request
        self._lines: asyncio.Queue[bytes | NodeUnavailable] = asyncio.Queue(maxsize=1000)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> LineReader:
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])

    async def next(self, timeout_s: float | None = None) -> bytes:
        """The next line. Raises ``TimeoutError`` if none comes in time, ``NodeUnavailable`` if
        none will ever come."""
        # Not wait_for: Python 3.11's forgets a cancellation that comes with a line.
        async with asyncio.timeout(timeout_s):
            line = await self._lines.get()
        if isinstance(line, NodeUnavailable):
            raise line
        return line

    def end(self, error: NodeUnavailable) -> None:
        """Let whoever waits for a line have ``error``; one who has lines to read needs no word."""
        if self._lines.empty():
            self._lines.put_nowait(error)

    async def _read(self) -> None:
        try:
            async with self._request as answer:
                if answer.status != 200:
                    raise refusal(await answer.read(), answer.status)
                await self._split(answer.content)
            ended = NodeUnavailable("The Lightning node ended the stream.")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            ended = self._http.failure(error, 0)
        except NodeUnavailable as error:
            ended = error
        await self._lines.put(ended)

    async def _split(self, content: aiohttp.StreamReader) -> None:
        rest = b""
        async for chunk in content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.strip():
                    await self._lines.put(line)
            if len(rest) > _MAX_LINE:
                raise NodeUnavailable("The Lightning node sent a line without end.")


def refusal(content: bytes, status: int) -> NodeUnavailable:
    """What an error answer of the node means; streams wrap it once more in ``error``."""
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


def _pin(tls_cert: Path) -> aiohttp.Fingerprint:
    """Trust exactly the first certificate in the file, by whatever name the node is reached."""
    try:
        pem = tls_cert.read_text("ascii")
        begin = pem.index("-----BEGIN CERTIFICATE-----")
        end = pem.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")
        der = ssl.PEM_cert_to_DER_cert(pem[begin:end])
    except (OSError, ValueError) as error:
        raise NodeUnavailable(
            f"The Lightning node's TLS certificate {tls_cert} cannot be read: {error}."
        ) from error
    return aiohttp.Fingerprint(sha256(der).digest())


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket that notices within half a minute that the other machine is gone."""
    family, kind, protocol, _, _ = address
    sock = socket.socket(family, kind, protocol)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    return sock
