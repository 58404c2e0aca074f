"""``POST /api/l402/place-call``: a call that speaks a text or plays a file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from ringbolt.api.kit.limits import RateGuard
from ringbolt.api.kit.request import Request
from ringbolt.api.l402 import documents
from ringbolt.api.l402.call_request import read_call
from ringbolt.api.l402.call_schema import AUDIO_EXAMPLE, EXAMPLE, EXAMPLES, PlaceCall, Quote
from ringbolt.api.l402.describe_call import describe_call
from ringbolt.api.l402.documents import FailedWords, PlacedCall
from ringbolt.api.l402.duration_check import duration_of
from ringbolt.api.l402.paid_request import PaidRequest, Wish
from ringbolt.api.l402.service import Documented, PaidService
from ringbolt.api.l402.wording import Wording
from ringbolt.api.l402.words import WORDS
from ringbolt.app.checkout.check_call import check_call
from ringbolt.app.checkout.order_rows import OrderRow
from ringbolt.app.requests.speech_notes import speech_notes
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.call_status import CallReport, report_by_id
from ringbolt.core.commands import CallOrder
from ringbolt.store.calls import Call
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

PATH: Final = "/api/l402/place-call"
_PROBES_PER_MINUTE: Final = 30
_PROBES_AT_ONCE: Final = 20


class PhoneCalls(PaidService[PlaceCall, Quote]):
    """Calls that are paid for one by one."""

    name = "place_call"
    path = PATH
    former_path = "/api/l402/call"
    label = "Phone call"
    sells = ("call",)
    wording = Wording(
        words=WORDS,
        no_body="Send a JSON object with phone_number and message.",
        example=EXAMPLE,
        examples={"audio_url": AUDIO_EXAMPLE, "duration_minutes": AUDIO_EXAMPLE},
    )
    documented = Documented(
        does="Call a number and speak a text or play a file.",
        describes="What a call takes and costs.",
        how="Without a credential the answer is 402 with an invoice. Pay it, and send the same "
        "body again with the credential: the call is placed. A call that nobody answers is "
        "refunded at `status_url`.",
        unit="started minute",
        quote="phone_number=%2B12025550123&duration_minutes=1",
        examples=EXAMPLES,
    )
    failed = FailedWords("CALL_FAILED", "The call could not be placed", "Nothing rang")
    takes = PlaceCall
    quotes = Quote
    answers = PlacedCall
    asks = documents.PaymentRequired

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self._probe_guard = (
            RateGuard(_PROBES_PER_MINUTE, _PROBES_AT_ONCE, time.monotonic) if shop.limits else None
        )

    @property
    def deadline_ms(self) -> int:
        return self._shop.settings.calls.dispatch_deadline_s * 1000

    def read(self, request: Request[PlaceCall]) -> Wish:
        return read_call(request)

    def check(self, request: PaidRequest) -> int:
        return check_call(self._shop, _call(request)).msat

    async def look(self, request: PaidRequest) -> dict[str, Any]:
        """How long it is reckoned to take. Raises ``AudioUnplayable`` for a file that is not."""
        order = _call(request)
        duration = duration_of(order, await self._lengths(request))
        said = duration.document(order.minutes)
        said["notes"] += speech_notes(order, self._shop.settings.speech.default_voice)
        return said

    async def _lengths(self, request: PaidRequest) -> Mapping[str, int]:
        """The length of the audio file in ms, if its header has it."""
        if not request.audio_url:
            return {}
        if self._probe_guard is not None:
            self._probe_guard.check(request.client)
        info = await self._shop.audio.probe(request.audio_url, request.client)
        return {} if info.duration_ms is None else {request.audio_url: info.duration_ms}

    def accepted(self, order: Order, row: OrderRow, common: dict[str, Any]) -> PlacedCall:
        assert isinstance(row, Call), "a call is written down with its order"
        return PlacedCall(sid=row.sid, to=row.to_number, call_id=order.id, **common)

    def report(self, tx: Tx, order_id: str) -> CallReport | None:
        return report_by_id(tx, order_id)

    def describe(self, base: str, quote: Quote) -> dict[str, Any]:
        return describe_call(self._shop, base, PATH, quote)


def _call(request: PaidRequest) -> CallOrder:
    assert isinstance(request.order, CallOrder), "place-call is of calls"
    return request.order
