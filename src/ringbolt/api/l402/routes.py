"""The addresses of the pay-per-request family: the paid URLs, the status of what they sold, LNURL
refunds."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from ringbolt.api.kit import http
from ringbolt.api.kit.cacheable import cacheable
from ringbolt.api.kit.family import Family
from ringbolt.api.kit.openapi import Documentation
from ringbolt.api.kit.problem import Problem, shown_problem
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import PROBLEM, Response
from ringbolt.api.kit.schema import about
from ringbolt.api.l402 import documents, examples
from ringbolt.api.l402.call_service import PhoneCalls
from ringbolt.api.l402.dialect import Count, PaidDialect
from ringbolt.api.l402.message_services import Mails, Texts
from ringbolt.api.l402.number_routes import add_number_orders
from ringbolt.api.l402.number_service import Numbers
from ringbolt.api.l402.paid_url import Network, PaidDesk, PaidUrl
from ringbolt.api.l402.service import PaidService
from ringbolt.api.l402.speech_service import SpokenTexts
from ringbolt.app.payments.lnurl_withdraw import claim, offered
from ringbolt.app.shop import Shop
from ringbolt.app.speech import speech_report
from ringbolt.app.webhooks import call_status, message_status
from ringbolt.core.commands import SpeakText
from ringbolt.core.errors import NotFound, RingboltError
from ringbolt.core.lightning.lnurl import withdraw_request
from ringbolt.voice.audio.encoder import MEDIA_TYPES

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
    idempotency="A name of your own for this paid request: as long as the credential is valid, the "
    "same request under the same name gets the first answer again.",
    faults={
        400: "The request cannot be served as it stands; nothing was charged",
        402: "Pay the invoice, then repeat the request with the credential",
        404: "The order whose number is wanted again is not known",
        409: "There is no such number at the moment; nothing was charged",
        413: "The body is over 64 KiB",
        422: "This number or address gets nothing from here, or the audio cannot be played",
        503: "The Lightning node or the store does not answer; see Retry-After",
    },
)
_PAYMENT: Final = {
    "protocols": ["L402", "MPP"],
    "method": "lightning",
    "intent": "charge",
    "currency": "sat",
    "amount": None,
    "description": "Pay the invoice of the 402, then repeat the request with the credential.",
}
_CHALLENGE: Final = {
    402: {
        "WWW-Authenticate": {
            "description": "Two lines: L402 with macaroon and invoice, and Payment (MPP) with the "
            "same invoice.",
            "schema": {"type": "string"},
        },
        **{
            name: {"$ref": f"#/components/headers/{name}"}
            for name in ("RateLimit-Policy", "RateLimit")
        },
    }
}


class Withdrawal(msgspec.Struct):
    """A wallet's invoice for a refund, or for unused balance."""

    k1: Annotated[str, about("From the withdraw link.")] = ""
    pr: Annotated[str, about("The invoice, BOLT11.")] = ""


def paid_api(shop: Shop, network: Network, count: Count) -> Family:
    """The paid URLs. ``network`` knows the node's network, ``count`` counts answers."""
    services: tuple[PaidService[Any, Any], ...] = (
        PhoneCalls(shop),
        Texts(shop),
        Mails(shop),
        SpokenTexts(shop),
        Numbers(shop),
    )
    wordings = {path: service.wording for service in services for path in _paths(service)}
    dialect = PaidDialect(count, wordings)
    family = Family(
        dialect, DOCUMENTATION, always=http.CORS, preflight=http.PREFLIGHT, names_head=True
    )
    desk = PaidDesk(shop, dialect, network, count)
    for service in services:
        _add_service(family, PaidUrl(desk, service), service)
    return family


def _paths(service: PaidService[Any, Any]) -> list[str]:
    return [path for path in (service.path, service.former_path) if path]


def _add_service(family: Family, url: PaidUrl[Any, Any], service: PaidService[Any, Any]) -> None:
    said = service.documented
    for path in _paths(service):
        hidden = path != service.path
        family.add(
            "GET",
            path,
            url.describe,
            service.quotes,
            cost="",
            id=f"describe_{service.name}",
            does=said.describes,
            hidden=hidden,
        )
        family.add(
            "POST",
            path,
            url.sell,
            service.takes,
            service.answers,
            errors=(402, *service.conflicts, 422, 429),
            error_structs={402: service.asks},
            error_headers=_CHALLENGE,
            cost="",
            idempotent=True,
            sells=service.sells,
            at_most=service.at_most,
            id=service.name,
            does=said.does,
            about=said.how,
            examples=said.examples,
            more=_payment(service),
            hidden=hidden,
        )


def _payment(service: PaidService[Any, Any]) -> dict[str, Any]:
    said = service.documented
    price = {"mode": "dynamic", "currency": "sat", "unit": said.unit}
    price["quote"] = f"{service.path}?{said.quote}" if said.quote else service.path
    return {
        "security": [{}, {"L402": []}, {"Payment": []}],
        "x-payment-info": {**_PAYMENT, "price": price},
    }


def add_free_addresses(family: Family, shop: Shop) -> None:
    """The free addresses: the status of what was bought, and refunds."""
    _add_status(family, shop)
    _add_speech(family, shop)
    add_number_orders(family, shop)
    _add_refunds(family, shop)


def _base(request: Request[Any], shop: Shop) -> str:
    return http.base_url(request.scope, shop.settings.public_url)


def _add_status(family: Family, shop: Shop) -> None:
    async def call_status_of(request: Request[Nothing]) -> documents.CallStatus:
        """A call and its money as they are now. Free; the address itself is the key."""
        report = await shop.db.read(call_status.report_by_token, request.in_path("token"))
        if report is None:
            raise NotFound(
                "There is no such call.", suggestion="Use status_url as it was answered."
            )
        return documents.status_document(report, _base(request, shop))

    family.add(
        "GET",
        "/api/l402/calls/{token}",
        call_status_of,
        Nothing,
        documents.CallStatus,
        errors=(404,),
        cost="",
        tag=TAG,
        id="call_status_api_l402_calls__token__get",
        answer=examples.ANSWERS[documents.CallStatus],
    )

    async def message_status_of(request: Request[Nothing]) -> documents.MessageStatus:
        """A text or e-mail and its money as they are now. Free; the address itself is the key."""
        token = request.in_path("token")
        report = await shop.db.read(message_status.report_by_token, token)
        if report is None:
            raise NotFound(
                "There is no such message.", suggestion="Use status_url as it was answered."
            )
        return documents.message_document(report, _base(request, shop))

    family.add(
        "GET",
        "/api/l402/messages/{token}",
        message_status_of,
        Nothing,
        documents.MessageStatus,
        errors=(404,),
        cost="",
        tag=TAG,
        id="message_status",
    )


def _add_speech(family: Family, shop: Shop) -> None:
    keep_days = shop.settings.voice.recording_days

    async def speech_status_of(request: Request[Nothing]) -> documents.SpeechStatus:
        """A spoken text and its money as they are now. Free; the address itself is the key."""
        report = await shop.db.read(speech_report.report_by_token, request.in_path("token"))
        if report is None:
            raise NotFound(
                "There is no such spoken text.", suggestion="Use status_url as it was answered."
            )
        return documents.speech_document(report, _base(request, shop), keep_days)

    async def speech_audio_of(request: Request[Nothing]) -> Response:
        """The audio file of a spoken text, once it is ready. Free; the address is the key."""
        token = request.in_path("token")
        found = await shop.db.read(speech_report.file_by_token, token)
        if found is None:
            raise NotFound(
                "There is no such audio file now.",
                code="AUDIO_NOT_READY",
                suggestion="status_url says whether it is ready, failed, or was removed.",
            )
        report, file = found
        kind = MEDIA_TYPES[report.order.command_as(SpeakText).format]
        return cacheable(request, file, kind.encode())

    family.add(
        "GET",
        "/api/l402/speech/{token}",
        speech_status_of,
        Nothing,
        documents.SpeechStatus,
        errors=(404,),
        cost="",
        tag=TAG,
        id="speech_status",
    )
    family.add(
        "GET",
        "/api/l402/speech/{token}/{file}",
        speech_audio_of,
        Nothing,
        ", ".join(MEDIA_TYPES.values()),
        errors=(404,),
        cost="",
        tag=TAG,
        id="speech_audio",
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
