"""Calls: placed, looked at, listed, hung up. Each belongs to the account that pays for it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from ringbolt.api.kit.idempotency import idempotency_key
from ringbolt.api.voice import FAMILY
from ringbolt.api.voice.audio_files import Found
from ringbolt.api.voice.call_document import call_document, metadata_of
from ringbolt.api.voice.call_request import CallRequest, read_call
from ringbolt.api.voice.envelope import Reply
from ringbolt.api.voice.fields import Fields
from ringbolt.api.voice.names import CALL, PAGE
from ringbolt.api.voice.request import Asked
from ringbolt.app.accounts.chart_of_accounts import account_of_key
from ringbolt.app.calls.hang_up_call import hang_up_call
from ringbolt.app.calls.recordings import read as read_recording
from ringbolt.app.checkout.purchase import Balance, Buyer, Idempotency
from ringbolt.app.checkout.sell_call import SoldCall, call_sold_before, sell_call
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import webhook_secret
from ringbolt.core.calls.call import CallStatus, Record
from ringbolt.core.canonical import canonical_json
from ringbolt.core.commands import CallOrder, to_json
from ringbolt.core.errors import NotFound
from ringbolt.core.pricing.money import sats_up
from ringbolt.store import calls, orders, recordings
from ringbolt.store.calls import Call
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

USUAL_PAGE: Final = 50
MAX_PAGE: Final = 100
_MAX_CURSOR_CHARS: Final = 128
_REPLAYED: Final = ((b"idempotent-replayed", b"true"),)
_SID: Final = re.compile(r"CA[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Told:
    """A call as its account is told of it."""

    order_id: str
    document: dict[str, Any]


class Calls:
    """Everything about calls that their account may ask for."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def place(self, asked: Asked) -> Reply:
        """Place a call that speaks a text or plays a file, and collects key presses if wanted."""
        fields = asked.json(CALL)
        return await place(self._shop, asked, fields, read_call(self._shop, fields))

    async def status(self, asked: Asked) -> Reply:
        """A call as it stands."""
        return Reply((await self._told(asked)).document)

    async def hang_up(self, asked: Asked) -> Reply:
        """End a call, or take it out of the queue; one that is over stays as it is."""
        await hang_up_call(self._shop, (await self._told(asked)).order_id)
        return Reply((await self._told(asked)).document)

    async def listing(self, asked: Asked) -> Reply:
        """The calls of the account, the latest first."""
        fields = asked.query(PAGE)
        limit = fields.whole_number("limit", 1, MAX_PAGE, USUAL_PAGE)
        cursor = fields.line("cursor", _MAX_CURSOR_CHARS)
        status = _status(fields)
        account = account_of_key(asked.key.id)
        page = await self._shop.db.read(_page, account, cursor, limit, status)
        return Reply(page)

    async def recording(self, asked: Asked) -> Reply:
        """What was said after the beep: WAV, 8 kHz."""
        account, recording_id = account_of_key(asked.key.id), asked.path("recording_id")
        wav = await read_recording(self._shop, account, recording_id[:_MAX_CURSOR_CHARS])
        return Reply(body=wav, content_type=b"audio/wav")

    async def _told(self, asked: Asked) -> _Told:
        """Raises ``NotFound``, also for another account's call."""
        sid = asked.path("call_id")
        found = None
        if _SID.fullmatch(sid):
            found = await self._shop.db.read(_by_sid, sid, account_of_key(asked.key.id))
        if found is None:
            raise NotFound(
                "There is no such call of this account.",
                code="CALL_NOT_FOUND",
                suggestion="Use the callId exactly as it was answered, and the key that paid.",
            )
        return found


async def place(shop: Shop, asked: Asked, fields: Fields, request: CallRequest) -> Reply:
    """Place the call, once for each Idempotency-Key.

    Raises ``InvalidInput``, ``AudioUnplayable``, ``RateLimited``, ``InsufficientFunds``,
    ``DestinationRefused``.
    """
    placed, found = await _placed(shop, asked, request)
    order, call = placed.order, placed.call
    price_msat = order.price_msat
    document: dict[str, Any] = {
        "callId": call.sid,
        "status": CallStatus.QUEUED,
        "to": call.to_number,
        "voice": request.voice,
        "price": sats_up(price_msat),
        "pricePerMinute": sats_up(price_msat // call.minutes),
        "maxMinutes": call.minutes,
        "notes": [*request.notes, *found.notes],
        "ignoredFields": list(request.ignored),
        "metaData": metadata_of(request.command.metadata),
    }
    if request.command.status_url or request.command.digits_url:
        document["webhookSecret"] = webhook_secret(shop.keyring, account_of_key(asked.key.id))
    return Reply(document, headers=_REPLAYED if placed.replayed else ())


async def _placed(shop: Shop, asked: Asked, request: CallRequest) -> tuple[SoldCall, Found]:
    """The call, and what its audio files told: nothing, if it was placed before."""
    named = _named(asked, request.command, f"key:{asked.key.id}")
    before = None if named is None else await call_sold_before(shop, named)
    if before is not None:
        return before, Found()
    found = await request.files.look(shop)
    buyer = Buyer(FAMILY, Balance(asked.key.id), shop.hash_of(asked.client), named)
    return await sell_call(shop, request.command, buyer, lengths=found.lengths), found


def _named(asked: Asked, command: CallOrder, principal: str) -> Idempotency | None:
    """The request's own name, if it has one: its names belong to the key. What asks for the same
    call is the same request, however it is written. Raises ``InvalidInput``."""
    name = idempotency_key(asked.scope)
    if not name:
        return None
    meant = replace(command, metadata="")  # an object, whose names may come in any order
    said = [to_json(meant), metadata_of(command.metadata)]
    body_hash = hashlib.sha256(b"voice call\n" + canonical_json(said)).hexdigest()
    return Idempotency(principal, name, body_hash)


def _status(fields: Fields) -> CallStatus | None:
    word = fields.line("status", 32).lower()
    if not word:
        return None
    try:
        return CallStatus(word)
    except ValueError:
        raise fields.wrong(
            "status",
            "is no status of a call.",
            "INVALID_STATUS",
            f"Choose one of {', '.join(CallStatus)}.",
        ) from None


def _by_sid(tx: Tx, sid: str, account_id: str) -> _Told | None:
    call = calls.by_sid(tx, sid)
    order = None if call is None else orders.by_id(tx, call.order_id)
    if call is None or order is None:
        return None
    if order.account_id != account_id or order.family != FAMILY:
        return None
    return _Told(order.id, _document(tx, order, call))


def _page(
    tx: Tx, account_id: str, cursor: str, limit: int, status: CallStatus | None
) -> dict[str, Any]:
    found = calls.of_account(tx, account_id, cursor, limit + 1, status)
    page = found[:limit]
    return {
        "calls": [_of_call(tx, call) for call in page],
        "next": page[-1].sid if len(found) > limit else None,
    }


def _of_call(tx: Tx, call: Call) -> dict[str, Any]:
    order = orders.by_id(tx, call.order_id)
    assert order is not None, "a call is an order's"
    return _document(tx, order, call)


def _document(tx: Tx, order: Order, call: Call) -> dict[str, Any]:
    command = order.command_as(CallOrder)
    records = any(isinstance(step, Record) for step in command.steps)
    kept = recordings.of_order(tx, order.id) if records else []
    return call_document(order, command, call, kept, tx.now_ms)
