"""The addresses of the pay-per-request family: the paid URL, a call's status, LNURL refunds."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from ringbolt.api.kit import http
from ringbolt.api.kit.family import Family
from ringbolt.api.kit.openapi import Documentation
from ringbolt.api.kit.problem import Problem, shown_problem
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import PROBLEM, Response
from ringbolt.api.kit.schema import about
from ringbolt.api.l402 import documents, examples, schema
from ringbolt.api.l402.challenge import FORMER_PATH, PATH
from ringbolt.api.l402.describe import describe
from ringbolt.api.l402.dialect import Count, PaidDialect
from ringbolt.api.l402.place_call import Network, PaidCalls
from ringbolt.app.payments.lnurl_withdraw import claim, offered
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.call_status import report_by_token
from ringbolt.core.errors import NotFound, RingboltError
from ringbolt.core.lightning.lnurl import withdraw_request

TAG: Final = "pay per request"
SECURITY: Final = {
    "L402": {
        "type": "http",
        "scheme": "L402",
        "description": "`Authorization: L402 <macaroon>:<preimage>`: the macaroon of the 402, and "
        "what proves that its invoice is paid.",
    },
    "Payment": {
        "type": "http",
        "scheme": "Payment",
        "description": "`Authorization: Payment <base64url JSON>`: the Machine Payments Protocol, "
        "with the same invoice.",
    },
}
DOCUMENTATION: Final = Documentation(
    tag=TAG,
    error=Problem,
    error_type=PROBLEM.decode(),
    shows=shown_problem,
    answers=examples.ANSWERS,
    faults={
        400: "The request cannot be served as it stands; nothing was charged",
        402: "Pay the invoice, then repeat the request with the credential",
        413: "The body is over 64 KiB",
        422: "This number is not called, or the audio cannot be played",
        503: "The Lightning node or the store does not answer; see Retry-After",
    },
)
_PAYMENT: Final = {
    "security": [{}, {"L402": []}, {"Payment": []}],
    "x-payment-info": {
        "protocols": ["L402", "MPP"],
        "method": "lightning",
        "intent": "charge",
        "currency": "sat",
        "amount": None,
        "price": {
            "mode": "dynamic",
            "currency": "sat",
            "unit": "started minute",
            "quote": f"{PATH}?phone_number=%2B12025550123&duration_minutes=1",
        },
        "description": "Pay the invoice of the 402, then repeat the request with the credential.",
    },
}
_HOW: Final = (
    "Without a credential the answer is 402 with an invoice. Pay it, and send the same body again "
    "with the credential: the call is placed. A call that nobody answers is refunded at "
    "`status_url`."
)
_CHALLENGE: Final = {
    402: {
        "WWW-Authenticate": {
            "description": "Two lines: L402 with macaroon and invoice, and Payment (MPP) with the "
            "same invoice.",
            "schema": {"type": "string"},
        }
    }
}


class Withdrawal(msgspec.Struct):
    """A wallet's invoice for a refund, or for unused balance."""

    k1: Annotated[str, about("From the withdraw link.")] = ""
    pr: Annotated[str, about("The invoice, BOLT11.")] = ""


def paid_api(shop: Shop, network: Network, count: Count) -> Family:
    """The paid URL. ``network`` knows the node's network, ``count`` counts answers."""
    dialect = PaidDialect(count)
    family = Family(
        dialect, DOCUMENTATION, always=http.CORS, preflight=http.PREFLIGHT, names_head=True
    )
    calls = PaidCalls(shop, dialect, network, count)

    async def metadata(request: Request[schema.Quote]) -> Response:
        """What a call takes and costs."""
        base = http.base_url(request.scope, shop.settings.public_url)
        return Response(describe(shop, base, request.params), cache=b"")

    for path in (PATH, FORMER_PATH):
        hidden = path != PATH
        family.add(
            "GET",
            path,
            metadata,
            schema.Quote,
            cost="",
            id="describe_place_call",
            hidden=hidden,
        )
        family.add(
            "POST",
            path,
            calls.place,
            schema.PlaceCall,
            documents.PlacedCall,
            errors=(402, 422, 429),
            error_structs={402: documents.PaymentRequired},
            error_headers=_CHALLENGE,
            cost="",
            sells=("call",),
            id="place_call",
            about=_HOW,
            examples=schema.EXAMPLES,
            more=_PAYMENT,
            hidden=hidden,
        )
    return family


def add_free_addresses(family: Family, shop: Shop) -> None:
    """The free addresses: the status of calls, and refunds."""
    _add_status(family, shop)
    _add_refunds(family, shop)


def _base(request: Request[Any], shop: Shop) -> str:
    return http.base_url(request.scope, shop.settings.public_url)


def _add_status(family: Family, shop: Shop) -> None:
    async def call_status(request: Request[Nothing]) -> documents.CallStatus:
        """A call and its money as they are now. Free; the address itself is the key."""
        report = await shop.db.read(report_by_token, request.in_path("token"))
        if report is None:
            raise NotFound(
                "There is no such call.", suggestion="Use status_url as it was answered."
            )
        return documents.status_document(report, _base(request, shop))

    family.add(
        "GET",
        "/api/l402/calls/{token}",
        call_status,
        Nothing,
        documents.CallStatus,
        errors=(404,),
        cost="",
        tag=TAG,
        id="call_status_api_l402_calls__token__get",
        answer=examples.ANSWERS[documents.CallStatus],
    )


def _add_refunds(family: Family, shop: Shop) -> None:
    async def withdraw(request: Request[Nothing]) -> dict[str, Any]:
        """LUD-03, first step: what a wallet may withdraw here."""
        k1 = request.in_path("k1")
        try:
            offer = await offered(shop, k1)
        except RingboltError as error:
            return _lnurl_error(error)
        return withdraw_request(
            callback=f"{_base(request, shop)}/lnurl/callback",
            k1=k1,
            min_msat=offer.min_msat,
            max_msat=offer.max_msat,
            description=offer.description,
        )

    async def callback(request: Request[Withdrawal]) -> dict[str, Any]:
        """LUD-03, second step: the wallet's invoice, which is then paid."""
        try:
            await claim(shop, request.params.k1, request.params.pr)
        except RingboltError as error:
            return _lnurl_error(error)
        return {"status": "OK"}

    refunds = {"cost": "", "tag": "refunds"}
    first, second = "withdraw_lnurl_withdraw__k1__get", "callback_lnurl_callback_get"
    family.add("GET", "/lnurl/withdraw/{k1}", withdraw, Nothing, id=first, **refunds)
    family.add("GET", "/lnurl/callback", callback, Withdrawal, id=second, **refunds)


def _lnurl_error(error: RingboltError) -> dict[str, Any]:
    """LUD-03 errors are HTTP 200: wallets show the reason."""
    return {"status": "ERROR", "reason": error.message}
