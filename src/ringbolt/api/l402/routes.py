"""The free routes of the pay-per-request family: a call's status, and its refund by LNURL."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from ringbolt.api.kit import http
from ringbolt.api.l402 import documents
from ringbolt.app.payments.refund import claim_refund, offered_refund
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.call_status import report_by_token
from ringbolt.core.errors import NotFound, RingboltError
from ringbolt.core.lightning.lnurl import withdraw_request


def router(shop: Shop) -> APIRouter:
    routes = APIRouter()

    def base(request: Request) -> str:
        return http.base_url(request.scope, shop.settings.public_url)

    @routes.get("/api/l402/calls/{token}", tags=["pay per request"])
    async def call_status(token: str, request: Request) -> JSONResponse:
        """What became of a call and of its money. Free; the address itself is the key."""
        report = await shop.db.read(report_by_token, token)
        if report is None:
            raise NotFound(
                "There is no such call.", suggestion="Use status_url as it was answered."
            )
        document = documents.status_document(report, base(request))
        return JSONResponse(document, headers={"Cache-Control": "no-store"})

    @routes.get("/lnurl/withdraw/{k1}", tags=["refunds"])
    async def withdraw(k1: str, request: Request) -> JSONResponse:
        """LUD-03, first step: what a wallet may withdraw here."""
        try:
            refund = await offered_refund(shop, k1)
        except RingboltError as error:
            return _lnurl_error(error)
        return JSONResponse(
            withdraw_request(
                callback=f"{base(request)}/lnurl/callback",
                k1=k1,
                min_msat=refund.amount_msat,
                max_msat=refund.amount_msat,
                description="Refund for a call that was not answered",
            )
        )

    @routes.get("/lnurl/callback", tags=["refunds"])
    async def callback(k1: str = "", pr: str = "") -> JSONResponse:
        """LUD-03, second step: the wallet's invoice, which is then paid."""
        try:
            await claim_refund(shop, k1, pr)
        except RingboltError as error:
            return _lnurl_error(error)
        return JSONResponse({"status": "OK"})

    return routes


def _lnurl_error(error: RingboltError) -> JSONResponse:
    """LUD-03 errors are HTTP 200: wallets show the reason."""
    document: dict[str, Any] = {"status": "ERROR", "reason": error.message}
    return JSONResponse(document)
