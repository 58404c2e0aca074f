"""Prepaid accounts: fund, balance, history, and the whole ledger."""

from __future__ import annotations

from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import Response
from ringbolt.api.orders import FAMILY
from ringbolt.api.orders.account_documents import history_document, ledger_document
from ringbolt.api.orders.dialect import required_key, shown_key
from ringbolt.api.orders.documents import Balance, History, LedgerPage
from ringbolt.api.orders.purchase import created, named
from ringbolt.api.orders.schema import CreateFund, PageQuery
from ringbolt.app.accounts import account_history
from ringbolt.app.accounts.await_top_up import await_top_up
from ringbolt.app.checkout.purchase import Buyer, Hold
from ringbolt.app.checkout.top_up import top_up
from ringbolt.app.shop import Shop
from ringbolt.core.pricing.money import sats_down


class Accounts:
    """The balance of an API key: adding to it, and what became of it."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def fund(self, request: Request[CreateFund]) -> Response:
        """Add to the balance of the key; it can be spent as soon as the invoice is paid."""
        key = required_key(request)
        # The names of top-ups are the key's own, which top_up() looks up.
        client = self._shop.hash_of(request.client)
        buyer = Buyer(FAMILY, Hold(), client, named(request, "key"))
        sold = await top_up(self._shop, key, request.params.amount, buyer)
        return await created(self._shop, sold.order, replayed=sold.replayed)

    async def balance(self, request: Request[Nothing]) -> Balance:
        """What can still be spent, without what is reserved for orders under way."""
        shop = self._shop
        await await_top_up(shop, request.key.id)
        balance_msat = await shop.db.read(account_history.balance, request.key)
        return Balance(balance=sats_down(balance_msat))

    async def history(self, request: Request[PageQuery]) -> History:
        """The fundings of the account, the latest first."""
        shop, page = self._shop, request.params
        await await_top_up(shop, request.key.id)
        found = await shop.db.read(
            account_history.top_ups, shop.keyring, request.key, page.limit, page.cursor
        )
        return history_document(found, shown_key(request))

    async def ledger(self, request: Request[PageQuery]) -> LedgerPage:
        """Every debit and credit of the account, the latest first."""
        shop, page = self._shop, request.params
        await await_top_up(shop, request.key.id)
        found = await shop.db.read(
            account_history.ledger_page, request.key, page.limit, page.cursor
        )
        return ledger_document(found)
