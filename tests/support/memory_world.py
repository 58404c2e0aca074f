"""A carrier and a node in memory, as strict as real ones: a carrier that is asked twice rings
twice unless it says that it does not, and a node that is told to pay pays."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

from ringbolt.app.shop import ProbedAudio
from ringbolt.clock import Clock
from ringbolt.core.calls.call import CallEvent, CallStatus, Clip
from ringbolt.core.errors import NodeUnavailable, SpeechBusy, Unavailable
from ringbolt.core.lightning import bolt11
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.sink import Sink
from ringbolt.lightning.node import (
    Invoice,
    InvoiceState,
    InvoiceStatus,
    NodeInfo,
    PaymentFailed,
    PaymentOutcome,
    PaymentSucceeded,
)
from ringbolt.speech.engine import Speech, SpeechRequest
from ringbolt.voice.carrier import Accepted, CallSnapshot, EventBatch, PlaceCall, PlaceResult

ANSWERED = (CallStatus.INITIATED, CallStatus.RINGING, CallStatus.IN_PROGRESS, CallStatus.COMPLETED)
BUSY = (CallStatus.INITIATED, CallStatus.BUSY)
RINGS = (CallStatus.INITIATED, CallStatus.RINGING)

WALLET_KEY = b"\x77" * 32


class MemoryCarrier:
    """A carrier that cannot be asked what became of a request.

    ``rings`` are the references of the calls that it placed, one entry for each time a phone
    rang. ``answers`` are given to the next requests (default: yes); ``lives`` are what the next
    calls go through at once (default: ``life``). ``before_answer`` happens between a ring and the
    answer to who asked for it. If it ``obeys``, a call that is to be hung up ends.
    """

    def __init__(self, recovery: Recovery, clock: Clock) -> None:
        self.recovery = recovery
        self.rings: list[str] = []
        self.hung_up: list[str] = []
        self.log: list[CallEvent] = []
        self.answers: deque[PlaceResult | Callable[[PlaceCall], PlaceResult]] = deque()
        self.lives: deque[tuple[CallStatus, ...]] = deque()
        self.life: tuple[CallStatus, ...] = ANSWERED
        self.before_answer: deque[Callable[[], Awaitable[object]]] = deque()
        self.obeys = False
        self._clock = clock

    @property
    def name(self) -> str:
        return "memory"

    async def place(self, call: PlaceCall) -> PlaceResult:
        if not call.still_wanted():
            return Rejected("not wanted any more", permanent=False)
        answer = self.answers.popleft() if self.answers else Accepted(f"id-{call.ref[:8]}")
        if callable(answer):
            answer = answer(call)
        elif isinstance(answer, Accepted):
            self.ring(call.ref)
        if self.before_answer:
            await self.before_answer.popleft()()
        return answer

    def ring(self, ref: str) -> None:
        """A phone rings, unless the reference tells the carrier that it did before."""
        if self.recovery is Recovery.IDEMPOTENT and ref in self.rings:
            return
        self.rings.append(ref)
        for status in self.lives.popleft() if self.lives else self.life:
            self.tell(ref, status)

    def lost(self, call: PlaceCall) -> PlaceResult:
        """An answer for ``answers``: the call is placed, and nobody hears of it."""
        self.ring(call.ref)
        return Unknown("the answer was lost")

    def lie(self, call: PlaceCall) -> PlaceResult:
        """An answer for ``answers``: the call is placed, and said to be refused."""
        self.ring(call.ref)
        return Rejected("a lie", permanent=False)

    def tell(self, ref: str, status: CallStatus, *, digits: str = "", skip: int = 0) -> CallEvent:
        """The next thing that happens to a call."""
        seq = sum(1 for event in self.log if event.ref == ref) + 1 + skip
        event = CallEvent(ref, seq, self._clock.now_ms(), status, digits)
        self.log.append(event)
        return event

    def events_of(self, ref: str) -> tuple[CallEvent, ...]:
        return tuple(event for event in self.log if event.ref == ref)

    async def hang_up(self, ref: str) -> None:
        self.hung_up.append(ref)
        statuses = [event.status for event in self.events_of(ref)]
        if self.obeys and ref in self.rings and not any(each.is_final for each in statuses):
            answered = CallStatus.IN_PROGRESS in statuses
            self.tell(ref, CallStatus.COMPLETED if answered else CallStatus.CANCELED)

    async def follow(self, cursor: str, sink: Sink[EventBatch]) -> None:
        """What there is now; then the stream breaks off."""
        await sink(EventBatch(tuple(self.log[int(cursor or 0) :]), str(len(self.log))))
        raise Unavailable("the stream ended")

    async def close(self) -> None: ...


class MemoryLookupCarrier(MemoryCarrier):
    """A carrier that can be asked, and that rings again if it is told to again."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(Recovery.LOOKUP, clock)

    async def find(self, ref: str) -> CallSnapshot | None:
        if ref not in self.rings:
            return None
        return CallSnapshot(ref, f"id-{ref[:8]}", self.events_of(ref))


def memory_carrier(recovery: Recovery, clock: Clock) -> MemoryCarrier:
    if recovery is Recovery.LOOKUP:
        return MemoryLookupCarrier(clock)
    return MemoryCarrier(recovery, clock)


class MemoryNode:
    """Implements ``LightningNode`` and ``SupportsPayments``.

    ``paid_out`` counts what left the node, by payment hash. ``outcomes`` are given to the next
    payments instead of a success. ``down`` makes everything ``NodeUnavailable``. ``height``: the
    last block.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.settled: list[InvoiceStatus] = []
        self.paid_out: dict[bytes, int] = {}
        self.known: dict[bytes, PaymentOutcome] = {}
        self.outcomes: deque[PaymentOutcome] = deque()
        self.down = False
        self.height = 800_000

    def receive(self, payment_hash: bytes, amount_msat: int, memo: str) -> None:
        """Somebody pays an invoice of ours."""
        now_ms = self._clock.now_ms()
        self.settled.append(
            InvoiceStatus(
                payment_hash=payment_hash,
                state=InvoiceState.SETTLED,
                amount_msat=amount_msat,
                amount_paid_msat=amount_msat,
                memo=memo,
                bolt11="",
                created_at_ms=now_ms,
                settled_at_ms=now_ms,
                settle_index=len(self.settled) + 1,
            )
        )

    def _check(self) -> None:
        if self.down:
            raise NodeUnavailable("The node is down.")

    async def info(self) -> NodeInfo:
        self._check()
        return NodeInfo("memory", "02" * 33, "1", "regtest", True, self.height)

    async def create_invoice(
        self, amount_msat: int, memo: str, expiry_s: int, preimage: bytes
    ) -> Invoice:
        self._check()
        payment_hash = hashlib.sha256(preimage).digest()
        text = wallet_invoice(amount_msat, preimage, self._clock.now_ms() // 1000)
        return Invoice(payment_hash, text, amount_msat, self._clock.now_ms() + expiry_s * 1000)

    async def lookup_invoice(self, payment_hash: bytes) -> InvoiceStatus | None:
        self._check()
        return next((each for each in self.settled if each.payment_hash == payment_hash), None)

    async def list_settled(self) -> AsyncGenerator[InvoiceStatus, None]:
        self._check()
        for invoice in self.settled:
            yield invoice

    async def settled_invoices(self, after: int) -> AsyncGenerator[InvoiceStatus, None]:
        """What there is now; then the stream breaks off."""
        for invoice in self.settled[after:]:
            self._check()
            yield invoice
        raise NodeUnavailable("the stream ended")

    async def pay(self, bolt11: str, max_fee_msat: int, timeout_s: int) -> PaymentOutcome:
        self._check()
        invoice = _read(bolt11)
        before = self.known.get(invoice.payment_hash)
        if before is not None and not isinstance(before, PaymentFailed):
            return before  # as LND: in flight or paid already
        outcome = self.outcomes.popleft() if self.outcomes else PaymentSucceeded(b"\1" * 32, 0)
        self.known[invoice.payment_hash] = outcome
        if isinstance(outcome, PaymentSucceeded):
            assert invoice.amount_msat is not None
            paid = self.paid_out.get(invoice.payment_hash, 0)
            self.paid_out[invoice.payment_hash] = paid + invoice.amount_msat + outcome.fee_msat
        return outcome

    async def lookup_payment(self, payment_hash: bytes) -> PaymentOutcome | None:
        self._check()
        return self.known.get(payment_hash)

    async def close(self) -> None: ...


def _read(text: str) -> bolt11.Bolt11:
    return bolt11.decode(text)


def wallet_invoice(amount_msat: int, preimage: bytes, now_s: int) -> str:
    """An invoice of the buyer's own wallet."""
    return bolt11.encode(
        network="regtest",
        amount_msat=amount_msat,
        timestamp_s=now_s,
        payment_hash=hashlib.sha256(preimage).digest(),
        payment_secret=b"\x11" * 32,
        private_key=WALLET_KEY,
        description="refund",
        expiry_s=86_400 * 7,
    )


class MemorySpeaker:
    """Says everything in one second of nothing; ``busy``: so many requests first find no turn."""

    def __init__(self) -> None:
        self.busy = 0

    async def speak(self, request: SpeechRequest) -> Speech:
        if self.busy:
            self.busy -= 1
            raise SpeechBusy("Too many texts wait to be spoken.")
        return Speech(Path("one-second"), 1000, "memory", "nobody", "en")

    async def purge(self) -> int:
        return 0

    async def close(self) -> None: ...


class NoAudio:
    """Nothing is fetched here."""

    async def probe(self, url: str, client: str = "") -> ProbedAudio:
        raise AssertionError("no audio in these tests")

    async def load(self, url: str, max_ms: int) -> Clip:
        raise AssertionError("no audio in these tests")

    async def purge(self, older_than_s: float) -> int:
        return 0
