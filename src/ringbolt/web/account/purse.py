"""The balance of who is signed in, offered wherever something is sold."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256

from starlette.requests import Request

from ringbolt.api.orders import FAMILY
from ringbolt.app.accounts import account_history
from ringbolt.app.accounts.keys import permitted
from ringbolt.app.checkout.purchase import Balance, Buyer, Idempotency
from ringbolt.app.shop import Shop
from ringbolt.core.errors import RingboltError
from ringbolt.core.pricing.money import sats_down
from ringbolt.store.keys import ApiKey
from ringbolt.web.account.session import Sessions, check_token, token_of
from ringbolt.web.forms import Form

_SCOPE = "spend"
_NOT_BOUGHT = frozenset({"token", "once", "pay"})


@dataclass(frozen=True, slots=True)
class Purse:
    """``token`` and ``once`` are what the form must carry: ``once`` lets a form that is sent twice
    buy once."""

    key_id: str
    available_sats: int
    token: str
    once: str


class Purses:
    """The balances of the visitors who are signed in with a key that may spend."""

    def __init__(self, shop: Shop, sessions: Sessions) -> None:
        self._shop = shop
        self._sessions = sessions

    async def of(self, request: Request) -> Purse | None:
        """The balance that this visitor may spend; None for nobody's."""
        holder = await self._sessions.holder(request)
        if holder is None or holder.key is None or not _may_spend(holder.key):
            return None
        available_msat = await self._shop.db.read(account_history.balance, holder.key)
        return Purse(
            holder.key_id, sats_down(available_msat), token_of(request), secrets.token_hex(8)
        )

    def buyer(self, request: Request, form: Form, purse: Purse, client: str) -> Buyer:
        """Who buys what the form says from the balance. Raises ``Forbidden`` for a form that was
        not shown to this session."""
        check_token(request, form)
        bought = sorted((name, text) for name, text in form.values.items() if _is_bought(name))
        body_hash = sha256(repr((request.url.path, bought)).encode()).hexdigest()
        name = f"web:{form.get('once')[:64]}:{body_hash[:32]}"
        once = Idempotency(f"key:{purse.key_id}", name, body_hash)
        return Buyer(FAMILY, Balance(purse.key_id), self._shop.hash_of(client), once)


def _is_bought(name: str) -> bool:
    return name not in _NOT_BOUGHT


def _may_spend(key: ApiKey) -> bool:
    try:
        permitted(key, _SCOPE)
    except RingboltError:
        return False
    return True
