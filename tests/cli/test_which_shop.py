"""Which shop a command talks to, and what it says of it; commands that are printed run."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from cli.conftest import Desk, run_command
from cli.test_commands import clean
from support.processes.shop import SECRET
from support.servers.world import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

READING = (
    ("keys", "list"), ("numbers", "list"), ("numbers", "doubtful"), ("suppressions", "list"),
    ("webhooks", "list"), ("orders", "list"), ("calls", "list"), ("money",), ("audit",),
)  # fmt: skip


async def test_the_shop_is_found_by_its_data_folder(desk: Desk, tmp_path: Path) -> None:
    folder = {"RINGBOLT_DATA_DIR": str(desk.shop.data_dir), "RINGBOLT_SECRET": SECRET}

    for command in (("wallet", "balance"), ("keys", "list")):
        ran = await run_command(clean(tmp_path) | folder, *command)
        assert ran.code == 0, ran.err
        assert f"shop: {desk.url} (it runs on the data folder {desk.shop.data_dir})" in ran.err


async def test_the_shop_is_found_by_its_port(desk: Desk, tmp_path: Path) -> None:
    ran = await run_command(
        clean(tmp_path) | {"RINGBOLT_PORT": str(desk.shop.port)}, "wallet", "balance"
    )

    assert ran.code == 0, ran.err
    assert f"shop: {desk.url} (RINGBOLT_PORT)" in ran.err


async def test_of_two_shops_none_is_guessed(desk: Desk) -> None:
    async with serving(Starlette(routes=[Route("/healthz", lambda _: Response())])) as other:
        port = other.rpartition(":")[2]
        unclear = await desk.run("call", "+1234567890", "Hello.", RINGBOLT_PORT=port)
        named = await desk.run("wallet", "balance", "--url", desk.url, RINGBOLT_PORT=port)

    assert unclear.code == 2
    assert other in unclear.err
    assert desk.url in unclear.err
    assert named.code == 0


async def test_a_shop_or_wallet_that_does_not_answer_is_another_exit_code(tmp_path: Path) -> None:
    environment = clean(tmp_path) | {"RINGBOLT_PORT": "9"}

    for command in (("wallet", "balance"), ("call", "+1234567890", "Hello.")):
        ran = await run_command(environment, *command)
        assert ran.code == 3
        assert "shop: http://127.0.0.1:9 (RINGBOLT_PORT)" in ran.err
        assert "does not answer" in ran.err


@pytest.mark.parametrize("command", READING, ids=" ".join)
async def test_a_command_that_reads_makes_no_shop(tmp_path: Path, command: tuple[str, ...]) -> None:
    environment = clean(tmp_path) | {"RINGBOLT_SECRET": SECRET}

    ran = await run_command(environment, *command)

    assert ran.code == 2
    assert environment["RINGBOLT_DATA_DIR"] in ran.err
    assert not Path(environment["RINGBOLT_DATA_DIR"]).exists()


async def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")

    refused = await run_command(clean(tmp_path), "keys", "create")

    assert refused.code == 2
    assert str(tmp_path / "data") in refused.err
    assert "Traceback" not in refused.err


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("wallet", "pay", "nonsense"), "not a Lightning invoice"),
        (("wallet", "claim", "nonsense"), "not an LNURL"),
        (("wallet", "balance", "--macaroon", "nofile"), "no such file"),
        (("wallet", "balance", "--tls-cert", "nofile"), "not a certificate"),
        (("wallet", "balance", "--wallet", "nonsense"), "not the address of a wallet"),
        (("wallet", "balance", "--wallet", "{url}"), "no wallet at"),
        (("call", "+1234567890"), "--audio-url"),
        (("call", "--resume", "ffff"), "no purchase ffff"),
    ],
)
async def test_what_cannot_be_used_is_named(
    desk: Desk, command: tuple[str, ...], words: str
) -> None:
    ran = await desk.run(*(word.format(url=desk.url) for word in command))

    assert ran.code == 2
    assert words in " ".join(ran.err.replace("│", "").split())
    assert "Traceback" not in ran.err


async def test_the_banners_commands_run_as_they_are_printed(desk: Desk, tmp_path: Path) -> None:
    banner = desk.shop.log.read_text().partition("stop with Ctrl-C")[0].replace("\\\n", " ")
    commands = [line.strip() for line in banner.splitlines() if line.startswith("  ")]

    assert len(commands) == 3
    outputs = []
    for command in commands:
        ran = await asyncio.to_thread(
            subprocess.run,
            ["/bin/sh", "-c", command],
            env=desk.shop.environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.endswith("\n")
        outputs.append(ran.stdout)
    assert "402 Payment Required" in outputs[0]
    assert '"completed"' in outputs[1]
    assert '"status":"OK"' in outputs[2]


async def test_the_version_is_an_option_too(tmp_path: Path) -> None:
    option, command = [await run_command(clean(tmp_path), it) for it in ("--version", "version")]

    assert option.code == command.code == 0
    assert option.out == command.out
