"""The accounts of the simulated Twilio-compatible API.

An account exists once a request has named it, and its first token is its token. What else an
account has is set by ``POST /simulator/twilio/accounts/{sid}``.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any, Final

import msgspec
from msgspec import Struct

from ringbolt.simulator.clock.world_time import WorldTime
from ringbolt.simulator.file.world_file import WorldFile

KIND: Final = "twilio-account"


class AccountState(Struct):
    """``calls_per_second``: more requests for calls are answered 429 (0: any number).
    ``price``: of a started minute or a text's segment, in ``price_unit``, told ``price_after_s``
    after its end; '' is never told. ``tells``: whether status callbacks are sent. ``replies``: what
    the next requests to create are answered with instead, as (status, whether it is done)."""

    auth_token: str
    calls_per_second: float = 0
    price: str = "0.0085"
    price_unit: str = "USD"
    price_after_s: float = 1.0
    balance: str = "20.00"
    tells: bool = True
    replies: list[tuple[int, bool]] = []


class AccountChange(Struct):
    """What an operator changes; all else stays."""

    auth_token: str | None = None
    calls_per_second: float | None = None
    price: str | None = None
    price_unit: str | None = None
    price_after_s: float | None = None
    balance: str | None = None
    tells: bool | None = None
    replies: list[tuple[int, bool]] | None = None


class Accounts:
    """``token``: what the world asks for; then it is the first token of every account."""

    def __init__(self, store: WorldFile, clock: WorldTime) -> None:
        self.token = ""
        self._store = store
        self._clock = clock
        self._accounts = {
            sid: msgspec.convert(document, AccountState)
            for sid, document in store.load(KIND).items()
        }
        self._asked: dict[str, list[int]] = {}

    def of(self, sid: str) -> AccountState:
        """The account; without a token until somebody has shown one."""
        return self._accounts.get(sid) or AccountState("")

    async def opened(self, sid: str, authorization: str) -> AccountState | None:
        """The account that a request shows the token of; None for a wrong one."""
        shown = _shown(sid, authorization)
        if not shown:
            return None
        account = self.of(sid)
        if not account.auth_token:
            account.auth_token = self.token or shown
            if shown == account.auth_token:
                await self._keep(sid, account)
        expected = account.auth_token.encode()
        return account if hmac.compare_digest(shown.encode(), expected) else None

    async def change(self, sid: str, change: AccountChange) -> AccountState:
        wanted: dict[str, Any] = {
            name: value
            for name in AccountChange.__struct_fields__
            if (value := getattr(change, name)) is not None
        }
        account = msgspec.structs.replace(self.of(sid), **wanted)
        await self._keep(sid, account)
        return account

    def is_too_fast(self, sid: str) -> bool:
        """Whether this request for a call is one too many in this second; counts it if not."""
        rate = self.of(sid).calls_per_second
        if not rate:
            return False
        now_ms = self._clock.now_ms()
        recent = [at_ms for at_ms in self._asked.get(sid, []) if at_ms > now_ms - 1000]
        if len(recent) < rate:
            recent.append(now_ms)
        else:
            now_ms = 0
        self._asked[sid] = recent
        return not now_ms

    async def _keep(self, sid: str, account: AccountState) -> None:
        self._accounts[sid] = account
        await self._store.submit([(KIND, sid, account)])


def _shown(sid: str, authorization: str) -> str:
    """The token of an Authorization header: of HTTP Basic for this account, or a bearer's."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    try:
        user, _, token = b64decode(value.strip(), validate=True).decode().partition(":")
    except (Base64Error, ValueError):
        return ""
    return token if user == sid and scheme.lower() == "basic" else ""
