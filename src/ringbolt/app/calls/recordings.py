"""Recordings of calls: fetched from the carrier when the call is over, kept for some days, and
given to the account that paid for the call."""

from __future__ import annotations

import hashlib

from ringbolt.app.attempts import part_is_gone
from ringbolt.app.jobs import FETCH_RECORDINGS
from ringbolt.app.shop import Shop
from ringbolt.core.errors import NotFound, Unavailable
from ringbolt.store import calls, jobs, recordings
from ringbolt.store.calls import Attempt
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.recordings import PIECE_BYTES
from ringbolt.voice.audio.wav import read_wav
from ringbolt.voice.carrier import SupportsRecording

_TRIES = 240
"""How often we ask a carrier that cannot be reached: for about an hour."""
_DAY_MS = 86_400_000


def expect_recordings(tx: Tx, attempt: Attempt, count: int) -> None:
    """Add the job that fetches the ``count`` recordings of a call that is over."""
    if count:
        payload = {"ref": attempt.ref, "count": count}
        FETCH_RECORDINGS.enqueue(tx, attempt.ref, order_id=attempt.order_id, payload=payload)


async def fetch_recordings(shop: Shop, job: Job) -> None:
    """The job behind every recorded call; safe to run again at any point."""
    assert job.order_id is not None
    ref, count = str(job.payload["ref"]), int(job.payload["count"])
    attempt = await shop.db.read(calls.attempt_by_ref, ref)
    carrier = None if attempt is None else shop.carriers.named(attempt.carrier)
    if attempt is not None and carrier is None and job.attempts < _TRIES:
        delay_ms = FETCH_RECORDINGS.backoff.first_ms
        await shop.db.tx(jobs.retry, job, delay_ms, part_is_gone(attempt))
        return
    if not isinstance(carrier, SupportsRecording):
        await shop.db.tx(jobs.finish, job)
        return
    kept = {each.n for each in await shop.db.read(recordings.of_order, job.order_id)}
    try:
        for n in range(1, count + 1):
            if n not in kept:
                await _fetch(shop, carrier, job.order_id, ref, n)
    except Unavailable as error:
        if job.attempts < _TRIES:
            delay_ms = FETCH_RECORDINGS.backoff.first_ms
            await shop.db.tx(jobs.retry, job, delay_ms, error.message)
            return
    await shop.db.tx(jobs.finish, job)


async def _fetch(shop: Shop, carrier: SupportsRecording, order_id: str, ref: str, n: int) -> None:
    wav = await carrier.recording(ref, n)
    if wav is None:
        return
    name = "RE" + hashlib.sha256(f"{ref}/{n}".encode()).hexdigest()[:32]
    for piece, start in enumerate(range(0, len(wav), PIECE_BYTES)):
        sound = wav[start : start + PIECE_BYTES]
        await shop.db.tx(recordings.add_piece, name, piece, sound)
    await shop.db.tx(recordings.add, name, order_id, n, read_wav(wav).duration_ms)


async def read(shop: Shop, account_id: str, recording_id: str) -> bytes:
    """A recording of a call that the account paid for: a WAV, 16-bit mono, 8 kHz.

    Raises ``NotFound``, also for another account's and for one that was removed.
    """
    wav = await shop.db.read(_sound, account_id, recording_id)
    if wav:
        return wav
    days = shop.policies.calls.keep_recordings_days
    raise NotFound(
        "There is no such recording of this account.",
        code="RECORDING_NOT_FOUND",
        suggestion=f"Recordings are kept for {days} days. Use the id exactly as it was given, and "
        "the key that paid for the call.",
    )


async def purge_recordings(shop: Shop) -> None:
    """Remove what was kept for long enough."""
    keep_ms = shop.policies.calls.keep_recordings_days * _DAY_MS
    for forget in (recordings.forget, recordings.forget_pieces):
        while await shop.db.tx(forget, keep_ms):  # a small transaction each
            continue


def _sound(tx: Tx, account_id: str, recording_id: str) -> bytes:
    found = recordings.of_account(tx, account_id, recording_id)
    return b"" if found is None else recordings.sound_of(tx, found.id)
