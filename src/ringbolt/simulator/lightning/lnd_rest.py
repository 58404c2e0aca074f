"""LND's REST API for one simulated node: the subset that the shop and real clients use.

Every macaroon is accepted. Refusals have LND's gRPC codes, messages and HTTP statuses. As with LND
a stream's headers come with its first message.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Send

from ringbolt.core.errors import Unavailable
from ringbolt.core.lightning import bolt11
from ringbolt.simulator.lightning import lnd_json
from ringbolt.simulator.lightning.invoice import (
    ALREADY_EXISTS,
    INVALID_ARGUMENT,
    NETWORK,
    NOT_FOUND,
    UNAVAILABLE,
    UNKNOWN,
    RpcError,
)
from ringbolt.simulator.lightning.network import LightningNetwork
from ringbolt.simulator.lightning.node import PaymentStatus, SimulatedNode

_STATUS = {UNKNOWN: 500, INVALID_ARGUMENT: 400, NOT_FOUND: 404, ALREADY_EXISTS: 409}
_ADD = lnd_json.decoder(lnd_json.AddInvoice)
_SETTLE = lnd_json.decoder(lnd_json.SettleInvoice)
_CANCEL = lnd_json.decoder(lnd_json.CancelInvoice)
_SEND = lnd_json.decoder(lnd_json.SendPayment)
_encode = msgspec.json.Encoder().encode

Endpoint = Callable[[Request], Awaitable[Response]]


class LndRest:
    """The endpoints of ``node``; each takes a request and answers as LND would."""

    def __init__(self, network: LightningNetwork, node: SimulatedNode, alias: str) -> None:
        self._network = network
        self._node = node
        self._alias = alias

    def receiving(self, prefix: str) -> list[Route]:
        """Invoices that settle when paid, and what the node is."""
        return [
            Route(f"{prefix}/v1/invoices", _answered(self._add_invoice), methods=["POST"]),
            Route(f"{prefix}/v1/invoices", _answered(self._list_invoices), methods=["GET"]),
            Route(f"{prefix}/v1/invoices/subscribe", _answered(self._subscribe)),
            Route(f"{prefix}/v1/invoice/{{r_hash_str}}", _answered(self._lookup_hex)),
            Route(f"{prefix}/v1/getinfo", _answered(self._get_info)),
            Route(f"{prefix}/v1/payreq/{{pay_req}}", _answered(self._decode)),
            Route(f"{prefix}/v1/balance/channels", _answered(self._balance)),
        ]

    def holding(self, prefix: str) -> list[Route]:
        """Hold invoices."""
        v2 = f"{prefix}/v2/invoices"
        return [
            Route(f"{v2}/hodl", _answered(self._add_hold_invoice), methods=["POST"]),
            Route(f"{v2}/settle", _answered(self._settle), methods=["POST"]),
            Route(f"{v2}/cancel", _answered(self._cancel), methods=["POST"]),
            Route(f"{v2}/lookup", _answered(self._lookup)),
            Route(f"{v2}/subscribe/{{r_hash:path}}", _answered(self._watch)),
        ]

    def paying(self, prefix: str) -> list[Route]:
        """Payments."""
        v2 = f"{prefix}/v2/router"
        return [
            Route(f"{v2}/send", _answered(self._send), methods=["POST"]),
            Route(f"{v2}/track/{{payment_hash:path}}", _answered(self._track)),
            Route(f"{prefix}/v1/payments", _answered(self._list_payments)),
        ]

    async def _add_invoice(self, request: Request) -> Response:
        wanted = lnd_json.parsed(await request.body(), _ADD).request(is_hold=False)
        if not wanted.preimage:
            wanted = msgspec.structs.replace(wanted, preimage=secrets.token_bytes(32))
        invoice = await self._network.add_invoice(self._node, wanted)
        return _json(lnd_json.added(invoice, is_hold=False))

    async def _add_hold_invoice(self, request: Request) -> Response:
        wanted = lnd_json.parsed(await request.body(), _ADD).request(is_hold=True)
        invoice = await self._network.add_invoice(self._node, wanted)
        return _json(lnd_json.added(invoice, is_hold=True))

    async def _settle(self, request: Request) -> Response:
        preimage = lnd_json.parsed(await request.body(), _SETTLE).preimage
        await self._network.settle_invoice(self._node, lnd_json.from_base64(preimage))
        return _json({})

    async def _cancel(self, request: Request) -> Response:
        payment_hash = lnd_json.parsed(await request.body(), _CANCEL).payment_hash
        await self._network.cancel_invoice(self._node, _hash(lnd_json.from_base64(payment_hash)))
        return _json({})

    async def _lookup_hex(self, request: Request) -> Response:
        try:
            payment_hash = bytes.fromhex(request.path_params["r_hash_str"])
        except ValueError as error:
            raise RpcError(UNKNOWN, f"encoding/hex: {error}") from None
        if len(payment_hash) != 32:
            size = len(payment_hash)
            raise RpcError(UNKNOWN, f"payment hash must be exactly 32 bytes, is instead {size}")
        return await self._found(payment_hash)

    async def _lookup(self, request: Request) -> Response:
        return await self._found(
            lnd_json.from_base64(request.query_params.get("payment_hash", "").replace(" ", "+"))
        )

    async def _found(self, payment_hash: bytes) -> Response:
        invoice = await self._network.find_invoice(self._node, _hash(payment_hash))
        if invoice is None:
            raise RpcError(NOT_FOUND, "unable to locate invoice")
        return _json(lnd_json.invoice(invoice))

    async def _list_invoices(self, request: Request) -> Response:
        invoices = await self._network.list_invoices(
            self._node,
            after=_integer(request, "index_offset"),
            limit=min(_integer(request, "num_max_invoices") or 100, 10_000),
            pending_only=request.query_params.get("pending_only") == "true",
        )
        return _json(
            {
                "invoices": [lnd_json.invoice(invoice) for invoice in invoices],
                "last_index_offset": str(invoices[-1].add_index if invoices else 0),
                "first_index_offset": str(invoices[0].add_index if invoices else 0),
            }
        )

    async def _subscribe(self, request: Request) -> Response:
        return Ndjson(
            self._subscribed(_integer(request, "add_index"), _integer(request, "settle_index"))
        )

    async def _subscribed(self, add_index: int, settle_index: int) -> AsyncIterator[bytes]:
        news = self._network.subscribe_invoices(self._node, add_index, settle_index)
        async with aclosing(news):
            async for invoice in news:
                yield _line(lnd_json.invoice(invoice))

    async def _watch(self, request: Request) -> Response:
        return Ndjson(self._watched(_hash(lnd_json.from_base64(request.path_params["r_hash"]))))

    async def _watched(self, payment_hash: bytes) -> AsyncIterator[bytes]:
        news = self._network.watch_invoice(self._node, payment_hash)
        async with aclosing(news):
            async for invoice in news:
                yield _line(lnd_json.invoice(invoice))

    async def _send(self, request: Request) -> Response:
        wanted: lnd_json.SendPayment = lnd_json.parsed(await request.body(), _SEND)
        return Ndjson(self._sent(wanted))

    async def _sent(self, wanted: lnd_json.SendPayment) -> AsyncIterator[bytes]:
        amount_msat = lnd_json.amount_msat(wanted.amt, wanted.amt_msat)
        payment = await self._network.send_payment(self._node, wanted.payment_request, amount_msat)
        if payment.status is not PaymentStatus.IN_FLIGHT:
            yield _line(lnd_json.payment(payment))
            return
        async for line in self._tracked(payment.payment_hash, wanted.no_inflight_updates):
            yield line

    async def _track(self, request: Request) -> Response:
        payment_hash = _hash(lnd_json.from_base64(request.path_params["payment_hash"]))
        quiet = request.query_params.get("no_inflight_updates") == "true"
        return Ndjson(self._tracked(payment_hash, quiet))

    async def _tracked(self, payment_hash: bytes, quiet: bool) -> AsyncIterator[bytes]:
        news = self._network.track_payment(self._node, payment_hash)
        async with aclosing(news):
            async for payment in news:
                if not (quiet and payment.status is PaymentStatus.IN_FLIGHT):
                    yield _line(lnd_json.payment(payment))

    async def _list_payments(self, request: Request) -> Response:
        payments = await self._network.list_payments(
            self._node,
            after=_integer(request, "index_offset"),
            limit=min(_integer(request, "max_payments") or 100, 10_000),
            since_s=_integer(request, "creation_date_start"),
            incomplete=request.query_params.get("include_incomplete") == "true",
        )
        return _json(
            {
                "payments": [lnd_json.payment(payment) for payment in payments],
                "first_index_offset": str(payments[0].payment_index if payments else 0),
                "last_index_offset": str(payments[-1].payment_index if payments else 0),
                "total_num_payments": "0",
            }
        )

    async def _decode(self, request: Request) -> Response:
        try:
            return _json(lnd_json.payreq(bolt11.decode(request.path_params["pay_req"])))
        except bolt11.Bolt11Error as error:
            raise RpcError(UNKNOWN, str(error)) from None

    async def _balance(self, request: Request) -> Response:
        book = await self._network.book(self._node)
        nothing = _amount(0)
        return _json(
            {
                "balance": str(book.balance_msat // 1000),
                "pending_open_balance": "0",
                "local_balance": _amount(book.balance_msat),
                "remote_balance": nothing,
                "unsettled_local_balance": _amount(book.held_in_msat),
                "unsettled_remote_balance": _amount(book.held_out_msat),
                "pending_open_local_balance": nothing,
                "pending_open_remote_balance": nothing,
                "custom_channel_data": "",
            }
        )

    async def _get_info(self, request: Request) -> Response:
        height = self._network.block_height
        return _json(
            {
                "version": "0.21.2-beta simulated",
                "commit_hash": "",
                "identity_pubkey": self._node.pubkey.hex(),
                "alias": self._alias,
                "color": "#3399ff",
                "num_pending_channels": 0,
                "num_active_channels": 1,
                "num_inactive_channels": 0,
                "num_peers": 1,
                "block_height": height,
                "block_hash": hashlib.sha256(f"block {height}".encode()).hexdigest(),
                "best_header_timestamp": str(self._network.now_s),
                "synced_to_chain": True,
                "synced_to_graph": True,
                "testnet": False,
                "chains": [{"chain": "bitcoin", "network": NETWORK}],
                "uris": [],
                "features": {},
                "require_htlc_interceptor": False,
                "store_final_htlc_resolutions": False,
            }
        )


class Ndjson(StreamingResponse):
    """Lines as they come; the status and headers are sent with the first, as LND's gateway does.

    A refusal before the first line has its own HTTP status.
    """

    body_iterator: AsyncIterator[bytes]

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        super().__init__(lines, media_type="application/json")

    async def stream_response(self, send: Send) -> None:
        started = False
        try:
            async for line in self.body_iterator:
                if not started:
                    await self._start(send)
                    started = True
                await send({"type": "http.response.body", "body": line, "more_body": True})
        except (RpcError, Unavailable) as error:
            refusal = _refusal(error)
            if not started:
                self.status_code = _STATUS.get(refusal.code, 503)
                await self._start(send)
                started = True
            line = _encode({"error": lnd_json.error(refusal)}) + b"\n"
            await send({"type": "http.response.body", "body": line, "more_body": True})
        if not started:
            await self._start(send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _start(self, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )


def _answered(endpoint: Endpoint) -> Endpoint:
    """``endpoint`` with refusals rendered as LND renders them."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (RpcError, Unavailable) as error:
            refusal = _refusal(error)
            return _json(lnd_json.error(refusal), _STATUS.get(refusal.code, 503))

    return answer


def _refusal(error: RpcError | Unavailable) -> RpcError:
    return error if isinstance(error, RpcError) else RpcError(UNAVAILABLE, error.message)


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(_encode(content), status, media_type="application/json")


def _line(result: dict[str, Any]) -> bytes:
    return _encode({"result": result}) + b"\n"


def _amount(msat: int) -> dict[str, str]:
    return {"sat": str(msat // 1000), "msat": str(msat)}


def _hash(data: bytes) -> bytes:
    if len(data) != 32:
        raise RpcError(UNKNOWN, f"invalid hash length of {len(data)}, want 32")
    return data


def _integer(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    try:
        return int(text)
    except ValueError:
        raise RpcError(INVALID_ARGUMENT, f"type mismatch, parameter: {name}") from None
