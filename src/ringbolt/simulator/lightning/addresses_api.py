"""``/simulator/addresses``: the Lightning Addresses of the world, by LUD-16 and LUD-06."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ringbolt.core.lightning.lnurl import LightningAddress
from ringbolt.core.pricing.money import sats_down
from ringbolt.simulator.lightning.addresses import (
    MAX_MSAT,
    LightningAddresses,
    find_address,
    metadata,
    min_msat,
)

PREFIX = "/simulator/addresses"
COMMENT_CHARS: Final = 140


def routes(addresses: LightningAddresses) -> list[Route]:
    api = _Addresses(addresses)
    return [
        Route(f"{PREFIX}/{{address}}", api.describe),
        Route(f"{PREFIX}/{{address}}/callback", api.make_invoice),
        Route(f"{PREFIX}/{{address}}/received", api.received),
    ]


class _Addresses:
    def __init__(self, addresses: LightningAddresses) -> None:
        self._addresses = addresses

    async def describe(self, request: Request) -> JSONResponse:
        """LUD-16: what may be paid to the address, and where to ask for an invoice."""
        address = _address(request)
        if address is None:
            return _not_found()
        return JSONResponse(
            {
                "tag": "payRequest",
                "callback": f"{request.base_url}{PREFIX[1:]}/{address}/callback",
                "minSendable": min_msat(address),
                "maxSendable": MAX_MSAT,
                "metadata": metadata(address),
                "commentAllowed": COMMENT_CHARS,
            }
        )

    async def make_invoice(self, request: Request) -> JSONResponse:
        """LUD-06: an invoice of the wallet's for ``?amount=`` msat."""
        address = _address(request)
        if address is None:
            return _not_found()
        amount = request.query_params.get("amount", "")
        if not (amount.isascii() and amount.isdecimal() and len(amount) < 15):
            return _error("amount must be a number of msat.", 400)
        if not min_msat(address) <= int(amount) <= MAX_MSAT:
            return _error(f"amount must be from {min_msat(address)} to {MAX_MSAT} msat.", 400)
        if len(request.query_params.get("comment", "")) > COMMENT_CHARS:
            return _error(f"comment may have {COMMENT_CHARS} characters.", 400)
        bolt11 = await self._addresses.invoice(address, int(amount))
        return JSONResponse({"pr": bolt11, "routes": []})

    async def received(self, request: Request) -> JSONResponse:
        """The sats that were paid to the address."""
        address = _address(request)
        if address is None:
            return _not_found()
        received_msat = await self._addresses.received_msat(address)
        return JSONResponse({"sats_received": sats_down(received_msat)})


def _address(request: Request) -> LightningAddress | None:
    return find_address(request.path_params["address"])


def _not_found() -> JSONResponse:
    return _error("There is no such address.", 404)


def _error(reason: str, status: int) -> JSONResponse:
    return JSONResponse({"status": "ERROR", "reason": reason}, status)
