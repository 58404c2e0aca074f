"""One account at one provider: sends its requests, not too many at a time, and reads the answers.

The API key is part of every request's query, as the protocol has it; it is in no error and no log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from yarl import URL

from ringbolt.core.errors import Unavailable
from ringbolt.numbers.handler_api.reply import Document, Meaning, Nonsense, Reply, Word, read
from ringbolt.upstream.exchange import Answer, Exchange
from ringbolt.upstream.http import HttpClient

BUY_S: Final = 12.0
"""Providers look for a number for some seconds before they answer."""
_LONGEST_REST_S: Final = 60.0
_REST_S: Final = 2.0
_TOO_MANY: Final = 429
_MOST_SHOWN: Final = 200
_UNUSABLE: Final = (Meaning.FUNDS, Meaning.ACCOUNT, Meaning.LATER, Meaning.OPEN)
"""What a word says about the provider or the account, whatever was asked."""
_FIX_NETWORK: Final = "Look whether base_url is right, and whether this machine reaches it."
_FIX_ADDRESS: Final = (
    "Let base_url be the address of its handler_api.php, as its own page on the API has it."
)
_FIXES: Final = {
    Meaning.ACCOUNT: "Copy the API key from your profile there into api_key; if it is right, ask "
    "the provider's support about the account.",
    Meaning.FUNDS: "Top the account up.",
    Meaning.LATER: "Wait a minute. If it stays, ask the provider for a higher limit of requests.",
    Meaning.OPEN: "Wait. If it stays, look at the provider's own page.",
}


class HandlerApi:
    """``name`` is that of the part. ``per_second``: how many requests the provider takes;
    purchases and cancellations do not wait for their turn."""

    def __init__(
        self, name: str, url: str, api_key: str, per_second: int, http: HttpClient | None = None
    ) -> None:
        self._name = name
        self._url = URL(url)
        self._api_key = api_key
        self._gap_s = 1 / per_second
        self._next_s = 0.0
        self._next_list_s = 0.0
        self._http = http or HttpClient()

    async def close(self) -> None:
        await self._http.close()

    async def buy(self, action: str, params: Mapping[str, str]) -> Exchange:
        """Send a request that must not be repeated, at once."""
        return await self._http.once("GET", self._of(action, params), timeout_s=BUY_S)

    async def ask(self, action: str, **params: str) -> Reply:
        """Send a request that may be repeated. Raises ``Unavailable`` without an answer, for an
        answer that is no reply of the protocol, and for one that concerns the account."""
        exchange = await self._http.ask("GET", self._of(action, params))
        if not isinstance(exchange, Answer):
            raise self.unavailable(exchange.why, _FIX_NETWORK)
        self.rest_after(exchange)
        return self._reply(exchange)

    async def ask_in_turn(self, action: str, **params: str) -> Reply:
        """As ``ask``, but no sooner than the provider's limit of requests allows."""
        await self._turn()
        return await self.ask(action, **params)

    def _reply(self, answer: Answer) -> Reply:
        reply = read(answer.body)
        if isinstance(reply, Nonsense):
            raise self.unavailable(_shown(answer, reply), _FIX_ADDRESS)
        if isinstance(reply, Word):
            if reply.meaning in _UNUSABLE:
                raise self.unavailable(reply.says, _FIXES.get(reply.meaning, ""))
            return reply
        if not answer.is_success:
            raise self.unavailable(f"HTTP {answer.status}")
        return reply

    async def document(self, action: str, **params: str) -> Document | None:
        """The JSON of a list of countries, services or prices, None if it has none (a word). Raises
        ``Unavailable``.

        Anybody who looks at the shop's offers has them fetched. They get every other turn at most,
        so that the texts of those who have paid are not late.
        """
        now_s = asyncio.get_running_loop().time()
        at_s = max(now_s, self._next_list_s)
        self._next_list_s = at_s + 2 * self._gap_s
        if at_s > now_s:
            await asyncio.sleep(at_s - now_s)
        reply = await self.ask_in_turn(action, **params)
        return None if isinstance(reply, Word | Nonsense) else reply

    def rest_after(self, exchange: Exchange) -> None:
        """Send nothing in turn for as long as a 429 asks for."""
        if isinstance(exchange, Answer) and exchange.status == _TOO_MANY:
            wait_s = retry_after_s(exchange)
            self._next_s = max(self._next_s, asyncio.get_running_loop().time() + wait_s)

    async def _turn(self) -> None:
        now_s = asyncio.get_running_loop().time()
        at_s = max(now_s, self._next_s)
        self._next_s = at_s + self._gap_s
        if at_s > now_s:
            await asyncio.sleep(at_s - now_s)

    def unavailable(self, why: str, fix: str = "") -> Unavailable:
        """``fix``: what the operator can do about it."""
        said = why.replace(self._api_key, "...") if self._api_key else why
        said = f"The number provider {self._name} cannot be used: {said}."
        return Unavailable(said, suggestion=fix)

    def _of(self, action: str, params: Mapping[str, str]) -> URL:
        return self._url.extend_query({"api_key": self._api_key, "action": action, **params})


def _shown(answer: Answer, reply: Nonsense) -> str:
    """What came instead of a reply."""
    said = f"HTTP {answer.status}"
    if 300 <= answer.status < 400:
        return f"{said}, it leads to {answer.headers.get('location', 'nowhere')[:_MOST_SHOWN]}"
    return f"{said}, {reply.shown!r}" if reply.shown else f"{said} and nothing"


def retry_after_s(answer: Answer) -> float:
    """How long a 429 asks to wait (RFC 9110, 10.2.3), a minute at most."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 6:
        return min(float(text), _LONGEST_REST_S)
    return _REST_S
