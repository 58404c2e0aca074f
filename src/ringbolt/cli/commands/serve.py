"""``ringbolt serve`` and ``ringbolt worker``: the long-running processes."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from ringbolt.cli.connections import SHARE_OF_DESCRIPTORS, ConnectionGuard, guarded
from ringbolt.logs import configure_logs
from ringbolt.settings import Settings, SettingsError
from ringbolt.settings.secret import load_keyring

MAX_CONNECTIONS = 65_536
RUN_FILE = "serve.json"
"""Says where a running shop listens, for the operator's own commands."""


def run_in_loop(main: Coroutine[Any, Any, int]) -> int:
    """Run to the end on uvloop, where there is one."""
    try:
        import uvloop  # noqa: PLC0415 - not on Windows
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def loaded() -> None:
    """Everything is imported: it stays for ever, so that no collection need look at it again."""
    gc.collect()
    gc.freeze()
    gc.enable()


def allow_many_connections() -> None:
    """Every unpaid invoice, waiting buyer and caller is a connection: the usual 1,024 would let
    anybody stop the shop with invoices that nobody pays."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, MAX_CONNECTIONS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ``SettingsError`` if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP, or asyncio does not know it for TCP and leaves Nagle on: 40 ms an answer.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise SettingsError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Is a shop running already? "
            "Choose another port with RINGBOLT_PORT."
        ) from None
    sock.setblocking(False)
    return sock


def reachable_url(sock: socket.socket) -> str:
    """How this machine itself reaches what listens on ``sock``."""
    host, port = sock.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - read, not bound
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class BackgroundServer(uvicorn.Server):
    """uvicorn with work of ours beside it, which ends first when the server is to stop: its
    streams are connections that would keep the server waiting. ``hang_up`` then ends streams
    that others have with us."""

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
        """As uvicorn's, but the signal is not raised again in the end: that would kill us before
        the store and the world are closed."""
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
        """What ended the work, if it was not us."""
        if self._task is None or not self._task.done() or self._task.cancelled():
            return None
        return self._task.exception()


def most_connections(to_itself: bool) -> int:
    """How many connections the process may take and still reach its node and its store.

    ``to_itself``: the node is part of the process, and each connection to it has two ends here.
    """
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return MAX_CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else soft
    return int(allowed * SHARE_OF_DESCRIPTORS) // (2 if to_itself else 1)


def server_config(app: Any, settings: Settings, *, to_itself: bool = False) -> uvicorn.Config:
    """``to_itself``: the process is a client of its own server."""
    trusted = settings.trusted_proxies
    most = most_connections(to_itself)
    guard = ConnectionGuard(settings.connections_per_address, most, trusted, time.monotonic)
    return uvicorn.Config(
        app,
        http=guarded(guard),
        log_config=None,
        access_log=False,  # addresses of status pages are secrets
        lifespan="off",
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=trusted,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=75,
    )


async def serve(
    settings: Settings,
    *,
    with_worker: bool = True,
    on_ready: Callable[[str], None] | None = None,
    beside: Callable[[str], Awaitable[int]] | None = None,
) -> int:
    """Run a shop until it is told to stop, or until ``beside`` ends; the exit code.

    ``on_ready`` and ``beside`` are given the address at which this machine reaches the shop.
    """
    from ringbolt.bootstrap import open_shop  # noqa: PLC0415 - the CLI's help needs none of it

    loaded()
    allow_many_connections()

    keyring = load_keyring(settings, create=True)
    configure_logs(settings.log, keyring.derive("log"))
    sock = listen(settings.host, settings.port)
    url = reachable_url(sock)
    run_file = settings.data_dir / RUN_FILE
    try:
        async with open_shop(settings, url, with_worker=with_worker) as opened:

            async def work() -> None:
                run_file.touch()
                run_file.chmod(0o600)
                run_file.write_text(json.dumps({"pid": os.getpid(), "url": url}))
                if on_ready is not None:
                    on_ready(url)
                if beside is None:
                    await opened.work()
                else:
                    await _until_done(opened.work(), beside(url), outcome)

            outcome: list[int] = []
            config = server_config(opened.server, settings, to_itself=opened.world is not None)
            server = BackgroundServer(config, work, opened.hang_up)
            try:
                await server.serve(sockets=[sock])
            finally:  # while the shop is ours: a second one that is refused leaves our file alone
                with suppress(OSError):
                    run_file.unlink()
            failure = server.failure()
            if failure is not None:
                raise failure
    finally:
        sock.close()
    return outcome[0] if outcome else 0


async def _until_done(
    work: Coroutine[Any, Any, None], beside: Awaitable[int], outcome: list[int]
) -> None:
    working = asyncio.create_task(work)
    doing = asyncio.ensure_future(beside)
    try:
        await asyncio.wait({working, doing}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            outcome.append(doing.result())
        else:
            working.result()
    finally:
        working.cancel()
        doing.cancel()
        await asyncio.gather(working, doing, return_exceptions=True)


async def work_only(settings: Settings) -> int:
    """Run a worker without an API until it is told to stop; the exit code."""
    from ringbolt.bootstrap import open_shop  # noqa: PLC0415

    loaded()
    allow_many_connections()
    if settings.database.startswith("sqlite"):
        raise SettingsError(
            "A separate worker needs PostgreSQL (RINGBOLT_DATABASE_URL); on SQLite, "
            "'ringbolt serve' works by itself."
        )
    if not settings.simulator.url:
        raise SettingsError(
            "A separate worker needs RINGBOLT_SIMULATOR_URL: its carrier is simulated, and the "
            "world that it calls must be one that all machines share (ringbolt simulator)."
        )
    keyring = load_keyring(settings, create=True)
    configure_logs(settings.log, keyring.derive("log"))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with open_shop(settings, "") as opened:
        work = asyncio.create_task(opened.work())
        waiting = asyncio.create_task(stop.wait())
        sys.stderr.write("Ringbolt's worker is at work. Stop it with Ctrl-C.\n")
        await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        work.cancel()
        results = await asyncio.gather(work, return_exceptions=True)
        if isinstance(results[0], Exception):
            raise results[0]
    return 0
