"""The family's addresses: names and shapes are sms4sats', what is under ``/v1`` is ours."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from ringbolt import __version__
from ringbolt.api import http
from ringbolt.api.orders import documents, openapi, schema
from ringbolt.api.orders.account import Accounts
from ringbolt.api.orders.catalogue import Catalogue
from ringbolt.api.orders.endpoint import Answer, Asked, Cost, Endpoint, Guards, Reply, ok
from ringbolt.api.orders.events import OrderEvents
from ringbolt.api.orders.inbound import InboundTexts
from ringbolt.api.orders.openapi import IDEMPOTENCY, KEY, KEY_IF_IMMEDIATE, Documented
from ringbolt.api.orders.prices import PriceLists
from ringbolt.api.orders.receive import ReceiveOrders
from ringbolt.api.orders.send import SendOrders
from ringbolt.api.orders.status import Statuses
from ringbolt.api.orders.unsubscribe import Unsubscribing
from ringbolt.api.orders.waiting import Waiting
from ringbolt.api.orders.webhook_log import WebhookLog
from ringbolt.app.shop import Shop

_ORDERS, _ACCOUNTS, _CATALOGUE, _NUMBERS = "orders", "accounts", "catalogue", "own numbers"


def router(shop: Shop, waiting: Waiting | None = None) -> APIRouter:
    """The addresses of the family. ``waiting`` is for whoever stops the shop to close."""
    family = _Family(shop)
    waiting = waiting or Waiting(shop)
    _add_sales(family, shop)
    _add_orders(family, shop, waiting)
    _add_order_extras(family, shop, waiting)
    _add_accounts(family, shop)
    _add_catalogue(family, shop)
    _add_inbound(family, shop)
    return family.routes


class _Family:
    """The router, and what every endpoint of the family shares."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._guards = Guards(shop)
        self.routes = APIRouter(route_class=openapi.DocumentedRoute)

    def add(
        self,
        methods: str,
        path: str,
        answer: Answer,
        documented: Documented | None,
        cost: Cost = "read",
        *,
        reads_body: bool = True,
    ) -> None:
        """``methods``: separated by blanks. An address that is not ``documented`` is left out."""
        allowed = tuple(methods.split())
        endpoint = Endpoint(
            self._shop, self._guards, answer, methods=allowed, cost=cost, reads_body=reads_body
        )
        for method in allowed:
            self._add_route(path, method, endpoint, documented)

    def _add_route(
        self, path: str, method: str, endpoint: Endpoint, documented: Documented | None
    ) -> None:
        self.routes.add_api_route(
            path,
            endpoint,
            methods=[method],
            response_model=None,
            name=path,
            tags=[documented.tag] if documented else [],
            summary=(endpoint.__doc__ or "").partition("\n")[0].rstrip("."),
            responses=documented.responses() if documented else None,
            openapi_extra=documented.operation(path) if documented else None,
            operation_id=openapi.operation_id(method, path),
            include_in_schema=documented is not None,
        )


def _add_sales(family: _Family, shop: Shop) -> None:
    send, receive = SendOrders(shop), ReceiveOrders(shop)

    def sale(path: str, answer: Answer, body: type[BaseModel]) -> None:
        faults = (400, 401, 402, 404, 409, 413, 422, 429, 503)
        headers = (KEY_IF_IMMEDIATE, IDEMPOTENCY)
        documented = Documented(_ORDERS, documents.Created, faults, body=body, headers=headers)
        family.add("POST", path, answer, documented, "order")

    sale("/createorder", receive.create, schema.CreateOrder)
    sale("/createsendorder", send.create_text, schema.CreateSendOrder)
    sale("/createemailsendorder", send.create_email, schema.CreateEmailSendOrder)


def _add_orders(family: _Family, shop: Shop, waiting: Waiting) -> None:
    statuses = Statuses(shop, waiting)
    status, told, faults = documents.OrderStatus, documents.Done, (400, 404, 409, 429, 503)
    looking = (400, 404, 429, 503)
    family.add(
        "GET",
        "/orderstatus",
        statuses.status,
        Documented(_ORDERS, status, looking, query=schema.StatusQuery),
    )
    family.add(
        "POST GET",
        "/cancelorder",
        statuses.cancel,
        Documented(_ORDERS, told, faults, query=schema.OrderQuery),
    )
    order = "/v1/orders/{order_id}"
    family.add(
        "GET",
        order,
        statuses.status_by_path,
        Documented(_ORDERS, status, looking, query=schema.WaitQuery),
    )
    family.add(
        "POST", f"{order}/cancel", statuses.cancel_by_path, Documented(_ORDERS, told, faults)
    )


def _add_order_extras(family: _Family, shop: Shop, waiting: Waiting) -> None:
    statuses, events, log = Statuses(shop, waiting), OrderEvents(shop, waiting), WebhookLog(shop)
    faults = (400, 404, 409, 429, 503)
    order = "/v1/orders/{order_id}"
    again = Documented(_ORDERS, documents.OrderStatus, faults)
    family.add("POST", f"{order}/another-number", statuses.another_number, again)
    family.add("POST", f"{order}/another-text", statuses.another_text, again)
    family.add(
        "GET",
        f"{order}/events",
        events.events,
        Documented(_ORDERS, "text/event-stream", (404, 429, 503)),
    )
    family.add(
        "GET",
        f"{order}/webhooks",
        log.listing,
        Documented(_ORDERS, documents.WebhookLog, (400, 404, 429, 503), query=schema.PageQuery),
    )
    family.add(
        "POST",
        "/v1/webhooks/{webhook_id}/resend",
        log.resend,
        Documented(
            _ORDERS,
            documents.Resent,
            (401, 404, 429, 503),
            body=schema.Resend,
            headers=(KEY_IF_IMMEDIATE,),
        ),
    )


def _add_accounts(family: _Family, shop: Shop) -> None:
    accounts = Accounts(shop)
    family.add(
        "POST",
        "/fund",
        accounts.fund,
        Documented(
            _ACCOUNTS,
            documents.Created,
            (400, 401, 413, 422, 429, 503),
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
        documented = Documented(_ACCOUNTS, told, (400, 401, 429, 503), query=query, headers=(KEY,))
        family.add("GET", path, answer, documented)


def _add_catalogue(family: _Family, shop: Shop) -> None:
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
        family.add("GET", path, answer, Documented(_CATALOGUE, told, (400, 429, 503), query=query))
    family.add("GET", "/assets/saimages/{name}", lists.picture, None)


def _add_inbound(family: _Family, shop: Shop) -> None:
    family.add(
        "POST",
        "/v1/inbound/texts",
        InboundTexts(shop).take,
        Documented(
            _NUMBERS,
            documents.Done,
            (400, 401, 404, 413, 429, 503),
            body=schema.InboundText,
            headers=(KEY,),
        ),
    )
    # RFC 8058, 3.1: the body is a form or multipart, and says nothing that the token does not.
    family.add("GET POST", "/u/{token}", Unsubscribing(shop).either, None, reads_body=False)
