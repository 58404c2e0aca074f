"""Orders brought into every state that a page shows, each known by what its heading says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final

from support.clients.pages import PageClient, Seen
from support.numbers import ANSWERS, BUSY, DECLINES, LISTENS, NEVER_ANSWERS, PLAIN, REFUSED
from support.waiting import eventually

CODE: Final = {"service": "telegram", "country": "187"}
RENT: Final = {"country": "187", "hours": "12"}
_WORDS: Final = "Hello, this is Dr. Example's practice. Your appointment moved to 3 pm."


def call(number: str, **more: str) -> dict[str, str]:
    """What the form of a call sends."""
    return {"phone_number": number, "message": _WORDS, **more}


def number_on(page: Seen) -> str:
    """The digits of the number that an order's page shows."""
    found = re.search(r'class="value number">\+([0-9]{8,15})<', page.text)
    assert found is not None, page.words
    return found[1]


async def until_title(pages: PageClient, path: str, title: str) -> Seen:
    """The order's page as soon as its heading begins so."""

    async def probe() -> Seen | None:
        page = await pages.open(path)
        return page if page.title.startswith(title) else None

    return await eventually(probe)


_LASTING: Final[Mapping[str, tuple[str, dict[str, str], str]]] = {
    "call-answered": ("/call", call(LISTENS), "Answered."),
    "call-key": ("/call", call(ANSWERS, gather="yes"), "Answered. They pressed"),
    "call-busy": ("/call", call(BUSY), "Busy."),
    "call-nobody": ("/call", call(NEVER_ANSWERS), "Nobody answered."),
    "call-declined": ("/call", call(DECLINES), "The call was declined."),
    "call-failed": ("/call", call(REFUSED), "The call could not be made."),
    "text-delivered": ("/text", {"phone_number": LISTENS, "message": _WORDS}, "Text delivered"),
    "text-refused": ("/text", {"phone_number": REFUSED, "message": _WORDS}, "The text was not"),
    "text-lost": ("/text", {"phone_number": "+1234567820", "message": _WORDS}, "The text was sent"),
    "mail-sent": ("/email", {"address": "ann@inbox.example", "message": _WORDS}, "E-mail handed"),
    "code-waiting": ("/code", CODE, "Use this number now"),
    "code-received": ("/code", CODE, "Use this number now"),
    "code-unread": ("/code", CODE, "Use this number now"),
    "rent-empty": ("/rent", RENT, "Your rented number"),
    "rent-inbox": ("/rent", RENT, "Your rented number"),
}  # fmt: skip


class PageStates:
    """Orders of one shop, and the payments that are still held for some of them."""

    def __init__(self, pages: PageClient) -> None:
        self._pages = pages
        self._payments: list[asyncio.Task[str]] = []
        self.urls: dict[str, str] = {}

    async def make(self) -> dict[str, str]:
        """The pages of orders in every state that lasts, by name."""
        await self._expired()
        for name, (path, fields, _) in _LASTING.items():
            await self._paid(name, path, fields)
        for name, (_, _, title) in _LASTING.items():
            await until_title(self._pages, self.urls[name], title)
        await self._texts()
        await self._cancelled()
        await self._ordered("call-unpaid", "/call", call(LISTENS, gather="yes"))
        await self._ordered("rent-unpaid", "/rent", RENT)
        return self.urls

    async def ringing(self) -> str:
        """The page of a call that rings until somebody answers it."""
        url = await self._paid("call-ringing", "/call", call(PLAIN, gather="yes"))
        await until_title(self._pages, url, "Ringing")
        return url

    def close(self) -> None:
        """Forget the payments that are still held."""
        for payment in self._payments:
            payment.cancel()

    async def _ordered(self, name: str, path: str, fields: dict[str, Any]) -> Seen:
        page = await self._pages.send(path, fields)
        assert page.state == "awaiting_payment", page.words
        self.urls[name] = page.url
        return page

    async def _paid(self, name: str, path: str, fields: dict[str, Any]) -> str:
        page = await self._ordered(name, path, fields)
        self._payments.append(self._pages.pay(page.invoice))
        return page.url

    async def _texts(self) -> None:
        texts = {
            "code-received": ["Telegram code: 40291. You can also tap this link to log in."],
            "code-unread": ["Welcome to Telegram."],
            "rent-inbox": ["The parcel is with your neighbour.", "Your code is 815 007."],
        }
        for name, words in texts.items():
            number = number_on(await self._pages.open(self.urls[name]))
            for each in words:
                await self._pages.text_to(number, each, "Telegram")
        await until_title(self._pages, self.urls["code-received"], "Your code is here")
        await until_title(self._pages, self.urls["code-unread"], "A text came")
        await self._pages.until_state(self.urls["rent-inbox"], "settled")

    async def _cancelled(self) -> None:
        url = await self._paid("call-stopped", "/call", call(PLAIN))
        await until_title(self._pages, url, "Ringing")
        await self._pages.send(f"{url}/cancel", {})
        await until_title(self._pages, url, "The call was stopped.")

    async def _expired(self) -> None:
        page = await self._ordered("expired", "/call", call(LISTENS))
        await self._pages.shop.advance(901)
        await self._pages.until_state(page.url, "expired")
