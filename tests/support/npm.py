"""Packages of npm that tests use as their publishers made them."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.waiting import PATIENCE_S

_OPTIONS = ("--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact")


@dataclass(frozen=True)
class Package:
    """One version of a package. ``sha256``: of its ``file``, so that nothing else is tested."""

    name: str
    version: str
    file: str
    sha256: str


async def install(package: Package, folder: Path) -> None:
    """Skips the test if there is no npm, or it cannot fetch the package."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip(f"{package.name} needs node and npm, which are not installed here")
    try:
        await run(npm, "install", *_OPTIONS, f"{package.name}@{package.version}", cwd=folder)
    except AssertionError as error:
        pytest.skip(f"{package.name} cannot be fetched here: {error}")
    installed = folder / "node_modules" / package.name / package.file
    assert hashlib.sha256(installed.read_bytes()).hexdigest() == package.sha256


async def run(*command: str, cwd: Path) -> str:
    """What a program that must succeed writes."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, stdout=pipe, stderr=pipe)
    async with asyncio.timeout(PATIENCE_S):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()
