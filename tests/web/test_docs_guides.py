"""The shell commands of the guides run as they are printed on the shop's pages."""

from __future__ import annotations

import asyncio
import html
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from support.clients.pages import PageClient
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT_S = 4 * PATIENCE_S
"""A tutorial starts a command ten times, and sleeps where a reader would wait."""
_OTHERS = re.compile(r"make run|\bpython3? \w+\.py|node \w+\.mjs|hook\.py|ringbolt audit")
"""Commands that open a shop or look into its files, or run a program that the guide shows."""
_WRAPPER = """#!/bin/sh
# curl, keeping the exit codes of those that failed; 23: the next in the pipe read enough
'{curl}' "$@"; code=$?
[ $code -eq 0 ] || [ $code -eq 23 ] || echo "$code: $*" >> '{failures}'
exit $code
"""
_GIVEN = "ORDER={order}; K1=x; INVOICE=x; WITHDRAW_URL={url}/lnurl/withdraw/x\n"
"""What the pages of rules take from earlier steps that they do not show."""


def printed(page: str) -> list[str]:
    """The blocks of shell commands, as a visitor copies them."""
    found = re.findall(r'aria-label="Commands"><code>(.*?)</code>', page, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]+>", "", each)) for each in found]


async def run(pages: PageClient, folder: Path, script: str) -> tuple[str, str]:
    """What the script prints, and which of its curls failed."""
    bash, curl = shutil.which("bash"), shutil.which("curl")
    if bash is None or curl is None:
        pytest.skip("bash and curl are not installed here")
    programs, failures = folder / ".venv/bin", folder / "failures.txt"
    programs.mkdir(parents=True)
    failures.touch()
    (programs / "curl").write_text(_WRAPPER.format(curl=curl, failures=failures))
    (programs / "curl").chmod(0o755)
    (programs / "ringbolt").symlink_to(Path(sys.executable).parent / "ringbolt")
    port = pages.shop.url.rpartition(":")[2]
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "RINGBOLT_PORT": port,
        "RINGBOLT_DATA_DIR": str(folder / "none"),
        "XDG_STATE_HOME": str(folder / "state"),
    }
    (folder / "commands.sh").write_text(script, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        bash,
        "commands.sh",
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            out, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    return out.decode(), failures.read_text()


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/docs/guide/receive-a-code", '"codeText":"070051"'),
        ("/docs/guide/tutorial", '"success":true'),
        ("/docs/guide/scripted-numbers", '"messages"'),
        ("/docs/guide/orders", '"payreq":"lnbcrt'),
        ("/docs/guide/l402", '"status":"ERROR"'),
    ],
)
async def test_the_shell_commands_of_a_guide_run(
    pages: PageClient, tmp_path: Path, path: str, says: str
) -> None:
    page = await pages.open(path)
    blocks = [each for each in printed(page.text) if not _OTHERS.search(each)]
    answer = await pages.post("/createsendorder", {"phone": "+12025550123", "message": "x"})
    order = answer.json()["orderId"]
    given = _GIVEN.format(order=order, url=pages.shop.url)
    # A stream of events ends with the order, and this one is never paid.
    script = given + "\n".join(blocks).replace("curl -s -N", "curl -s -N --max-time 1 -o /dev/null")

    said, failures = await run(pages, tmp_path, script)

    assert pages.shop.url in script
    assert says in said, said
    assert [each for each in failures.splitlines() if "--max-time" not in each] == []
