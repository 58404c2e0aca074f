"""``ringbolt serve`` and ``ringbolt worker``: the long-running processes."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from socket import socket
from typing import TYPE_CHECKING, Any, Final

from ringbolt.cli.http_server import (
    MAX_CONNECTIONS,
    BackgroundServer,
    listen,
    reachable_url,
    server_config,
)
from ringbolt.cli.running_shop import RUN_FILE, note_running
from ringbolt.logs import configure_logs
from ringbolt.order_log import order_log
from ringbolt.settings import Settings, SettingsError
from ringbolt.settings.secret import load_keyring, secret_file

if TYPE_CHECKING:
    from ringbolt.bootstrap import OpenShop

_YOUNG_OBJECTS: Final = 10_000
"""How many new objects there are before garbage is looked for. With Python's 700 that is every few
requests, and most objects it finds then are those of requests under way: 4 % of a request's CPU."""


def loaded() -> None:
    """Freeze what was imported, so that garbage collections skip it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 10, 10)
    gc.enable()


def allow_many_connections() -> None:
    """Raise the limit of open files. Every unpaid invoice and every waiting client is a connection:
    with the usual limit of 1,024, unpaid invoices alone could stop the shop."""
    try:
        import resource  # not on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, MAX_CONNECTIONS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def serve(
    settings: Settings,
    *,
    with_worker: bool = True,
    accept_secret: bool = False,
    on_ready: Callable[[str], None] | None = None,
    meanwhile: Callable[[str], Awaitable[int]] | None = None,
) -> int:
    """Run a shop until a signal stops it, or until ``meanwhile`` ends; returns the exit code.

    ``on_ready`` and ``meanwhile`` get the URL at which this machine reaches the shop.
    ``accept_secret``: see ``open_shop``.
    """
    from ringbolt.bootstrap import open_shop

    loaded()
    allow_many_connections()

    keyring = load_keyring(settings, create=True)
    configure_logs(settings.log, keyring.derive("log"))
    sock = listen(settings.host, settings.port)
    try:
        async with open_shop(
            settings, reachable_url(sock), with_worker=with_worker, accept_secret=accept_secret
        ) as opened:
            opened.shop.db.report_steps_to(order_log(settings.log, keyring.derive("log")))
            return await _run(opened, settings, sock, on_ready, meanwhile)
    finally:
        sock.close()


async def _run(
    opened: OpenShop,
    settings: Settings,
    sock: socket,
    on_ready: Callable[[str], None] | None,
    meanwhile: Callable[[str], Awaitable[int]] | None,
) -> int:
    """Serve an open shop at ``sock`` and do its work; returns the exit code."""
    url = reachable_url(sock)
    outcome: list[int] = []

    async def work() -> None:
        note_running(settings.data_dir, url)
        if on_ready is not None:
            on_ready(url)
        if meanwhile is None:
            await opened.work()
        else:
            await _until_done(opened.work(), meanwhile(url), outcome)

    config = server_config(opened.server, settings, to_itself=opened.world is not None)
    server = BackgroundServer(config, work, opened.hang_up)
    try:
        await server.serve(sockets=[sock])
    finally:  # inside the lock: a second shop that is refused must not delete this file
        with suppress(OSError):
            (settings.data_dir / RUN_FILE).unlink()
    failure = server.failure()
    if failure is not None:
        raise failure
    return outcome[0] if outcome else 0


async def discard_refused_secret(settings: Settings, running: Coroutine[Any, Any, int]) -> int:
    """Run ``serve`` or ``work_only``. If it makes a master secret and the database turns out to
    have another one, the new file is removed: the next start must not take it for the shop's."""
    from ringbolt.bootstrap import SecretDiffers

    path = secret_file(settings)
    is_new = path is not None and not path.exists()
    try:
        return await running
    except SecretDiffers:
        if path is not None and is_new:
            path.unlink()
        raise


async def _until_done(
    work: Coroutine[Any, Any, None], meanwhile: Awaitable[int], outcome: list[int]
) -> None:
    working = asyncio.create_task(work)
    doing = asyncio.ensure_future(meanwhile)
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


async def work_only(settings: Settings, *, accept_secret: bool = False) -> int:
    """Run a worker without an API until a signal stops it; returns the exit code.
    ``accept_secret``: see ``open_shop``."""
    from ringbolt.bootstrap import open_shop

    loaded()
    allow_many_connections()
    if settings.database.startswith("sqlite"):
        raise SettingsError(
            "A separate worker needs PostgreSQL (RINGBOLT_DATABASE_URL); on SQLite, "
            "'ringbolt serve' works by itself."
        )
    if settings.uses_world and not settings.simulator.url:
        raise SettingsError(
            "A separate worker needs RINGBOLT_SIMULATOR_URL: some of its parts are simulated, and "
            "their world must be one that all machines share (ringbolt simulator)."
        )
    keyring = load_keyring(settings, create=True)
    configure_logs(settings.log, keyring.derive("log"))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with open_shop(settings, "", accept_secret=accept_secret) as opened:
        opened.shop.db.report_steps_to(order_log(settings.log, keyring.derive("log")))
        work = asyncio.create_task(opened.work())
        waiting = asyncio.create_task(stop.wait())
        sys.stderr.write("Ringbolt's worker is running. Stop it with Ctrl-C.\n")
        await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        work.cancel()
        results = await asyncio.gather(work, return_exceptions=True)
        if isinstance(results[0], Exception):
            raise results[0]
    return 0
