"""Receivers of webhooks on loopback: they keep what they are told, and answer as they are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from support.servers.sites import Site, site
from support.waiting import PATIENCE_S, eventually


@dataclass(frozen=True, slots=True)
class Hook:
    """One request that came."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"
    target: str = ""  # path and query as they came

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


@dataclass
class Receiver:
    """Answers ``statuses`` one after another, then 200 for ever; with ``headers``.

    While ``gate`` is closed it answers nobody.
    """

    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    hooks: list[Hook] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most_at_once: int = 0
    url: str = ""

    def __post_init__(self) -> None:
        self.gate.set()

    async def answer(self, request: web.BaseRequest) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        self.hooks.append(Hook(request.path, headers, body, request.method, request.raw_path))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
        finally:
            self.at_once -= 1
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, headers=self.headers)

    async def heard(self, count: int, within_s: float = PATIENCE_S) -> list[Hook]:
        """All hooks, as soon as there are ``count``."""

        async def enough() -> bool:
            return len(self.hooks) >= count

        await eventually(enough, within_s)
        return self.hooks


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with site(receiver.answer) as served:
        assert isinstance(served, Site)
        receiver.url = f"{served.origin}/hook"
        try:
            yield receiver
        finally:
            receiver.gate.set()
