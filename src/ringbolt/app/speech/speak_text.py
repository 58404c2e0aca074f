"""Speak a paid text into an audio file: it is stored, and with it the order is fulfilled.

A worker may die between any two lines: the next one speaks the text anew. Pieces of a file that
was not completed are removed with the recordings.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringbolt.app.calls.render import spoken
from ringbolt.app.payments.decide_outcome import fail, fulfil
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import notify
from ringbolt.core.calls.call import Clip, Pause, Say
from ringbolt.core.commands import SpeakText
from ringbolt.core.errors import SpeechBusy, SpeechFailed
from ringbolt.core.order import OrderState
from ringbolt.store import jobs, orders, recordings
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order
from ringbolt.store.recordings import PIECE_BYTES
from ringbolt.voice.audio.encoder import encode

SAMPLE_RATE: Final = 24_000
"""Of the files, Hz: that of the best voice."""
_BYTES_PER_MS: Final = 2 * SAMPLE_RATE // 1000
_BUSY_RETRY_MS: Final = 1000
_TOO_LATE: Final = "it could not be spoken in time"


@dataclass(frozen=True, slots=True)
class _Spoken:
    """Samples, s16le mono; ``notes`` say what differs from the request."""

    pcm: bytes
    notes: tuple[str, ...]

    @property
    def duration_ms(self) -> int:
        return len(self.pcm) // _BYTES_PER_MS


async def speak_text(shop: Shop, job: Job) -> None:
    """The job behind every paid text to be spoken; safe to run again at any point. Raises
    ``LeaseLost``, and ``NotEncoded`` if the file cannot be made now."""
    assert job.order_id is not None
    order = await shop.db.tx(_begin, job)
    if order is None:
        return
    command = order.command_as(SpeakText)
    try:
        said = await _speak(shop, command)
    except SpeechBusy as error:  # its turn may come before it is too late
        await shop.db.tx(jobs.retry, job, _BUSY_RETRY_MS, error.message)
        return
    except SpeechFailed as error:
        await shop.db.tx(_give_up, job, f"{error.code}: {error.message}")
        return
    file = await encode(said.pcm, command.format, SAMPLE_RATE)
    name = f"AU{secrets.token_hex(16)}"
    for piece, start in enumerate(range(0, len(file), PIECE_BYTES)):
        await shop.db.tx(recordings.add_piece, name, piece, file[start : start + PIECE_BYTES])
    await shop.db.tx(_finish, job, name, said)


async def abandon_speech(shop: Shop, job: Job, why: str) -> None:
    """The job keeps failing through a fault of ours: the buyer gets the money back."""
    await shop.db.tx(_abandon, job, why)


def _begin(tx: Tx, job: Job) -> Order | None:
    """The order whose text is to be spoken now; None if there is none, and the job is finished."""
    assert job.order_id is not None
    order = orders.by_id(tx, job.order_id)
    if order is None or order.state is not OrderState.PAID:
        jobs.finish(tx, job)
        return None
    if order.deadline_ms is not None and tx.now_ms >= order.deadline_ms:
        _give_up(tx, job, _TOO_LATE)
        return None
    return order


async def _speak(shop: Shop, command: SpeakText) -> _Spoken:
    """Raises ``SpeechFailed``, ``SpeechBusy`` among them."""
    notes: list[str] = []
    said = Say(command.message, command.voice, command.language, command.neural)
    # Calls that are to be placed have their texts spoken first.
    parts = await spoken(shop, said, notes, preview=True, sample_rate=SAMPLE_RATE)
    pcm = await asyncio.to_thread(lambda: b"".join(map(_pcm, parts)))
    return _Spoken(pcm, tuple(dict.fromkeys(notes)))


def _pcm(part: Clip | Pause) -> bytes:
    if isinstance(part, Pause):
        return bytes(part.ms * _BYTES_PER_MS)
    return Path(part.path).read_bytes()


def _finish(tx: Tx, job: Job, name: str, said: _Spoken) -> None:
    assert job.order_id is not None
    jobs.finish(tx, job)
    why = "spoken" + (f" ({', '.join(said.notes)})" if said.notes else "")
    if fulfil(tx, job.order_id, why) is None:
        return
    recordings.add(tx, name, job.order_id, 1, said.duration_ms)
    orders.finish(tx, job.order_id)
    notify.changed(tx, job.order_id)


def _give_up(tx: Tx, job: Job, why: str) -> None:
    assert job.order_id is not None
    jobs.finish(tx, job)
    if fail(tx, job.order_id, why, may_retry=True):
        notify.changed(tx, job.order_id)


def _abandon(tx: Tx, job: Job, why: str) -> None:
    jobs.bury(tx, job, why)
    if job.order_id is not None and fail(tx, job.order_id, "an internal fault"):
        notify.changed(tx, job.order_id)
