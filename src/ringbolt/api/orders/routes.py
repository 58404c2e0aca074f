"""The family's addresses: names and shapes are sms4sats', what is under ``/v1`` is ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ringbolt import __version__
from ringbolt.api.guide import APIS
from ringbolt.api.kit import http
from ringbolt.api.kit.family import Family, browsers
from ringbolt.api.kit.openapi import Documentation, header
from ringbolt.api.kit.operation import Handler, P
from ringbolt.api.kit.plain import LINKS
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.orders import documents, examples, schema
from ringbolt.api.orders.account import Accounts
from ringbolt.api.orders.catalogue import Catalogue
from ringbolt.api.orders.dialect import OrdersDialect
from ringbolt.api.orders.events import OrderEvents
from ringbolt.api.orders.inbound import SCOPE, InboundTexts
from ringbolt.api.orders.inbound_schema import Heartbeat, InboundText
from ringbolt.api.orders.prices import PriceLists
from ringbolt.api.orders.rates import SuccessRates
from ringbolt.api.orders.receive import ReceiveOrders
from ringbolt.api.orders.send import SendOrders
from ringbolt.api.orders.status import Statuses
from ringbolt.api.orders.unsubscribe import Unsubscribing
from ringbolt.api.orders.waiting import Waiting
from ringbolt.api.orders.webhook_log import WebhookLog
from ringbolt.app.shop import Shop

_KEY: Final = header("X-API-Key", "The API key of a prepaid account.", required=True)
_KEY_IF_IMMEDIATE: Final = _KEY | {"required": False}
_BUDGET: Final = header(
    "X-Budget-Sats",
    "With `immediate`: the most satoshis that the key's orders of the last 24 hours may cost, this "
    "one included. Returned money does not count.",
    required=False,
    pattern="^[0-9]{1,15}$",
)
DOCUMENTATION: Final = Documentation(
    tag="orders",
    error=documents.OrderError,
    shows=examples.shown_error,
    answers=examples.ANSWERS,
    key=_KEY,
    security={
        "ApiKey": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "The API key of a prepaid account.",
        }
    },
    idempotency="A name of your own for this order: the same request under the same name answers "
    "with the same order, however often it is sent. Without an API key it must be random: at least "
    "20 characters, such as a UUID.",
    in_path={
        "order_id": "The order's id, 64 hex digits: anyone who knows it may see the order.",
        "webhook_id": "The webhook's id, msg_...",
        "token": "From the link.",
    },
    dropped=("{order_id}", "v1"),
    forms=True,
    faults={
        400: "A field is wrong or missing; reason names it",
        401: "The API key is missing, unknown or revoked",
        402: "The balance does not cover the order",
        403: "The API key lacks the scope for this; reason names it",
        409: "Not possible in this state, or not yet",
        422: "This is not sold; nothing was charged",
    },
)
_HELD: Final = (
    "`payreq` is a hold invoice: the wallet's payment is held until the order is delivered, and "
    "comes back by itself otherwise. With `immediate` and an API key, the price is taken from the "
    "balance in the same way."
)
_PAYMENT: Final = {
    "x-payment-info": {
        "protocols": ["hold invoice", "prepaid key"],
        "method": "lightning",
        "intent": "charge",
        "currency": "sat",
        "amount": None,
        "price": {"mode": "dynamic", "currency": "sat", "quote": "/price"},
        "description": "Pay the invoice in `payreq`; `price` says how much it is.",
    }
}


def orders_api(shop: Shop) -> Family:
    """The family, with all its addresses."""
    family = Family(
        OrdersDialect(shop),
        DOCUMENTATION,
        folds=True,
        cors=browsers(
            methods=("GET", "POST"),
            # Any: what a client's library adds (Cache-Control, X-Requested-With) does no harm.
            headers=("*",),
        ),
    )
    waiting = Waiting(shop)
    family.on_close.append(waiting.close)
    _add_sales(family, shop)
    _add_orders(family, shop, waiting)
    _add_accounts(family, shop)
    _add_catalogue(family, shop)
    _add_own_numbers(family, shop)
    # RFC 8058, 3.1: the body is a form or multipart, and adds nothing to the token.
    unsubscribe = Unsubscribing(shop).either
    family.add("GET POST", "/u/{token}", unsubscribe, Nothing, ignores_body=True, hidden=True)
    return family


def _add_own_numbers(family: Family, shop: Shop) -> None:
    phones = InboundTexts(shop)
    told: dict[str, Any] = {
        "answers": documents.Done,
        "errors": (404,),
        "right": SCOPE,
        "tag": "own numbers",
    }
    family.add("POST", "/v1/inbound/texts", phones.hand_in, InboundText, **told)
    family.add("POST", "/v1/inbound/heartbeats", phones.is_alive, Heartbeat, **told)


def _add_sales(family: Family, shop: Shop) -> None:
    send, create = SendOrders(shop), ReceiveOrders(shop).create
    sale: dict[str, Any] = {
        "answers": documents.Created,
        "about": _HELD,
        "more": _PAYMENT,
        "errors": (401, 402, 403, 404, 409, 422),
        "cost": "order",
        "headers": (_KEY_IF_IMMEDIATE, _BUDGET),
        "idempotent": True,
    }
    hours = {"rentalHours": shop.settings.orders.max_rental_hours}

    def add(
        path: str,
        handler: Handler[P],
        takes: type[P],
        examples: Mapping[str, Any],
        *sells: str,
        **more: Any,
    ) -> None:
        family.add("POST", path, handler, takes, examples=examples, sells=sells, **more, **sale)

    order, call, text = schema.CreateOrder, schema.CreateCallOrder, schema.CreateSendOrder
    number, mail = schema.CREATE_ORDER_EXAMPLES, schema.CreateEmailSendOrder
    add("/createorder", create, order, number, "code", "rent", at_most=hours)
    add("/createcallorder", send.create_call, call, schema.CALL_EXAMPLES, "call")
    add("/createsendorder", send.create_text, text, schema.TEXT_EXAMPLES, "text")
    add("/createemailsendorder", send.create_email, mail, schema.EMAIL_EXAMPLES, "email")


def _add_orders(family: Family, shop: Shop, waiting: Waiting) -> None:
    statuses, log, order = Statuses(shop, waiting), WebhookLog(shop), "/v1/orders/{order_id}"
    events, page, webhooks = OrderEvents(shop, waiting).events, schema.PageQuery, "/v1/webhooks"
    status, done, stream = documents.OrderStatus, documents.Done, "text/event-stream"
    missing: dict[str, Any] = {"errors": (404,)}
    acting: dict[str, Any] = {"errors": (404, 409)}
    cancel, by_path = statuses.cancel, statuses.cancel_by_path
    add = family.add
    add("GET", "/orderstatus", statuses.status, schema.StatusQuery, status, **missing)
    add("POST GET", "/cancelorder", cancel, schema.OrderQuery, done, acts=True, **acting)
    add("GET", order, statuses.status_by_path, schema.WaitQuery, status, **missing)
    add("POST", f"{order}/cancel", by_path, Nothing, done, **acting)
    add("POST", f"{order}/another-number", statuses.replace_number, Nothing, status, **acting)
    add("POST", f"{order}/another-text", statuses.request_text, Nothing, status, **acting)
    add("POST", f"{order}/accept", statuses.accept, Nothing, status, **acting)
    add("GET", f"{order}/events", events, Nothing, stream, **missing)
    add("GET", f"{order}/webhooks", log.listing, page, documents.WebhookLog, **missing)
    add(
        "POST",
        webhooks + "/{webhook_id}/resend",
        log.resend,
        schema.Resend,
        documents.Resent,
        errors=(401, 403, 404),
        cost="order",  # it sends something to a stranger
        headers=(_KEY_IF_IMMEDIATE,),
    )


def _add_accounts(family: Family, shop: Shop) -> None:
    accounts, page, history = Accounts(shop), schema.PageQuery, documents.History
    own: dict[str, Any] = {"right": "read", "tag": "accounts"}
    family.add(
        "POST",
        "/fund",
        accounts.fund,
        schema.CreateFund,
        documents.Created,
        errors=(401, 403, 422),
        cost="order",
        headers=(_KEY,),
        idempotent=True,
        tag="accounts",
        examples=schema.FUND_EXAMPLES,
        about="Pay the invoice `payreq`; the balance grows when it is settled.",
        more=_PAYMENT,
    )
    family.add("GET", "/balance", accounts.balance, Nothing, documents.Balance, **own)
    family.add("GET", "/history", accounts.history, page, history, **own)
    family.add("GET", "/v1/ledger", accounts.ledger, page, documents.LedgerPage, **own)


def _add_catalogue(family: Family, shop: Shop) -> None:
    lists, prices, rates = Catalogue(shop), PriceLists(shop), SuccessRates(shop).rates
    place, where, rent = schema.PlaceQuery, schema.CountryQuery, schema.RentQuery
    hours = {"rentalHours": shop.settings.orders.max_rental_hours}

    async def availability(request: Request[Nothing]) -> documents.Availability:
        """Whether the API answers, what it consists of, and where its documents are."""
        base = http.base_url(request.scope, shop.settings.public_url)
        return documents.Availability(
            name="Ringbolt",
            version=__version__,
            docs=f"{base}/openapi.json",
            prices=f"{base}/price",
            apis=[
                documents.ApiPointer(name=each.name, use=each.use, begin=f"{base}{each.begin}")
                for each in APIS
            ],
            links={name: f"{base}{path}" for name, path in LINKS.items()},
        )

    def add(path: str, handler: Handler[P], takes: type[P], answers: Any, **options: Any) -> None:
        family.add("GET", path, handler, takes, answers, tag="catalogue", cached=True, **options)

    add("/", availability, Nothing, documents.Availability, id="availability")
    add("/price", prices.prices, schema.PriceQuery, documents.Prices, at_most=hours)
    add("/getPrice", prices.price, place, documents.Price)
    add("/getnumbersstatus", lists.numbers_status, where, list[documents.ServiceStatus])
    add("/getServices", lists.services, where, list[documents.Service])
    add("/getCountries", lists.countries, Nothing, list[documents.Country])
    add("/getRentalCountries", lists.rental_countries, rent, list[documents.RentalCountry])
    add("/v1/receive/rates", rates, place, documents.SuccessRates)
    add("/assets/saimages/{name}", lists.picture, Nothing, None, hidden=True)
