"""axe-core in a page of a browser: what keeps people from using it."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from pathlib import Path

import pytest
from playwright.async_api import Page

from support.waiting import PATIENCE_S

VERSION = "4.11.0"
SHA256 = "e9e5863c33a874f09bc01acd9234b7e3c871479f5eef8802fa582544465e6d01"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def fetch_axe(folder: Path) -> str:
    """The source of axe-core. Skips the test where it cannot be fetched."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("axe-core needs npm, which is not installed here")
    options = ("--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")
    process = await asyncio.create_subprocess_exec(
        npm,
        "install",
        *options,
        "--save-exact",
        f"axe-core@{VERSION}",
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        _, errors = await process.communicate()
    if process.returncode:
        pytest.skip(f"axe-core cannot be fetched here: {errors.decode()}")
    source = (folder / "node_modules/axe-core/axe.min.js").read_bytes()
    assert hashlib.sha256(source).hexdigest() == SHA256
    return source.decode()


async def violations(page: Page, axe: str) -> list[str]:
    """The rules that the page breaks, with the elements at fault."""
    await page.evaluate(axe)
    report = await page.evaluate("tags => axe.run(document, {runOnly: tags})", RULES)
    return [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in report["violations"]
        for node in rule["nodes"]
    ]
