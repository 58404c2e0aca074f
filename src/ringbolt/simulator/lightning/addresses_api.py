"""``/simulator/addresses``: the Lightning Addresses of the world, as LUD-16 and LUD-06 have them.

Every address has an owner with the world's wallet, but for two scripted beginnings of the name:
``nobody...`` does not exist, and ``poor...`` takes no payment below 1,000 sats.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from ringbolt.core.lightning.lnurl import LightningAddress, LnurlError, parse_lightning_address
from ringbolt.core.pricing.money import sats_down
from ringbolt.lightning.node import InvoiceState
from ringbolt.simulator.lightning.invoice import InvoiceRequest
from ringbolt.simulator.world import World

PREFIX = "/simulator/addresses"
NOBODY: Final = "nobody"
POOR: Final = "poor"
MIN_MSAT: Final = 1_000
POOR_MIN_MSAT: Final = 1_000_000
MAX_MSAT: Final = 10_000_000_000
COMMENT_CHARS: Final = 140
EXPIRY_S: Final = 600
INVOICES_LOG = "address"
"""``address:NAME@HOST`` holds the payment hashes of the invoices that were made there."""
_PAGE = 1000


def routes(world: World) -> list[BaseRoute]:
    face = _Addresses(world)
    return [
        Route(f"{PREFIX}/{{address}}", face.describe),
        Route(f"{PREFIX}/{{address}}/callback", face.make_invoice),
        Route(f"{PREFIX}/{{address}}/received", face.received),
    ]


class _Addresses:
    def __init__(self, world: World) -> None:
        self._world = world

    async def describe(self, request: Request) -> JSONResponse:
        """LUD-16: what may be paid to the address, and where to ask for an invoice."""
        address = _address(request)
        if address is None:
            return _error("There is no such address.", 404)
        return JSONResponse(
            {
                "tag": "payRequest",
                "callback": f"{request.base_url}{PREFIX[1:]}/{address}/callback",
                "minSendable": _min_msat(address),
                "maxSendable": MAX_MSAT,
                "metadata": _metadata(address),
                "commentAllowed": COMMENT_CHARS,
            }
        )

    async def make_invoice(self, request: Request) -> JSONResponse:
        """LUD-06: an invoice of the wallet's for ``?amount=`` msat."""
        address = _address(request)
        if address is None:
            return _error("There is no such address.", 404)
        amount = request.query_params.get("amount", "")
        if not (amount.isascii() and amount.isdecimal() and len(amount) < 15):
            return _error("amount must be a number of msat.", 400)
        if not _min_msat(address) <= int(amount) <= MAX_MSAT:
            return _error(f"amount must be from {_min_msat(address)} to {MAX_MSAT} msat.", 400)
        if len(request.query_params.get("comment", "")) > COMMENT_CHARS:
            return _error(f"comment may have {COMMENT_CHARS} characters.", 400)
        return JSONResponse({"pr": await self._invoice(address, int(amount)), "routes": []})

    async def _invoice(self, address: LightningAddress, amount_msat: int) -> str:
        network = self._world.network
        invoice = await network.add_invoice(
            network.wallet,
            InvoiceRequest(
                amount_msat=amount_msat,
                description_hash=hashlib.sha256(_metadata(address).encode()).digest(),
                expiry_s=EXPIRY_S,
                preimage=secrets.token_bytes(32),
            ),
        )
        # Before anybody can pay it: what is paid is counted from here.
        await self._world.store.append(
            f"{INVOICES_LOG}:{address}", {"payment_hash": invoice.payment_hash.hex()}
        )
        return invoice.bolt11

    async def received(self, request: Request) -> JSONResponse:
        """The sats that were paid to the address."""
        address = _address(request)
        if address is None:
            return _error("There is no such address.", 404)
        network, total_msat, after = self._world.network, 0, 0
        while page := self._world.store.scan(f"{INVOICES_LOG}:{address}", after, _PAGE):
            after = page[-1][0]
            for _, document in page:
                payment_hash = bytes.fromhex(document["payment_hash"])
                invoice = await network.find_invoice(network.wallet, payment_hash)
                if invoice is not None and invoice.state is InvoiceState.SETTLED:
                    total_msat += invoice.amount_paid_msat
        return JSONResponse({"sats_received": sats_down(total_msat)})


def _address(request: Request) -> LightningAddress | None:
    try:
        address = parse_lightning_address(request.path_params["address"])
    except LnurlError:
        return None
    return None if address.name.startswith(NOBODY) else address


def _min_msat(address: LightningAddress) -> int:
    return POOR_MIN_MSAT if address.name.startswith(POOR) else MIN_MSAT


def _metadata(address: LightningAddress) -> str:
    return json.dumps(
        [["text/plain", f"Play money for {address}"], ["text/identifier", str(address)]]
    )


def _error(reason: str, status: int) -> JSONResponse:
    return JSONResponse({"status": "ERROR", "reason": reason}, status)
