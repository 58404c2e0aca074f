"""The webhooks of an account's orders: what became of each, sent again, and their secret."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ringbolt.api.kit.limits import RateGuard
from ringbolt.api.orders.webhook_log import RESENDS_A_MINUTE, RESENDS_AT_ONCE
from ringbolt.app.accounts.sessions import Holder
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.resend_webhook import resend_webhook
from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.core.errors import InvalidInput, NotFound
from ringbolt.store import keys, orders, webhook_log, webhooks
from ringbolt.store.engine.db import Tx
from ringbolt.store.webhook_log import Webhook
from ringbolt.store.webhooks import WebhookState
from ringbolt.web.account.key_pages import PATH
from ringbolt.web.account.signed_in import SignedIn
from ringbolt.web.account.statement import ordered
from ringbolt.web.formats import minute
from ringbolt.web.forms import Form
from ringbolt.web.i18n import _
from ringbolt.web.rendering import HEADERS
from ringbolt.web.views.view import Tag

PAGE: Final = 10


@dataclass(frozen=True, slots=True)
class Sent:
    """One webhook. ``about``: its order; ``to``: host and path."""

    id: str
    about: str
    seq: int
    to: str
    at_ms: int
    tag: Tag
    tries: int


@dataclass(frozen=True, slots=True)
class SentPage:
    """The latest first. ``next``: the cursor of older ones, '' at the end."""

    sent: tuple[Sent, ...]
    next: str


def webhook_page(tx: Tx, key_id: str, cursor: str) -> SentPage:
    """Webhooks of the orders that the account paid for. Raises ``InvalidInput`` for a cursor that
    is none."""
    try:
        page = webhook_log.listing(tx, account=account_of_key(key_id), cursor=cursor, limit=PAGE)
    except ValueError as error:
        raise InvalidInput(f"{error}.", code="INVALID_CURSOR") from error
    return SentPage(tuple(_sent(tx, each) for each in page.webhooks), page.cursor)


def _sent(tx: Tx, each: Webhook) -> Sent:
    order = orders.by_id(tx, each.order_id)
    parts = urlsplit(each.url)
    return Sent(
        id=each.id,
        about="" if order is None else ordered(order),
        seq=each.seq,
        to=f"{parts.netloc.rpartition('@')[2]}{parts.path}",
        at_ms=each.created_ms,
        tag=_tag(each),
        tries=len(each.log),
    )


def _tag(each: Webhook) -> Tag:
    last = each.log[0] if each.log else None
    if last is None:
        return Tag(_("Being sent"), "now")
    said = f"HTTP {last.status}" if last.status is not None else last.error
    match each.state:
        case WebhookState.DELIVERED:
            took = f"{last.took_ms / 1000:.1f}"
            return Tag(_("%(said)s in %(seconds)s s", said=said, seconds=took), "ok")
        case WebhookState.GIVEN_UP:
            return Tag(_("Gave up: %(said)s", said=said), "bad")
    at = minute(last.at_ms)
    return Tag(_("%(said)s at %(time)s, will be tried again", said=said, time=at), "warn")


class WebhookForms:
    """The buttons of the list."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        refusal = "This order's webhooks were resent too often."
        self._resends = RateGuard(RESENDS_A_MINUTE, RESENDS_AT_ONCE, time.monotonic, refusal)

    def routes(self, signed: SignedIn) -> list[Route]:
        """The addresses of the buttons."""
        return [
            Route(f"{PATH}/webhooks/{{id}}/resend", signed.form(self.resend), methods=["POST"]),
            Route(f"{PATH}/webhook-secret", signed.form(self.replace_secret), methods=["POST"]),
        ]

    async def resend(self, request: Request, holder: Holder, form: Form) -> Response:
        """Send one more time, as the API does."""
        webhook_id = str(request.path_params["id"])
        account = account_of_key(holder.key_id)
        order_id = await self._shop.db.read(_order_of, webhook_id, account)
        if order_id is None:
            raise NotFound(_("There is no such webhook of your orders."))
        if self._shop.limits:
            self._resends.check(order_id)
        await resend_webhook(self._shop, webhook_id)
        return _back()

    async def replace_secret(self, request: Request, holder: Holder, form: Form) -> Response:
        """Another secret; a form that is sent twice replaces it once."""
        if holder.key is not None:
            present = form.number("present", 0, 10**8, 0)
            await self._shop.db.tx(keys.replace_webhook_secret, holder.key_id, present)
        return _back()


def _order_of(tx: Tx, webhook_id: str, account: str) -> str | None:
    order_id = webhooks.order_of(tx, webhook_id)
    order = None if order_id is None else orders.by_id(tx, order_id)
    return order_id if order is not None and order.account_id == account else None


def _back() -> Response:
    return RedirectResponse(f"{PATH}#webhooks", 303, HEADERS)
