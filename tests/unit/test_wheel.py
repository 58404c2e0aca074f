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


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package and nothing else of ours."""
    folder = tmp_path_factory.mktemp("wheel")
    builder = WheelBuilder(str(ROOT))
    [wheel] = builder.build(directory=str(folder), versions=["standard"])
    target = folder / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
               "--no-compile", "--target", str(target), wheel]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def test_the_command_is_installed_and_says_where_it_is(installed: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-c", "import ringbolt; print(ringbolt.__file__)"]
    found = subprocess.run(
        command, env=environment, cwd=installed, capture_output=True, text=True, check=True
    )
    assert found.stdout.startswith(str(installed))
    assert (installed / "bin" / "ringbolt").is_file()


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
