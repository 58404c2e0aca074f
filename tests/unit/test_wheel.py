"""The package as installed from a built wheel: it opens a shop without the source beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from hatchling.builders.wheel import WheelBuilder

from support.processes.shop import running_process

ROOT = Path(__file__).parents[2]


def built_and_installed(source: Path, folder: Path) -> Path:
    """A folder with the distribution at ``source`` and nothing else of ours."""
    [wheel] = WheelBuilder(str(source)).build(directory=str(folder), versions=["standard"])
    target = folder / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
               "--no-compile", "--target", str(target), wheel]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_and_installed(ROOT, tmp_path_factory.mktemp("wheel"))


def printed(installed: Path, program: str) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    found = subprocess.run(
        [sys.executable, "-c", program],
        env=environment, cwd=installed, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return found.stdout.split()


def test_the_command_is_installed_with_the_client_that_it_buys_with(installed: Path) -> None:
    program = "import ringbolt, ringbolt_client as c; print(ringbolt.__file__, c.__file__)"
    assert all(each.startswith(str(installed)) for each in printed(installed, program))
    assert (installed / "bin" / "ringbolt").is_file()


def test_the_client_alone_needs_nothing_of_the_server(tmp_path: Path) -> None:
    alone = built_and_installed(ROOT / "client", tmp_path)
    program = (
        "import sys, ringbolt_client; from ringbolt_client import AsyncRingbolt;"
        "print(ringbolt_client.__file__, *{name.split('.')[0] for name in sys.modules})"
    )
    file, *modules = printed(alone, program)
    assert file.startswith(str(alone))
    assert "httpx" in modules
    of_the_server = {"ringbolt", "msgspec", "aiohttp", "sqlalchemy"}
    of_an_extra = {"websockets", "cryptography", "wallycore"}
    assert not (of_the_server | of_an_extra) & set(modules)
    assert not (alone / "ringbolt").exists()


async def test_a_shop_opens_and_has_its_pages_tables_and_languages(
    installed: Path, tmp_path: Path
) -> None:
    async with (
        running_process(["serve"], tmp_path / "data", PYTHONPATH=str(installed)) as shop,
        httpx.AsyncClient(base_url=shop.url, timeout=60) as http,
    ):
        page = await http.get("/?lang=de", headers={"Accept": "text/html"})
        assert (page.status_code, 'lang="de"' in page.text) == (200, True)
        sheet = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
        assert (await http.get(sheet)).status_code == 200
        assert (await http.get("/docs", headers={"Accept": "text/html"})).status_code == 200
        call = {"phone_number": "+1234567890", "message": "Hello."}
        assert (await http.post("/api/l402/place-call", json=call)).status_code == 402
