"""``/account``: the balance, money added and taken out, what moved, the key."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ringbolt.api.kit.http import client_address
from ringbolt.api.kit.limits import Guards
from ringbolt.api.orders import FAMILY
from ringbolt.api.orders.waiting import Waiting
from ringbolt.app.accounts.await_top_up import await_top_up
from ringbolt.app.accounts.sessions import Holder
from ringbolt.app.checkout.purchase import Buyer, Hold, Idempotency
from ringbolt.app.checkout.top_up import Payee, top_up_account
from ringbolt.app.payments.withdraw import Wanted, may_withdraw, start_withdrawal
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import webhook_secret
from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.core.errors import RingboltError
from ringbolt.core.pricing.money import sats_down
from ringbolt.lightning.node import can_hold
from ringbolt.store import withdrawals
from ringbolt.store.engine.db import Tx
from ringbolt.store.keys import ApiKey
from ringbolt.store.withdrawals import Withdrawal
from ringbolt.web.account.amount import whole_sats
from ringbolt.web.account.key_pages import PATH, KeyPages
from ringbolt.web.account.session import Sessions, token_of
from ringbolt.web.account.signed_in import SignedIn
from ringbolt.web.account.statement import EMPTY, Statement, as_csv, statement
from ringbolt.web.account.webhook_log import SentPage, WebhookForms, webhook_page
from ringbolt.web.account.withdrawal_page import PATH as WITHDRAWALS
from ringbolt.web.account.withdrawal_page import WithdrawalPage
from ringbolt.web.forms import Form
from ringbolt.web.i18n import in_this_language
from ringbolt.web.rendering import HEADERS, Renderer

LABEL: Final = "made on the web"
AMOUNTS: Final = (10_000, 50_000, 100_000)
_CSV_LINES: Final = 5000
_LONGEST_ADDRESS: Final = 400
_USUAL: Final = "50000"
_PRIVATE: Final = {"X-Robots-Tag": "noindex"}


class AccountPages:
    """The pages of accounts. ``guards`` limit orders and reads by client address."""

    def __init__(
        self,
        shop: Shop,
        renderer: Renderer,
        sessions: Sessions,
        guards: Guards,
        waiting: Waiting,
    ) -> None:
        self._shop = shop
        self._renderer = renderer
        self._sessions = sessions
        self._guards = guards
        self._waiting = waiting
        self._keys = KeyPages(shop, renderer, sessions, guards)

    def routes(self) -> list[Route]:
        """All addresses under ``/account``."""
        signed = SignedIn(self._sessions, self._keys.shut)
        withdrawal = WithdrawalPage(self._shop, self._renderer, signed, self._waiting)
        return [
            Route(PATH, self.show, methods=["GET"]),
            Route(f"{PATH}/history.csv", signed.page(self.history), methods=["GET"]),
            Route(f"{PATH}/fund", signed.form(self.fund), methods=["POST"]),
            Route(WITHDRAWALS, signed.form(self.withdraw), methods=["POST"]),
            *self._keys.routes(signed),
            *WebhookForms(self._shop).routes(signed),
            *withdrawal.routes(),
        ]

    async def show(self, request: Request) -> Response:
        """The account, or how to sign in to one."""
        self._guards.check("read", client_address(request.scope))
        holder = await self._sessions.holder(request)
        if holder is None:
            return self._keys.door(Form({}))
        return await self._account(request, holder, Form({}))

    async def fund(self, request: Request, holder: Holder, form: Form) -> Response:
        """An invoice for the account, on a page of its own."""
        client = client_address(request.scope)
        sats = whole_sats(form, "amount", form.get("preset", _USUAL))
        if not form.errors:
            try:
                self._guards.check("order", client)
                payee = Payee(holder.key_id, holder.key_hash, holder.key is None, LABEL)
                buyer = Buyer(FAMILY, Hold(), self._shop.hash_of(client), _once(form, f"{sats}"))
                order = (await top_up_account(self._shop, payee, sats, buyer)).order
                return RedirectResponse(f"/o/{order.status_token}", 303, HEADERS)
            except RingboltError as error:
                form.fail(error)
        return await self._account(request, holder, form)

    async def withdraw(self, request: Request, holder: Holder, form: Form) -> Response:
        """Begin to take money out; or go to the withdrawal that is under way."""
        sats = whole_sats(form, "sats", "")
        if not form.errors:
            address = form.get("lightning_address")[:_LONGEST_ADDRESS]
            wanted = Wanted(holder.key_id, holder.key_hash, sats, address)
            try:
                self._guards.check("order", client_address(request.scope))
                begun = await start_withdrawal(self._shop, wanted)
                return RedirectResponse(f"{WITHDRAWALS}/{begun.id}", 303, HEADERS)
            except RingboltError as error:
                form.fail(error)
                if "amount" in form.errors:
                    form.errors["sats"] = form.errors.pop("amount")
        return await self._account(request, holder, form)

    async def history(self, request: Request, holder: Holder) -> Response:
        """What moved, as a table for a spreadsheet: the latest lines."""
        self._guards.check("read", client_address(request.scope))
        shown = EMPTY
        if holder.key is not None:
            read = in_this_language(statement)
            shown = await self._shop.db.read(read, holder.key, "", _CSV_LINES)
        headers = {"Content-Disposition": 'attachment; filename="ringbolt-history.csv"', **HEADERS}
        return Response(as_csv(shown), 200, headers, "text/csv; charset=utf-8")

    async def _account(self, request: Request, holder: Holder, form: Form) -> Response:
        shop = self._shop
        seen = _NOTHING
        if holder.key is not None:
            await await_top_up(shop, holder.key_id)
            query = request.query_params
            cursors = (query.get("before", ""), query.get("webhooks", ""))
            seen = await shop.db.read(in_this_language(_seen), holder.key, *cursors)
        policy = shop.policies.withdrawals
        most_sats = sats_down(policy.most_msat(seen.statement.available_msat))
        return self._renderer.page(
            "account.html",
            form.status,
            _PRIVATE,
            form=form,
            token=token_of(request),
            once=secrets.token_hex(8),
            holder=holder,
            statement=seen.statement,
            webhooks=seen.webhooks,
            webhook_secret=_secret(shop, holder),
            amounts=AMOUNTS,
            usual=_USUAL,
            can_fund=can_hold(shop.node),
            can_withdraw=holder.key is not None and may_withdraw(shop),
            has_addresses=shop.addresses is not None,
            under_way=seen.under_way,
            least_sats=sats_down(policy.min_msat),
            most_sats=most_sats,
            fee_msat=policy.max_fee_msat(most_sats * 1000),
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the page shows of an account that is stored."""

    statement: Statement
    webhooks: SentPage
    under_way: Withdrawal | None


_NOTHING: Final = _Seen(EMPTY, SentPage((), ""), None)


def _seen(tx: Tx, key: ApiKey, before: str, older_webhooks: str) -> _Seen:
    return _Seen(
        statement(tx, key, before),
        webhook_page(tx, key.id, older_webhooks),
        withdrawals.unfinished(tx, account_of_key(key.id)),
    )


def _secret(shop: Shop, holder: Holder) -> str:
    if holder.key is None:
        return ""
    account = account_of_key(holder.key_id)
    return webhook_secret(shop.keyring, account, holder.key.webhook_secret)


def _once(form: Form, what: str) -> Idempotency | None:
    """A form that is sent twice orders once."""
    named = form.get("once")[:64]
    return Idempotency("", f"web:{named}:{what}", what) if named else None
