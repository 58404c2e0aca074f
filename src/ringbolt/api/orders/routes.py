"""The family's addresses: names and shapes are sms4sats', what is under ``/v1`` is ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from ringbolt import __version__
from ringbolt.api.kit import http
from ringbolt.api.kit.family import Family, browsers
from ringbolt.api.kit.openapi import Documentation, header
from ringbolt.api.kit.operation import Handler, Operation
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.orders import documents, schema
from ringbolt.api.orders.account import Accounts
from ringbolt.api.orders.catalogue import Catalogue
from ringbolt.api.orders.dialect import OrdersDialect
from ringbolt.api.orders.events import OrderEvents
from ringbolt.api.orders.inbound import SCOPE, InboundTexts
from ringbolt.api.orders.prices import PriceLists
from ringbolt.api.orders.rates import SuccessRates
from ringbolt.api.orders.receive import ReceiveOrders
from ringbolt.api.orders.send import SendOrders
from ringbolt.api.orders.status import Statuses
from ringbolt.api.orders.unsubscribe import Unsubscribing
from ringbolt.api.orders.waiting import Waiting
from ringbolt.api.orders.webhook_log import WebhookLog
from ringbolt.app.shop import Shop

P = TypeVar("P", bound=schema.Params)

_KEY: Final = header("X-API-Key", "The API key of a prepaid account.", required=True)
_KEY_IF_IMMEDIATE: Final = _KEY | {"required": False}
DOCUMENTATION: Final = Documentation(
    tag="orders",
    error=documents.OrderError,
    key=_KEY,
    idempotency="A name of your own for this order: the same request under the same name answers "
    "with the same order, however often it is sent. Without an API key it must be random: at least "
    "20 characters, such as a UUID.",
    in_path={
        "order_id": "The order's id, 64 hex digits: whoever knows it may see the order.",
        "webhook_id": "The webhook's id, msg_...",
        "token": "As the link says.",
    },
    dropped=("{order_id}", "v1"),
    forms=True,
    faults={
        400: "A field is wrong or missing; reason names it",
        401: "The API key is missing, unknown or revoked",
        402: "The balance does not cover the order",
        403: "The API key lacks the scope for this; reason names it",
        404: "There is no such thing",
        409: "Not possible in this state, or not yet",
        413: "The body is too large",
        422: "This is not sold; nothing was charged",
        429: "Too many requests; see Retry-After",
        503: "A part that is needed does not answer; see Retry-After",
    },
)
_ORDER: Final = "/v1/orders/{order_id}"


def orders_api(shop: Shop) -> Family:
    """The family, with all its addresses."""
    family = Family(
        OrdersDialect(shop),
        DOCUMENTATION,
        folds=True,
        cors=browsers(
            methods=("GET", "POST"),
            # Any: what a client's library adds (Cache-Control, X-Requested-With) does no harm here.
            headers=("*",),
            exposes=("X-Error-Code", "Retry-After", "Idempotent-Replayed"),
        ),
    )
    waiting = Waiting(shop)
    family.on_close.append(waiting.close)
    _add_sales(family, shop)
    _add_orders(family, shop, waiting)
    _add_webhooks(family, shop)
    _add_accounts(family, shop)
    _add_catalogue(family, shop)
    _add_inbound(family, shop)
    return family


def _add_sales(family: Family, shop: Shop) -> None:
    send, hours = SendOrders(shop), shop.settings.orders.max_rental_hours

    def sale(
        path: str,
        handler: Handler[P],
        takes: type[P],
        examples: Mapping[str, Any],
        at_most: Mapping[str, int],
    ) -> Operation[P]:
        return Operation(
            "POST",
            path,
            handler,
            takes,
            documents.Created,
            errors=(401, 402, 403, 404, 409, 422),
            cost="order",
            headers=(_KEY_IF_IMMEDIATE,),
            idempotent=True,
            examples=examples,
            at_most=at_most,
        )

    create, text, email = schema.CreateOrder, schema.CreateSendOrder, schema.CreateEmailSendOrder
    family.add(
        sale(
            "/createorder",
            ReceiveOrders(shop).create,
            create,
            schema.CREATE_ORDER_EXAMPLES,
            {"rentalHours": hours},
        ),
        sale("/createsendorder", send.create_text, text, schema.TEXT_EXAMPLES, {}),
        sale("/createemailsendorder", send.create_email, email, schema.EMAIL_EXAMPLES, {}),
    )


def _add_orders(family: Family, shop: Shop, waiting: Waiting) -> None:
    statuses, events = Statuses(shop, waiting), OrderEvents(shop, waiting)
    status, done, missing, acting = documents.OrderStatus, documents.Done, (404,), (404, 409)
    family.add(
        Operation(
            "GET", "/orderstatus", statuses.status, schema.StatusQuery, status, errors=missing
        ),
        Operation(
            "POST GET",
            "/cancelorder",
            statuses.cancel,
            schema.OrderQuery,
            done,
            errors=acting,
            acts=True,
        ),
        Operation("GET", _ORDER, statuses.status_by_path, schema.WaitQuery, status, errors=missing),
        Operation(
            "POST", f"{_ORDER}/cancel", statuses.cancel_by_path, Nothing, done, errors=acting
        ),
        Operation(
            "GET", f"{_ORDER}/events", events.events, Nothing, "text/event-stream", errors=missing
        ),
    )
    for path, handler in (
        ("another-number", statuses.replace_number),
        ("another-text", statuses.request_text),
        ("accept", statuses.accept),
    ):
        family.add(Operation("POST", f"{_ORDER}/{path}", handler, Nothing, status, errors=acting))


def _add_webhooks(family: Family, shop: Shop) -> None:
    log = WebhookLog(shop)
    family.add(
        Operation(
            "GET",
            f"{_ORDER}/webhooks",
            log.listing,
            schema.PageQuery,
            documents.WebhookLog,
            errors=(404,),
        ),
        Operation(
            "POST",
            "/v1/webhooks/{webhook_id}/resend",
            log.resend,
            schema.Resend,
            documents.Resent,
            errors=(401, 403, 404),
            cost="order",  # it sends something to a stranger
            headers=(_KEY_IF_IMMEDIATE,),
        ),
    )


def _add_accounts(family: Family, shop: Shop) -> None:
    accounts, tag, page = Accounts(shop), "accounts", schema.PageQuery
    family.add(
        Operation(
            "POST",
            "/fund",
            accounts.fund,
            schema.CreateFund,
            documents.Created,
            errors=(401, 403, 422),
            cost="order",
            headers=(_KEY,),
            idempotent=True,
            tag=tag,
            examples=schema.FUND_EXAMPLES,
        ),
        Operation(
            "GET",
            "/balance",
            accounts.balance,
            Nothing,
            documents.Balance,
            right="read",
            tag=tag,
        ),
        Operation(
            "GET", "/history", accounts.history, page, documents.History, right="read", tag=tag
        ),
        Operation(
            "GET", "/v1/ledger", accounts.ledger, page, documents.LedgerPage, right="read", tag=tag
        ),
    )


def _add_catalogue(family: Family, shop: Shop) -> None:
    lists, prices, tag = Catalogue(shop), PriceLists(shop), "catalogue"

    async def availability(request: Request[Nothing]) -> documents.Availability:
        """Whether the API is there, and where to read on."""
        base = http.base_url(request.scope, shop.settings.public_url)
        return documents.Availability(
            name="Ringbolt",
            version=__version__,
            docs=f"{base}/openapi.json",
            prices=f"{base}/price",
        )

    family.add(
        Operation(
            "GET", "/", availability, Nothing, documents.Availability, tag=tag, id="availability"
        ),
        Operation(
            "GET",
            "/price",
            prices.prices,
            schema.PriceQuery,
            documents.Prices,
            tag=tag,
            at_most={"rentalHours": shop.settings.orders.max_rental_hours},
        ),
        Operation("GET", "/getPrice", prices.price, schema.PlaceQuery, documents.Price, tag=tag),
        Operation(
            "GET",
            "/getnumbersstatus",
            lists.numbers_status,
            schema.CountryQuery,
            list[documents.ServiceStatus],
            tag=tag,
        ),
        Operation(
            "GET",
            "/getServices",
            lists.services,
            schema.CountryQuery,
            list[documents.Service],
            tag=tag,
        ),
        Operation(
            "GET", "/getCountries", lists.countries, Nothing, list[documents.Country], tag=tag
        ),
        Operation(
            "GET",
            "/getRentalCountries",
            lists.rental_countries,
            schema.RentQuery,
            list[documents.RentalCountry],
            tag=tag,
        ),
        Operation(
            "GET",
            "/v1/receive/rates",
            SuccessRates(shop).rates,
            schema.PlaceQuery,
            documents.SuccessRates,
            tag=tag,
        ),
        Operation("GET", "/assets/saimages/{name}", lists.picture, Nothing, hidden=True),
    )


def _add_inbound(family: Family, shop: Shop) -> None:
    family.add(
        Operation(
            "POST",
            "/v1/inbound/texts",
            InboundTexts(shop).take,
            schema.InboundText,
            documents.Done,
            errors=(404,),
            right=SCOPE,
            tag="own numbers",
        ),
        # RFC 8058, 3.1: the body is a form or multipart, and says nothing that the token does not.
        Operation(
            "GET POST",
            "/u/{token}",
            Unsubscribing(shop).either,
            Nothing,
            ignores_body=True,
            hidden=True,
        ),
    )
