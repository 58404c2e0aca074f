"""The family's addresses: names and shapes are sms4sats', what is under ``/v1`` is ours."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from ringbolt import __version__
from ringbolt.api.kit import http
from ringbolt.api.orders import documents, schema
from ringbolt.api.orders.account import Accounts
from ringbolt.api.orders.catalogue import Catalogue
from ringbolt.api.orders.endpoint import Answer, Asked, Reply, ok
from ringbolt.api.orders.events import OrderEvents
from ringbolt.api.orders.family import OrdersApi
from ringbolt.api.orders.inbound import InboundTexts
from ringbolt.api.orders.openapi import IDEMPOTENCY, KEY, KEY_IF_IMMEDIATE, Documented
from ringbolt.api.orders.prices import PriceLists
from ringbolt.api.orders.rates import SuccessRates
from ringbolt.api.orders.receive import ReceiveOrders
from ringbolt.api.orders.send import SendOrders
from ringbolt.api.orders.status import Statuses
from ringbolt.api.orders.unsubscribe import Unsubscribing
from ringbolt.api.orders.webhook_log import WebhookLog
from ringbolt.app.shop import Shop

_ORDERS, _ACCOUNTS, _CATALOGUE, _NUMBERS = "orders", "accounts", "catalogue", "own numbers"


def orders_api(shop: Shop) -> OrdersApi:
    """The family, with all its addresses."""
    api = OrdersApi(shop)
    _add_sales(api, shop)
    _add_orders(api, shop)
    _add_order_extras(api, shop)
    _add_accounts(api, shop)
    _add_catalogue(api, shop)
    _add_inbound(api, shop)
    return api


def router(shop: Shop) -> APIRouter:
    """The same for FastAPI alone."""
    return orders_api(shop).router()


def _add_sales(api: OrdersApi, shop: Shop) -> None:
    send, receive = SendOrders(shop), ReceiveOrders(shop)

    def sale(path: str, answer: Answer, body: type[BaseModel]) -> None:
        faults = (400, 401, 402, 403, 404, 409, 413, 422, 429, 503)
        headers = (KEY_IF_IMMEDIATE, IDEMPOTENCY)
        documented = Documented(_ORDERS, documents.Created, faults, body=body, headers=headers)
        api.add("POST", path, answer, documented, "order")

    sale("/createorder", receive.create, schema.CreateOrder)
    sale("/createsendorder", send.create_text, schema.CreateSendOrder)
    sale("/createemailsendorder", send.create_email, schema.CreateEmailSendOrder)


def _add_orders(api: OrdersApi, shop: Shop) -> None:
    statuses = Statuses(shop, api.waiting)
    status, told, faults = documents.OrderStatus, documents.Done, (400, 404, 409, 429, 503)
    looking = (400, 404, 429, 503)
    api.add(
        "GET",
        "/orderstatus",
        statuses.status,
        Documented(_ORDERS, status, looking, query=schema.StatusQuery),
    )
    api.add(
        "POST GET",
        "/cancelorder",
        statuses.cancel,
        Documented(_ORDERS, told, faults, query=schema.OrderQuery),
        get_acts=True,
    )
    order = "/v1/orders/{order_id}"
    api.add(
        "GET",
        order,
        statuses.status_by_path,
        Documented(_ORDERS, status, looking, query=schema.WaitQuery),
    )
    api.add("POST", f"{order}/cancel", statuses.cancel_by_path, Documented(_ORDERS, told, faults))


def _add_order_extras(api: OrdersApi, shop: Shop) -> None:
    statuses, events, log = (
        Statuses(shop, api.waiting),
        OrderEvents(shop, api.waiting),
        WebhookLog(shop),
    )
    faults = (400, 404, 409, 429, 503)
    order = "/v1/orders/{order_id}"
    again = Documented(_ORDERS, documents.OrderStatus, faults)
    api.add("POST", f"{order}/another-number", statuses.replace_number, again)
    api.add("POST", f"{order}/another-text", statuses.request_text, again)
    api.add("POST", f"{order}/accept", statuses.accept, again)
    api.add(
        "GET",
        f"{order}/events",
        events.events,
        Documented(_ORDERS, "text/event-stream", (404, 429, 503)),
    )
    api.add(
        "GET",
        f"{order}/webhooks",
        log.listing,
        Documented(_ORDERS, documents.WebhookLog, (400, 404, 429, 503), query=schema.PageQuery),
    )
    api.add(
        "POST",
        "/v1/webhooks/{webhook_id}/resend",
        log.resend,
        Documented(
            _ORDERS,
            documents.Resent,
            (401, 403, 404, 429, 503),
            body=schema.Resend,
            headers=(KEY_IF_IMMEDIATE,),
        ),
        "order",  # it sends something to a stranger
    )


def _add_accounts(api: OrdersApi, shop: Shop) -> None:
    accounts = Accounts(shop)
    api.add(
        "POST",
        "/fund",
        accounts.fund,
        Documented(
            _ACCOUNTS,
            documents.Created,
            (400, 401, 403, 413, 422, 429, 503),
            body=schema.CreateFund,
            headers=(KEY, IDEMPOTENCY),
        ),
        "order",
    )
    for path, answer, told, query in (
        ("/balance", accounts.balance, documents.Balance, None),
        ("/history", accounts.history, documents.History, schema.PageQuery),
        ("/v1/ledger", accounts.ledger, documents.LedgerPage, schema.PageQuery),
    ):
        faults = (400, 401, 403, 429, 503)
        documented = Documented(_ACCOUNTS, told, faults, query=query, headers=(KEY,))
        api.add("GET", path, answer, documented)


def _add_catalogue(api: OrdersApi, shop: Shop) -> None:
    lists, prices = Catalogue(shop), PriceLists(shop)

    async def availability(asked: Asked) -> Reply:
        """Whether the API is there, and where to read on."""
        base = http.base_url(asked.scope, shop.settings.public_url)
        names = {"status": "OK", "name": "Ringbolt", "version": __version__}
        return ok(names | {"docs": f"{base}/openapi.json", "prices": f"{base}/price"})

    for path, answer, told, query in (
        ("/", availability, documents.Availability, None),
        ("/price", prices.prices, documents.Prices, schema.PriceQuery),
        ("/getPrice", prices.price, documents.Price, schema.PlaceQuery),
        ("/getnumbersstatus", lists.numbers_status, documents.ServicesStatus, schema.CountryQuery),
        ("/getServices", lists.services, documents.Services, schema.CountryQuery),
        ("/getCountries", lists.countries, documents.Countries, None),
        (
            "/getRentalCountries",
            lists.rental_countries,
            documents.RentalCountries,
            schema.RentQuery,
        ),
    ):
        api.add("GET", path, answer, Documented(_CATALOGUE, told, (400, 429, 503), query=query))
    api.add(
        "GET",
        "/v1/receive/rates",
        SuccessRates(shop).rates,
        Documented(_CATALOGUE, documents.SuccessRates, (400, 429, 503), query=schema.PlaceQuery),
    )
    api.add("GET", "/assets/saimages/{name}", lists.picture, None)


def _add_inbound(api: OrdersApi, shop: Shop) -> None:
    api.add(
        "POST",
        "/v1/inbound/texts",
        InboundTexts(shop).take,
        Documented(
            _NUMBERS,
            documents.Done,
            (400, 401, 403, 404, 413, 429, 503),
            body=schema.InboundText,
            headers=(KEY,),
        ),
    )
    # RFC 8058, 3.1: the body is a form or multipart, and says nothing that the token does not.
    api.add("GET POST", "/u/{token}", Unsubscribing(shop).either, None, reads_body=False)
