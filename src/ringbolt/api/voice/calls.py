"""Calls: placed, looked up, listed, hung up. Each belongs to the account that pays for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from ringbolt.api.kit.idempotency import REPLAYED, named
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import Response
from ringbolt.api.voice import FAMILY, schema
from ringbolt.api.voice.audio_files import Found
from ringbolt.api.voice.call_document import call_document, metadata_of
from ringbolt.api.voice.call_request import CallRequest, read_call
from ringbolt.api.voice.documents import CallDocument, CallPage, PlacedCall
from ringbolt.app.calls.hang_up_call import hang_up_call
from ringbolt.app.calls.recordings import read as read_recording
from ringbolt.app.checkout.purchase import Balance, Buyer, Idempotency
from ringbolt.app.checkout.sell_call import SoldCall, call_sold_before, sell_call
from ringbolt.app.requests.speech_notes import speech_notes
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import present_webhook_secret
from ringbolt.core.calls.call import CallStatus, Record
from ringbolt.core.canonical import canonical_json
from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.core.commands import CallOrder, to_json
from ringbolt.core.errors import NotFound
from ringbolt.core.pricing.money import sats_up
from ringbolt.store import calls, orders, recordings
from ringbolt.store.calls import Call
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

_SID: Final = re.compile(r"CA[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Known:
    """A call of the account, by its order."""

    order_id: str
    document: CallDocument


class Calls:
    """The requests of an account about its calls."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def place(self, request: Request[schema.Call]) -> Response:
        """Place a call that speaks a text or plays a file, and collects key presses if wanted."""
        return await place(self._shop, request, read_call(self._shop, request))

    async def status(self, request: Request[Nothing]) -> CallDocument:
        """A call as it is now."""
        return (await self._find(request)).document

    async def hang_up(self, request: Request[Nothing]) -> CallDocument:
        """End a call, or take it out of the queue; one that is over stays as it is."""
        await hang_up_call(self._shop, (await self._find(request)).order_id)
        return (await self._find(request)).document

    async def listing(self, request: Request[schema.Page]) -> CallPage:
        """The calls of the account, the latest first."""
        account = account_of_key(request.key.id)
        return await self._shop.db.read(_page, account, request.params)

    async def recording(self, request: Request[Nothing]) -> Response:
        """What was said after the beep: WAV, 8 kHz."""
        account, recording_id = account_of_key(request.key.id), request.in_path("recording_id")
        wav = await read_recording(self._shop, account, recording_id[: schema.MAX_CURSOR_CHARS])
        return Response(body=wav, content_type=b"audio/wav")

    async def _find(self, request: Request[Nothing]) -> _Known:
        """Raises ``NotFound``, also for another account's call."""
        sid = request.in_path("call_id")
        found = None
        if _SID.fullmatch(sid):
            found = await self._shop.db.read(_by_sid, sid, account_of_key(request.key.id))
        if found is None:
            raise NotFound(
                "There is no such call of this account.",
                code="CALL_NOT_FOUND",
                suggestion="Use the callId exactly as it was answered, and the key that paid.",
            )
        return found


async def place(shop: Shop, request: Request[Any], call_request: CallRequest) -> Response:
    """Place the call, once for each Idempotency-Key.

    Raises ``InvalidInput``, ``AudioUnplayable``, ``RateLimited``, ``InsufficientFunds``,
    ``DestinationRefused``.
    """
    placed, found = await _placed(shop, request, call_request)
    order, call, command = placed.order, placed.call, call_request.command
    secret = None
    if command.status_url or command.digits_url:
        secret = await present_webhook_secret(shop, account_of_key(request.key.id))
    document = PlacedCall(
        call_id=call.sid,
        status=CallStatus.QUEUED,
        to=call.to_number,
        voice=call_request.voice,
        price=sats_up(order.price_msat),
        price_per_minute=sats_up(order.price_msat // call.minutes),
        max_minutes=call.minutes,
        notes=[
            *call_request.notes,
            *found.notes,
            *speech_notes(command, shop.settings.speech.default_voice),
        ],
        ignored_fields=list(request.fields.ignored),
        meta_data=metadata_of(command.metadata),
        webhook_secret=secret,
    )
    return Response(document, headers=[REPLAYED] if placed.replayed else [])


async def _placed(shop: Shop, request: Request[Any], call: CallRequest) -> tuple[SoldCall, Found]:
    """The call, and what is known of its audio files: nothing, if it was placed before."""
    idempotency = _idempotency(request, call.command)
    before = None if idempotency is None else await call_sold_before(shop, idempotency)
    if before is not None:
        return before, Found()
    found = await call.files.look(shop)
    client = shop.hash_of(request.client)
    buyer = Buyer(FAMILY, Balance(request.key.id), client, idempotency)
    return await sell_call(shop, call.command, buyer, lengths=found.lengths), found


def _idempotency(request: Request[Any], command: CallOrder) -> Idempotency | None:
    """The request's Idempotency-Key, if it has one; it belongs to the API key. Two requests for the
    same call are the same request, however they are written. Raises ``InvalidInput``."""

    def content() -> bytes:
        same = replace(command, metadata="")  # an object, whose members may come in any order
        parts = [to_json(same), metadata_of(command.metadata)]
        return b"voice call\n" + canonical_json(parts)

    return named(request, f"key:{request.key.id}", content)


def _by_sid(tx: Tx, sid: str, account_id: str) -> _Known | None:
    call = calls.by_sid(tx, sid)
    order = None if call is None else orders.by_id(tx, call.order_id)
    if call is None or order is None:
        return None
    if order.account_id != account_id or order.family != FAMILY:
        return None
    return _Known(order.id, _document(tx, order, call))


def _page(tx: Tx, account_id: str, page: schema.Page) -> CallPage:
    found = calls.of_account(tx, account_id, page.cursor, page.limit + 1, page.status)
    shown = found[: page.limit]
    return CallPage(
        calls=[_of_call(tx, call) for call in shown],
        next=shown[-1].sid if len(found) > page.limit else None,
    )


def _of_call(tx: Tx, call: Call) -> CallDocument:
    order = orders.by_id(tx, call.order_id)
    assert order is not None, "a call is an order's"
    return _document(tx, order, call)


def _document(tx: Tx, order: Order, call: Call) -> CallDocument:
    command = order.command_as(CallOrder)
    records = any(isinstance(step, Record) for step in command.steps)
    kept = recordings.of_order(tx, order.id) if records else []
    return call_document(order, command, call, kept, tx.now_ms)
