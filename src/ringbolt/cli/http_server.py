"""The HTTP server of a process: where it listens, how many connections it takes, how it stops."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any

import uvicorn

from ringbolt.cli.connection_guard import SHARE_OF_DESCRIPTORS, ConnectionGuard
from ringbolt.cli.guarded_http import TIMEOUTS, ConnectionTimeouts, guarded
from ringbolt.cli.running_shop import address
from ringbolt.settings import Settings, SettingsError

MAX_CONNECTIONS = 65_536


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ``SettingsError`` if the address cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Declared as TCP, or asyncio does not disable Nagle's algorithm: 40 ms per answer.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            hint = "Is a shop running already? Choose another port with RINGBOLT_PORT."
        else:
            hint = "Set RINGBOLT_HOST to an address of this machine, e.g. 127.0.0.1."
        raise SettingsError(f"Cannot listen on {host}:{port}: {error.strerror}. {hint}") from None
    sock.setblocking(False)
    return sock


def reachable_url(sock: socket.socket) -> str:
    """The URL by which this machine reaches ``sock``."""
    return address(*sock.getsockname()[:2])


class BackgroundServer(uvicorn.Server):
    """uvicorn with a background task, which ends first when the server stops: its streams are
    connections that would keep the server waiting. ``hang_up`` then ends the streams of clients."""

    def __init__(
        self,
        config: uvicorn.Config,
        work: Callable[[], Awaitable[None]] | None,
        hang_up: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(config)
        self._work = work
        self._hang_up = hang_up
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """As in uvicorn, but the signal is not raised again at the end: that would kill the process
        before the store and the world are closed."""
        former = {
            number: signal.signal(number, self.handle_exit)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._work is not None:
            self._task = asyncio.create_task(self._run(self._work))

    async def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:
            self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._hang_up is not None:
            await self._hang_up()
        await super().shutdown(sockets)

    def failure(self) -> BaseException | None:
        """The exception that ended the task, if it was not cancelled here."""
        if self._task is None or not self._task.done() or self._task.cancelled():
            return None
        return self._task.exception()


def most_connections(to_itself: bool) -> int:
    """How many connections the process may accept and still reach its node and its store.

    ``to_itself``: the node is part of the process, and each connection to it has two ends here.
    """
    try:
        import resource  # not on Windows
    except ImportError:
        return MAX_CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else soft
    return int(allowed * SHARE_OF_DESCRIPTORS) // (2 if to_itself else 1)


def server_config(
    app: Any,
    settings: Settings,
    *,
    to_itself: bool = False,
    timeouts: ConnectionTimeouts = TIMEOUTS,
) -> uvicorn.Config:
    """``to_itself``: the process is a client of its own server."""
    trusted = settings.trusted_proxies
    most = most_connections(to_itself)
    guard = ConnectionGuard(settings.connections_per_address, most, trusted, time.monotonic)
    return uvicorn.Config(
        app,
        http=guarded(guard, timeouts),
        ws="none",  # its protocol would take the connection away from the guard
        log_config=None,
        access_log=False,  # addresses of status pages are secrets
        lifespan="off",
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=trusted,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=75,
    )
