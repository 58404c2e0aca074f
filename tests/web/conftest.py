"""Fixtures: a running shop with its pages, and a browser where the machine has one."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from support.clients.axe import fetch_axe
from support.clients.pages import PageClient
from support.servers.shop import running_shop, settings_for

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(
    tmp_path_factory: pytest.TempPathFactory, speech_dir: Path
) -> AsyncIterator[PageClient]:
    """A visitor without JavaScript, at one shop for the whole file."""
    settings = settings_for(tmp_path_factory.mktemp("shop"), speech_dir, simulator={"speed": 4.0})
    async with running_shop(settings) as running:
        yield PageClient(running)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM)
        yield started
        await started.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core."""
    return await fetch_axe(tmp_path_factory.mktemp("axe"))
