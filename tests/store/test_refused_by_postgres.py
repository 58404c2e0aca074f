"""Why PostgreSQL cannot be opened is one sentence that names the server, and a remedy."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from cli.conftest import run_command
from ringbolt.clock import SystemClock
from ringbolt.core.errors import InvalidInput, RingboltError, Unavailable
from ringbolt.store.engine.opening import open_database
from ringbolt.store.errors import StoreRefused
from support.databases.fixtures import run_aside
from support.servers.postgres import NoPostgresError, PostgresServer, running
from support.waiting import eventually

HBA = "local all weak scram-sha-256\nlocal all ringbolt trust\nlocal all ghost trust\n"


async def _furnish(server: PostgresServer) -> None:
    """A role without rights, a database, and rules about who may come in."""
    connection = await _connect(server, "ringbolt", "postgres")
    await connection.execute("CREATE ROLE weak LOGIN PASSWORD 'right'")
    await connection.execute("CREATE DATABASE shop")
    (server.root / "data" / "pg_hba.conf").write_text(HBA)
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()

    async def is_reloaded() -> bool:
        try:
            await (await _connect(server, "weak", "shop")).close()
        except asyncpg.InvalidPasswordError:
            return True
        return False

    await eventually(is_reloaded)


async def _connect(server: PostgresServer, role: str, database: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=str(server.root), user=role, password="wrong", database=database
    )


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    try:
        with running() as started:
            run_aside(_furnish(started))
            yield started
    except NoPostgresError as error:
        pytest.skip(f"PostgreSQL: {error}")


async def refusal(url: str) -> RingboltError:
    with pytest.raises(RingboltError) as refused:
        await open_database(url, SystemClock())
    assert "Nothing of this request" not in refused.value.message
    assert "\n" not in refused.value.message
    return refused.value


@pytest.mark.parametrize(
    ("who", "database", "said", "remedy"),
    [
        ("ghost", "shop", "ghost", "createuser"),
        ("weak:wrong", "shop", "does not let the role weak in", "createuser"),
        ("stranger", "shop", "pg_hba.conf", "RINGBOLT_DATABASE_URL"),
        ("ringbolt", "nowhere", "no database nowhere", "createdb"),
        ("weak:right", "shop", "permission denied for schema public", "GRANT"),
    ],
)
async def test_what_the_server_refuses(
    server: PostgresServer, who: str, database: str, said: str, remedy: str
) -> None:
    refused = await refusal(f"postgresql://{who}@/{database}?host={server.root}")
    assert isinstance(refused, StoreRefused)
    assert f"socket in {server.root}" in refused.message
    assert said in refused.message
    assert remedy in refused.suggestion
    assert "wrong" not in refused.message + refused.suggestion


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("127.0.0.1:9/shop", "127.0.0.1:9 does not answer: Connect"),
        ("no.such.host.invalid/shop", "no.such.host.invalid:5432 does not answer: its name"),
        ("/shop?host=/nowhere", "socket in /nowhere does not answer: there is no socket"),
    ],
)
async def test_a_server_that_is_not_there(rest: str, said: str) -> None:
    refused = await refusal(f"postgresql://ringbolt:secret@{rest}")
    assert isinstance(refused, Unavailable)
    assert said in refused.message
    assert ":secret" not in refused.message + refused.suggestion


async def test_a_server_without_tls() -> None:
    async def refuse_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # SSLRequest
        writer.write(b"N")
        await writer.drain()
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(refuse_tls, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening:
        refused = await refusal(f"postgresql://ringbolt@127.0.0.1:{port}/x?sslmode=require")
    assert f"127.0.0.1:{port} does not answer: TLS" in refused.message
    assert "sslmode" in refused.suggestion


@pytest.mark.parametrize(
    "url", ["postgresql://a@127.0.0.1:abc/x", "postgresql://a@127.0.0.1:9/x?sslroot=y"]
)
async def test_an_address_that_cannot_be_read(url: str) -> None:
    with pytest.raises(InvalidInput):
        await open_database(url, SystemClock())


@pytest.mark.parametrize(
    "command", [("serve",), ("worker",), ("audit",), ("keys", "list")], ids=" ".join
)
async def test_commands_say_it_in_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    kept = {name: value for name, value in os.environ.items() if "RINGBOLT" not in name}
    shown = await run_command(
        {
            **kept,
            "RINGBOLT_DATA_DIR": str(tmp_path),
            "RINGBOLT_PORT": "0",
            "RINGBOLT_SECRET": "01" * 32,
            "RINGBOLT_DATABASE_URL": "postgresql://ringbolt:secret@127.0.0.1:9/shop",
            "RINGBOLT_SIMULATOR_URL": "http://127.0.0.1:9",
        },
        *command,
    )
    assert shown.code == 3
    # Commands that look for a running shop say first which one they look at.
    (fault,) = [line for line in shown.err.splitlines() if not line.startswith("shop: ")]
    assert "PostgreSQL at 127.0.0.1:9" in fault
    assert ":secret" not in shown.err
