"""``ringbolt operator``: a link that signs in on the web, and the end of every session."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from cli.conftest import Desk, run_command
from cli.test_commands import clean

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_printed_link_opens_the_pages_until_everybody_is_signed_out(desk: Desk) -> None:
    printed = await desk.run("operator", "link")
    link = printed.out.strip()
    assert (printed.code, link.startswith(f"{desk.url}/operator/sign-in/")) == (0, True)
    async with httpx.AsyncClient(follow_redirects=True) as browser:
        entered = await browser.post(link)
        assert (entered.status_code, entered.url.path) == (200, "/operator")
        ended = await desk.run("operator", "sign-out")
        assert ended.code == 0
        assert (await browser.get(f"{desk.url}/operator")).status_code == 401


async def test_without_a_running_shop_there_is_no_link(tmp_path: Path) -> None:
    env = clean(tmp_path)
    await run_command(env, "keys", "create")  # makes the store
    refused = await run_command(env, "operator", "link")
    assert refused.code != 0
    assert "ringbolt serve" in refused.err
    assert "Traceback" not in refused.err
