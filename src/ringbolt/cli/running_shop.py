"""Finds the shop that a command means: named, running on the data folder, or at the port."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from ringbolt.settings import SettingsError

if TYPE_CHECKING:
    from ringbolt.settings import Settings

RUN_FILE: Final = "serve.json"
"""Where a running shop listens, for commands on this machine."""
_ANSWER_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class RunningShop:
    """A shop that answers on this machine."""

    pid: int
    url: str


@dataclass(frozen=True, slots=True)
class FoundShop:
    """The address of a shop, and how it was found, for a person."""

    url: str
    how: str


def note_running(data_dir: Path, url: str) -> None:
    """Note where this process serves the shop of ``data_dir``."""
    path = data_dir / RUN_FILE
    path.touch()
    path.chmod(0o600)
    path.write_text(json.dumps({"pid": os.getpid(), "url": url}))


async def running_shop(settings: Settings) -> RunningShop | None:
    """The shop that runs on the data folder, if it answers."""
    try:
        noted: Any = json.loads((settings.data_dir / RUN_FILE).read_text())
        shop = RunningShop(int(noted["pid"]), str(noted["url"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return shop if await _answers(shop.url) else None


async def find_shop(settings: Settings) -> FoundShop:
    """The shop that runs on the data folder, else the one at ``settings.port``, whether it answers
    or not.

    Raises ``SettingsError`` if both run and differ although the port is a setting: which of them is
    meant is not to be guessed where money is spent.
    """
    at_port = address(settings.host, settings.port)
    is_set = "port" in settings.model_fields_set
    running = await running_shop(settings)
    if running is None:
        return FoundShop(at_port, "RINGBOLT_PORT" if is_set else "the usual port")
    if is_set and at_port != running.url and await _answers(at_port):
        raise SettingsError(
            f"Two shops run: {at_port} by RINGBOLT_PORT, and {running.url} on the data folder "
            f"{settings.data_dir.absolute()}. Name the one that you mean with --server."
        )
    return FoundShop(running.url, f"it runs on the data folder {settings.data_dir.absolute()}")


def address(host: str, port: int) -> str:
    """The URL by which this machine reaches a server that listens on ``host``."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _answers(url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=_ANSWER_S) as http:
            return (await http.get(f"{url}/healthz")).status_code == 200
    except httpx.HTTPError:
        return False
