"""A visitor of the pages without JavaScript: reads HTML, sends forms, follows redirects."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

import httpx

from support.clients.orders import OrderClient
from support.servers.shop import ShopServer
from support.waiting import eventually

ACCEPT = {"Accept": "text/html,application/xhtml+xml"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A page as it was answered."""

    status: int
    url: str
    text: str
    headers: httpx.Headers

    @property
    def title(self) -> str:
        """The first heading, as it is read."""
        return self._first(r"<h1[^>]*>(.*?)</h1>")

    @property
    def state(self) -> str:
        return self._first(r'<main[^>]* data-state="([^"]*)"')

    @property
    def invoice(self) -> str:
        return self._first(r'<a [^>]*href="lightning:([^"]*)"')

    @property
    def words(self) -> str:
        """What is read, without the markup."""
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.text)).split())

    def error(self, field: str) -> str:
        return self._first(rf'<p class="error" id="{field}-error">(.*?)</p>')

    def value(self, field: str) -> str:
        """What stands in an input or a text area."""
        return self._first(rf'<input[^>]* name="{field}"[^>]* value="([^"]*)"') or self._first(
            rf'<textarea[^>]* name="{field}"[^>]*>(.*?)</textarea>'
        )

    def attribute(self, element: str, name: str) -> str:
        """An attribute of the first element of that kind; '' if it has none."""
        return self._first(rf'<{element}\b[^>]* {name}="([^"]*)"')

    def _first(self, pattern: str) -> str:
        found = re.search(pattern, self.text, re.DOTALL)
        return "" if found is None else html.unescape(found[1]).strip()


class PageClient(OrderClient):
    """One visitor of one shop."""

    def __init__(self, shop: ShopServer) -> None:
        super().__init__(shop)

    async def open(self, path: str, **headers: str) -> Seen:
        answer = await self.http.get(path, headers={**ACCEPT, **headers}, follow_redirects=True)
        return _seen(answer)

    async def send(self, path: str, fields: dict[str, Any], **headers: str) -> Seen:
        answer = await self.http.post(
            path, data=fields, headers={**ACCEPT, **headers}, follow_redirects=True
        )
        return _seen(answer)

    async def until_state(self, path: str, *states: str) -> Seen:
        """The order's page as soon as it is in one of these states."""

        async def probe() -> Seen | None:
            page = await self.open(path)
            return page if page.state in states else None

        return await eventually(probe)


def _seen(answer: httpx.Response) -> Seen:
    return Seen(answer.status_code, answer.url.path, answer.text, answer.headers)
