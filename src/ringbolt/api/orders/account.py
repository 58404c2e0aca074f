"""Prepaid accounts: fund, balance, history, and the whole ledger."""

from __future__ import annotations

from ringbolt.api.orders import FAMILY, fields
from ringbolt.api.orders.account_documents import history_document, ledger_document
from ringbolt.api.orders.endpoint import Asked, Reply, ok
from ringbolt.api.orders.purchase import client_of, created, named
from ringbolt.app.accounts import account_history
from ringbolt.app.accounts.account_history import LedgerPage, TopUps
from ringbolt.app.accounts.await_top_up import await_top_up
from ringbolt.app.accounts.keys import recognise
from ringbolt.app.checkout.purchase import Buyer, Hold
from ringbolt.app.checkout.top_up import top_up
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Unauthorized
from ringbolt.core.pricing.money import sats_down
from ringbolt.store.engine.db import Tx

MAX_PAGE = 1000
MAX_CURSOR_CHARS = 200
_SCOPE = "read"


class Accounts:
    """What the holder of an API key may see and do with its balance."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def fund(self, asked: Asked) -> Reply:
        """Add to the balance of the key: what is paid is there at once."""
        sats = fields.sats(asked.fields, "amount")
        # The names of top-ups are the key's own, which top_up() looks up.
        buyer = Buyer(FAMILY, Hold(), client_of(self._shop, asked), named(asked, "key"))
        sold = await top_up(self._shop, _key(asked), sats, buyer)
        return created(self._shop, sold.order, replayed=sold.replayed)

    async def balance(self, asked: Asked) -> Reply:
        """What can still be spent: what is reserved for orders under way is not in it."""
        balance = await self._shop.db.read(_balance, await self._settled_key(asked))
        return ok({"status": "OK", "balance": sats_down(balance)})

    async def history(self, asked: Asked) -> Reply:
        """The fundings of the account, the latest first."""
        key = await self._settled_key(asked)
        found = await self._shop.db.read(_top_ups, self._shop, key, *_page(asked))
        return ok(history_document(found, key))

    async def ledger(self, asked: Asked) -> Reply:
        """Every debit and credit of the account, the latest first."""
        key = await self._settled_key(asked)
        return ok(ledger_document(await self._shop.db.read(_ledger, key, *_page(asked))))

    async def _settled_key(self, asked: Asked) -> str:
        """The key, once what was paid to it a moment ago is in the books."""
        key = _key(asked)
        found = await self._shop.db.read(recognise, key, _SCOPE)
        await await_top_up(self._shop, found.id)
        return key


def _key(asked: Asked) -> str:
    if not asked.key:
        raise Unauthorized(
            "X-API-Key is missing.", suggestion="Send your API key in the header X-API-Key."
        )
    return asked.key


def _page(asked: Asked) -> tuple[int, str]:
    """How many, and from where on."""
    limit = fields.whole_number(asked.fields, "limit", 1, MAX_PAGE)
    cursor = fields.line(asked.fields, "cursor", MAX_CURSOR_CHARS)
    return limit or account_history.USUAL_PAGE, cursor


def _balance(tx: Tx, key: str) -> int:
    return account_history.balance(tx, recognise(tx, key, _SCOPE))


def _top_ups(tx: Tx, shop: Shop, key: str, limit: int, cursor: str) -> TopUps:
    found = recognise(tx, key, _SCOPE)
    return account_history.top_ups(tx, shop.keyring, found, limit, cursor)


def _ledger(tx: Tx, key: str, limit: int, cursor: str) -> LedgerPage:
    return account_history.ledger_page(tx, recognise(tx, key, _SCOPE), limit, cursor)
