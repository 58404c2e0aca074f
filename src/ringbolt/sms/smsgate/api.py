"""HTTP to the app's API, on the phone itself or at the cloud: credentials, tokens, errors."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote

import msgspec

from ringbolt.clock import Clock
from ringbolt.core import foreign_json
from ringbolt.core.errors import Unavailable
from ringbolt.core.json_errors import UNREADABLE
from ringbolt.sms.smsgate.wire import Refusal, Token, TokenRequest, ms_of
from ringbolt.upstream.exchange import Answer, Exchange, Lost, NeverSent
from ringbolt.upstream.http import HttpClient

SCOPES: Final = (
    "messages:send", "messages:read", "webhooks:list", "webhooks:write", "settings:write",
    "devices:list",
)  # fmt: skip
TOKEN_TTL_S: Final = 3600
_RENEW_BEFORE_MS: Final = 60_000
_MAX_WORDS: Final = 200
_JSON: Final = {"Content-Type": "application/json"}

Document = TypeVar("Document")
_encode = msgspec.json.Encoder().encode


class PhoneApi:
    """The API below ``base_url``. ``auth`` jwt: a token is asked for with the password when needed,
    and renewed before it expires or when it is refused."""

    def __init__(
        self,
        base_url: str,
        username: str,
        password: str,
        auth: Literal["basic", "jwt"],
        name: str,
        clock: Clock,
    ) -> None:
        self._url = base_url.rstrip("/")
        self._name = name
        self._basic = f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"
        self._uses_tokens = auth == "jwt"
        self._bearer = ""
        self._until_ms = 0
        self._clock = clock
        self._http = HttpClient(_JSON)

    async def close(self) -> None:
        await self._http.close()

    def path(self, *parts: str) -> str:
        return "".join(f"/{quote(part, safe='')}" for part in parts)

    async def once(self, method: str, path: str, body: Any) -> Exchange:
        """Send a request that must not be repeated; one that was refused for its token is."""
        headers = await self._headers()
        if isinstance(headers, NeverSent):
            return headers
        first = await self._http.once(method, self._url + path, _encode(body), headers=headers)
        if not self._is_expired(first):
            return first
        headers = await self._headers()
        if isinstance(headers, NeverSent):
            return headers
        return await self._http.once(method, self._url + path, _encode(body), headers=headers)

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a request that may be repeated. Raises ``Unavailable`` without an answer, and for
        5xx and 429."""
        content = None if body is None else _encode(body)
        exchange: Exchange = NeverSent("no token")
        for _ in range(2):
            headers = await self._headers()
            if isinstance(headers, NeverSent):
                raise self.unavailable(headers.why)
            exchange = await self._http.ask(method, self._url + path, content, headers=headers)
            if not self._is_expired(exchange):
                break
        match exchange:
            case Answer(status) as answer if status < 500 and status != 429:
                return answer
            case Answer() as answer:
                raise self.unavailable(refusal_words(answer))
            case NeverSent(why) | Lost(why):
                raise self.unavailable(why)

    async def get(self, path: str, kind: type[Document]) -> Document:
        """The document at ``path``. Raises ``Unavailable`` for anything else."""
        answer = await self.ask("GET", path)
        if answer.status != 200:
            raise self.unavailable(refusal_words(answer))
        return self.decode(answer, kind)

    def decode(self, answer: Answer, kind: type[Document]) -> Document:
        try:
            return foreign_json.decode(answer.body, type=kind)
        except UNREADABLE:
            raise self.unavailable("it sent something else than expected") from None

    def unavailable(self, why: str) -> Unavailable:
        return Unavailable(f"The phone {self._name} does not answer: {why}.")

    # Credentials

    async def _headers(self) -> dict[str, str] | NeverSent:
        if not self._uses_tokens:
            return {"Authorization": self._basic}
        if self._clock.now_ms() >= self._until_ms:
            why = await self._renew()
            if why:
                return NeverSent(why)
        return {"Authorization": f"Bearer {self._bearer}"}

    async def _renew(self) -> str:
        """Get a token; why there is none, '' if there is."""
        body = _encode(TokenRequest(list(SCOPES), TOKEN_TTL_S))
        headers = {"Authorization": self._basic}
        exchange = await self._http.ask("POST", f"{self._url}/auth/token", body, headers=headers)
        match exchange:
            case Answer(200 | 201, content):
                try:
                    token = foreign_json.decode(content, type=Token)
                except UNREADABLE:
                    return "it gave no token"
            case Answer() as answer:
                return f"it gave no token ({refusal_words(answer)})"
            case NeverSent(why) | Lost(why):
                return why
        now_ms = self._clock.now_ms()
        self._bearer = token.access_token
        until_ms = ms_of(token.expires_at, now_ms + TOKEN_TTL_S * 1000)
        self._until_ms = max(until_ms - _RENEW_BEFORE_MS, now_ms)
        return "" if self._bearer.isascii() and self._bearer.isprintable() else "it gave no token"

    def _is_expired(self, exchange: Exchange) -> bool:
        """Whether a token was refused, which is then forgotten."""
        if not (self._uses_tokens and isinstance(exchange, Answer) and exchange.status == 401):
            return False
        self._until_ms = 0
        return True


def refusal_words(answer: Answer) -> str:
    """What the far end said, in one short line."""
    try:
        words = foreign_json.decode(answer.body, type=Refusal).words
    except UNREADABLE:
        words = ""
    words = " ".join(words.split())[:_MAX_WORDS]
    return f"HTTP {answer.status}: {words}" if words else f"HTTP {answer.status}"
