"""One outgoing HTTP/1.1 connection (RFC 9112): one request at a time, parsed by httptools (llhttp).

A general client costs six times the CPU of this for one small request, and an order makes eight.
Left out, because nothing here needs it: HTTP/2, proxies, redirects, cookies, compression.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from typing import IO, Any, Final

import aiohappyeyeballs
import httptools
from multidict import CIMultiDict

from ringbolt.upstream.exchange import Fault, Lost, NeverSent, NoAnswerError, words
from ringbolt.upstream.tls import NotPinnedError, Trust

_MAX_HEAD_BYTES: Final = 64 * 1024
"""Of a head, and of what is no body in a chunked body, such as trailers."""
_READ_AHEAD_BYTES: Final = 256 * 1024
"""How much of a stream is kept unread; then reading pauses, and so does the sender (TCP)."""
_FILE_PIECE: Final = 64 * 1024
_NEXT_ADDRESS_S: Final = 0.25
"""How long one address of a name may take before the next is tried as well (RFC 8305)."""
_BROKEN: Final = Lost("the connection broke", Fault.BROKEN)
_TOO_LARGE: Final = Lost("the answer is too large", Fault.TOO_LARGE)
_NONSENSE: Final = "the answer is not HTTP"


AddrInfo = tuple[Any, Any, int, str, Any]
"""An address as ``getaddrinfo`` finds it."""


class Connection(asyncio.Protocol):
    """A connection; ``status`` and ``headers`` are those of the present answer."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.idle_since_s = 0.0
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._is_open = False
        self._parser: httptools.HttpResponseParser | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._error: NeverSent | Lost | None = None
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._limit: int | None = None
        self._overhead_bytes = 0
        self._is_head_request = False
        self._has_head = False
        self._is_framed = False
        self._is_done = False
        self._may_reuse = False
        self._is_paused = False

    # As asyncio's transport calls it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._is_open = True

    def data_received(self, data: bytes) -> None:
        if self._parser is None or self._is_done:  # nobody asked for it
            self.abort()
            return
        self._overhead_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._may_reuse = False
            if not self._is_done:
                self.fail(Lost(_NONSENSE, Fault.NONSENSE))
            return
        if self._overhead_bytes > _MAX_HEAD_BYTES:
            self.fail(Lost(_NONSENSE, Fault.NONSENSE))

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_open = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        if self._parser is not None and not self._is_done and self._error is None:
            if self._has_head and not self._is_framed and exc is None:
                self._is_done = True  # the end of the connection is the end of the body
            else:
                self._error = _BROKEN
        self._wake()

    def pause_writing(self) -> None:
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    # As the parser calls it

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:  # a trailer must not become a header
            self.headers.append((name, value))

    def on_message_begin(self) -> None:
        if self._is_done:
            self._may_reuse = False  # a second answer to one request

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        self.status = self._parser.get_status_code()
        if self.status < 200:
            self.headers = []  # 1xx: the answer is still to come
            return
        names = {name.lower() for name, _ in self.headers}
        self._is_framed = not names.isdisjoint((b"content-length", b"transfer-encoding"))
        self._has_head = True
        if self._is_head_request:
            self._finish()
        elif self._limit is None:
            self._wake()

    def on_body(self, body: bytes) -> None:
        self._overhead_bytes = 0
        if self._is_done or self._error is not None:
            return
        self._pieces.append(body)
        self._size += len(body)
        if self._limit is None:
            self._wake()
            if self._size > _READ_AHEAD_BYTES and not self._is_paused:
                self._is_paused = True
                self._transport.pause_reading()
        elif self._size > self._limit:
            self.fail(_TOO_LARGE)

    def on_message_complete(self) -> None:
        if self._has_head and not self._is_done and self._error is None:
            self._finish()

    # As its user calls it

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent: open, and the last answer was read to its end."""
        return self._is_open and not self._transport.is_closing()

    @property
    def may_be_kept(self) -> bool:
        return self._is_done and self._may_reuse and self.is_usable

    @property
    def fields(self) -> Mapping[str, str]:
        """The headers by name, whose case does not matter."""
        return CIMultiDict(
            (name.decode("latin-1"), text.decode("latin-1")) for name, text in self.headers
        )

    async def send(
        self, head: bytes, body: bytes | IO[bytes] | None, limit: int | None, *, is_head: bool
    ) -> None:
        """Send a request; ``head`` ends before its Content-Length. ``limit``: of the answer's body
        in bytes, None for a stream. ``is_head``: the method is HEAD."""
        self._parser = httptools.HttpResponseParser(self)
        self.status, self.headers = 0, []
        self._pieces.clear()
        self._size = self._overhead_bytes = 0
        self._limit = limit
        self._is_head_request = is_head
        self._error = None
        self._has_head = self._is_framed = self._is_done = self._may_reuse = False
        if body is None:
            self._transport.write(head + b"\r\n")
        elif isinstance(body, bytes):
            self._transport.write(b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body))
        else:
            await self._send_file(head, body)

    async def whole_body(self) -> bytes:
        """The body, once the answer is complete. Raises ``NoAnswerError``."""
        while not self._is_done:
            await self._news()
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    async def read_head(self) -> None:
        """Returns when the head of the answer has come. Raises ``NoAnswerError``."""
        while not self._has_head:
            await self._news()

    async def read_some(self) -> bytes:
        """What has come of the body, at least a byte; b"" at its end. Raises ``NoAnswerError``."""
        while not self._pieces:
            if self._is_done:
                return b""
            await self._news()
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        return data

    def limit_body(self, limit: int) -> None:
        """Read the rest of a stream as a body of at most so many bytes."""
        self._limit = limit
        if self._size > limit:
            self.fail(_TOO_LARGE)

    def fail(self, why: Lost) -> None:
        """End the present exchange, and the connection with it."""
        if self._error is None and not self._is_done:
            self._error = why
        self.abort()
        self._wake()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def check_pin(self, trust: Trust) -> None:
        """Raises ``NotPinnedError`` if the far end has another certificate than a pinned one."""
        tls = self._transport.get_extra_info("ssl_object")
        if tls is not None:
            trust.check(tls.getpeercert(binary_form=True))

    def _finish(self) -> None:
        assert self._parser is not None
        self._is_done = True
        self._may_reuse = self._parser.should_keep_alive()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _news(self) -> None:
        if self._error is not None:
            raise NoAnswerError(self._error)
        if not self._is_open:
            raise NoAnswerError(_BROKEN)
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def _send_file(self, head: bytes, file: IO[bytes]) -> None:
        left = os.fstat(file.fileno()).st_size - file.tell()
        self._transport.write(b"%bContent-Length: %d\r\n\r\n" % (head, left))
        while left > 0 and self._is_open and not self._is_done:
            piece = await asyncio.to_thread(file.read, min(left, _FILE_PIECE))
            if not piece:  # it became shorter: the request cannot be completed
                self.fail(Lost("the file changed while it was sent", Fault.BROKEN))
                return
            left -= len(piece)
            self._transport.write(piece)
            if self._drained is not None:
                await self._drained
        if left > 0:
            self.abort()  # answered before it was sent whole


async def connect(
    host: str,
    port: int,
    trust: Trust | None,
    *,
    name: str = "",
    make_socket: Callable[[AddrInfo], socket.socket] | None = None,
) -> Connection:
    """Connect; over TLS, if ``trust`` says which certificates to accept. Raises ``NoAnswerError``
    with ``NeverSent``.

    ``name``: whose certificate is asked for, if not that of ``host``. ``make_socket`` makes the
    socket for an address, or raises ``OSError`` for one that must not be reached.
    """
    try:
        return await _connect(host, port, trust, name or host, make_socket)
    except NotPinnedError as error:
        raise _never("its certificate is not the pinned one", Fault.NOT_PINNED) from error
    except ssl.SSLError as error:
        raise _never(words(error), Fault.UNTRUSTED) from error
    except OSError as error:
        raise _never(error.strerror or words(error), Fault.UNREACHABLE) from error
    except UnicodeError as error:
        raise _never("its host name is not valid", Fault.UNREACHABLE) from error


async def _connect(
    host: str,
    port: int,
    trust: Trust | None,
    name: str,
    make_socket: Callable[[AddrInfo], socket.socket] | None,
) -> Connection:
    loop = asyncio.get_running_loop()
    addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    tls: Any = {"ssl": None}
    if trust is not None:
        tls = {"ssl": trust.context, "server_hostname": name.rstrip(".")}
    if len(addresses) == 1 and addresses[0][0] == socket.AF_INET and make_socket is None:
        connection = await _connect_to(loop, addresses[0][4], tls)
    else:
        sock = await _reach(loop, addresses, make_socket or _socket)
        try:
            _, connection = await loop.create_connection(Connection, sock=sock, **tls)
        except BaseException:
            sock.close()
            raise
    if trust is not None:
        try:
            connection.check_pin(trust)
        except NotPinnedError:
            connection.abort()
            raise
    return connection


async def _connect_to(
    loop: asyncio.AbstractEventLoop, address: tuple[str, int], tls: Any
) -> Connection:
    """Connect to one IPv4 address, as most far ends have, at half the cost of a socket of our own:
    uvloop looks the address of such a socket up once more, in a thread."""
    transport, connection = await loop.create_connection(Connection, *address, **tls)
    _detect_silence(transport.get_extra_info("socket"))
    return connection


async def _reach(
    loop: asyncio.AbstractEventLoop,
    addresses: list[AddrInfo],
    make_socket: Callable[[AddrInfo], socket.socket],
) -> socket.socket:
    if len(addresses) > 1:
        return await aiohappyeyeballs.start_connection(
            addresses,
            happy_eyeballs_delay=_NEXT_ADDRESS_S,
            interleave=1,
            loop=loop,
            socket_factory=make_socket,
        )
    (address,) = addresses  # no race between addresses, at a third of the cost
    sock = make_socket(address)
    try:
        await loop.sock_connect(sock, address[4])
    except BaseException:
        sock.close()
        raise
    return sock


def _never(why: str, fault: Fault) -> NoAnswerError:
    return NoAnswerError(NeverSent(why, fault))


def _socket(address: AddrInfo) -> socket.socket:
    family, kind, protocol, _, _ = address
    sock = socket.socket(family, kind, protocol)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _detect_silence(sock)
    return sock


def _detect_silence(sock: socket.socket) -> None:
    """Let the socket detect within half a minute that the other machine is gone."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
