"""What a phone says after the beep: recorded by the carrier, kept by the shop, given to whoever
paid for the call, forgotten when its days are over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from ringbolt.app.calls import recordings as kept
from ringbolt.app.calls.record_outcome import apply_event
from ringbolt.core.calls.call import CallEvent, CallStatus, Clip, Record
from ringbolt.core.errors import NotFound
from ringbolt.simulator.voice.line import BEEP_MS
from ringbolt.store import calls, jobs, recordings
from ringbolt.store.calls import Attempt
from ringbolt.store.engine.db import Tx
from ringbolt.store.recordings import Recording
from ringbolt.voice.audio.wav import read_wav
from ringbolt.voice.carrier import SupportsRecording
from support.clients.voice import PLAN, VoiceClient, assert_refused
from support.contracts.voice import PLAIN, Part, Rig
from support.servers.shop import ShopServer, running_shop, settings_for
from support.waiting import eventually

SPEAKS = "+1234567818"
LISTENS = "+1234567800"
LISTENER_ACCOUNT = "key:somebody-else"
ASKED = '<plan><say>Speak.</say><record maxSilence="2"/></plan>'
DAY_S = 86_400


async def recorded(line: Rig, to: str, *script: Part, **limits: int) -> tuple[str, int]:
    """Place a call and wait for its end; its reference, and how many recordings there are."""
    ref = await line.place(to, *script, **limits)
    return ref, (await line.until_over(ref)).recordings


async def sound(line: Rig, ref: str, n: int = 1) -> Any:
    """The samples of a recording."""
    assert isinstance(line.carrier, SupportsRecording)
    wav = await line.carrier.recording(ref, n)
    assert wav is not None
    return np.frombuffer(read_wav(wav).pcm, "<i2")


async def test_what_the_phone_says_is_recorded_until_it_is_silent(line: Rig, second: Clip) -> None:
    ref, count = await recorded(line, SPEAKS, second, Record(max_silence_ms=2000))

    assert count == 1
    samples = await sound(line, ref)
    assert len(samples) == 8 * (3000 + 2000)
    assert np.abs(samples[: 8 * 2900]).max() > 5000
    assert not samples[8 * 3000 :].any()


async def test_a_phone_that_says_nothing_is_recorded_as_silence(line: Rig, second: Clip) -> None:
    ref, count = await recorded(line, LISTENS, second, Record(max_silence_ms=1000))

    samples = await sound(line, ref)
    assert (count, len(samples)) == (1, 8000)
    assert not samples.any()


async def test_a_recording_is_no_longer_than_asked_for(line: Rig, second: Clip) -> None:
    ref, _ = await recorded(line, SPEAKS, Record(max_duration_ms=500), second)

    assert len(await sound(line, ref)) == 8 * 500


async def test_a_call_that_ends_ends_its_recording(line: Rig) -> None:
    ref, count = await recorded(line, SPEAKS, Record(max_silence_ms=60_000), max_duration_s=2)

    assert count == 1
    assert len(await sound(line, ref)) == 8 * (2000 - BEEP_MS)


async def test_every_record_has_its_own_recording(line: Rig, second: Clip) -> None:
    short, long = Record(max_duration_ms=500), Record(max_duration_ms=1000)
    ref, count = await recorded(line, SPEAKS, short, second, long)

    assert count == 2
    assert [len(await sound(line, ref, n)) for n in (1, 2)] == [4000, 8000]
    assert await line.carrier.recording(ref, 3) is None
    assert await line.carrier.recording(ref, 0) is None
    assert await line.carrier.recording("never", 1) is None


async def test_a_key_ends_a_recording_and_answers_nothing(line: Rig, second: Clip) -> None:
    call = line.call(PLAIN, (Record(max_silence_ms=60_000, finish_keys="*#"), second))
    await line.carrier.place(call)
    await line.until_status(call.ref, CallStatus.RINGING)
    await line.post(f"/simulator/phones/{PLAIN}/answer")

    async def presses() -> bool:
        """Until the beep is over, keys do nothing."""
        await line.post(f"/simulator/phones/{PLAIN}/keys", digits="#")
        return any(event.status.is_final for event in line.of(call.ref))

    await eventually(presses)
    end = await line.until_over(call.ref)
    assert end.recordings <= 1  # none if the key came right with the end of the beep
    assert end.heard_ms == 1000
    assert end.at_ms - line.of(call.ref)[0].at_ms < 30_000


async def test_the_phone_hears_the_beep(line: Rig) -> None:
    ref, _ = await recorded(line, LISTENS, Record(max_silence_ms=200))

    heard = np.frombuffer(await line.heard(ref), "<i2")
    assert np.abs(heard[: 8 * BEEP_MS]).max() > 5000
    assert not heard[8 * BEEP_MS :].any()


# The shop


@pytest.fixture(scope="module")
def speech_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("speech")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(
    tmp_path_factory: pytest.TempPathFactory, speech_dir: Path
) -> AsyncIterator[ShopServer]:
    """A shop that records."""
    folder = tmp_path_factory.mktemp("records")
    settings = settings_for(folder, speech_dir, voice={"recordings": True, "recording_days": 7})
    async with running_shop(settings) as opened:
        yield opened


async def asked(shop: ShopServer, number: str = SPEAKS, plan: str = ASKED) -> dict[str, Any]:
    """A call with that plan, over."""
    client = await VoiceClient.with_balance(shop)
    placed = await client.data("POST", f"{PLAN}?to=%2B{number[1:]}&maxMinutes=1", plan)
    return await client.until_over(placed["callId"])


async def attempt_of(shop: ShopServer, call: dict[str, Any]) -> Attempt:
    def find(tx: Tx) -> Attempt:
        row = calls.by_sid(tx, call["callId"])
        assert row is not None
        found = calls.present_attempt(tx, row.order_id)
        assert found is not None
        return found

    return await shop.shop.db.read(find)


async def account_of(shop: ShopServer, order_id: str) -> str:
    def find(tx: Tx) -> str:
        statement = f"SELECT account_id FROM orders WHERE id = '{order_id}'"
        return str(tx.conn.exec_driver_sql(statement).scalar_one())

    return await shop.shop.db.read(find)


async def kept_recording(shop: ShopServer, order_id: str) -> Recording:
    async def probe() -> list[Recording]:
        return await shop.shop.db.read(recordings.of_order, order_id)

    (found,) = await eventually(probe)
    return found


@pytest.mark.asyncio(loop_scope="module")
async def test_a_recording_is_kept_for_its_buyer_and_nobody_else(shop: ShopServer) -> None:
    call = await asked(shop)
    order_id = (await attempt_of(shop, call)).order_id

    found = await kept_recording(shop, order_id)

    account = await account_of(shop, order_id)
    wav = read_wav(await kept.read(shop.shop, account, found.id))
    assert wav.duration_ms == found.duration_ms == 5000
    assert np.abs(np.frombuffer(wav.pcm, "<i2")).max() > 5000
    for other, name in ((LISTENER_ACCOUNT, found.id), (account, "RE" + "0" * 32), (account, "")):
        with pytest.raises(NotFound):
            await kept.read(shop.shop, other, name)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_call_without_record_has_no_recording(shop: ShopServer) -> None:
    call = await asked(shop, plan="<plan><say>Listen.</say></plan>")

    attempt = await attempt_of(shop, call)
    found = await shop.shop.db.read(recordings.of_order, attempt.order_id)
    is_expected = await shop.shop.db.read(jobs.exists, f"recordings:{attempt.ref}")
    assert (found, is_expected) == ([], False)


@pytest.mark.asyncio(loop_scope="module")
async def test_only_the_carrier_of_a_call_tells_of_it(shop: ShopServer) -> None:
    order_id = await asked(shop)
    attempt = await attempt_of(shop, order_id)
    reported = CallEvent(attempt.ref, attempt.last_seq + 1, 0, CallStatus.COMPLETED)

    assert await shop.shop.db.tx(apply_event, reported, "answered", carrier="another")
    assert await attempt_of(shop, order_id) == attempt

    assert await shop.shop.db.tx(apply_event, reported, "answered", carrier=attempt.carrier)
    assert (await attempt_of(shop, order_id)).last_seq == reported.seq


@pytest.mark.asyncio(loop_scope="module")
async def test_an_end_reported_twice_is_recorded_once(shop: ShopServer) -> None:
    attempt = await attempt_of(shop, await asked(shop))
    await kept_recording(shop, attempt.order_id)
    end = CallEvent(attempt.ref, attempt.last_seq, 0, CallStatus.COMPLETED, recordings=1)

    await shop.shop.db.tx(apply_event, end, "answered", carrier=attempt.carrier)

    assert not await shop.shop.db.read(jobs.exists, f"recordings:{attempt.ref}")
    await kept_recording(shop, attempt.order_id)


async def test_a_recording_is_forgotten_when_its_days_are_over(
    tmp_path: Path, speech_dir: Path
) -> None:
    settings = settings_for(
        tmp_path / "shop", speech_dir, voice={"recordings": True, "recording_days": 7}
    )
    async with running_shop(settings) as shop:
        order_id = (await attempt_of(shop, await asked(shop))).order_id
        found = await kept_recording(shop, order_id)
        await kept.purge_recordings(shop.shop)
        assert await shop.shop.db.read(recordings.sound_of, found.id)

        await shop.advance(8 * DAY_S)

        async def is_gone() -> bool:
            return not await shop.shop.db.read(recordings.of_order, order_id)

        await eventually(is_gone)
        await kept.purge_recordings(shop.shop)
        assert not await shop.shop.db.read(recordings.sound_of, found.id)


async def test_a_shop_that_does_not_record_says_so_and_charges_nothing(
    tmp_path: Path, speech_dir: Path
) -> None:
    async with running_shop(settings_for(tmp_path / "shop", speech_dir)) as shop:
        client = await VoiceClient.with_balance(shop)
        before = await client.balance()

        answer = await client.ask("POST", f"{PLAN}?to=%2B{SPEAKS[1:]}", ASKED)

        assert answer.status_code == 400
        assert "RECORDING_OFF" in str(assert_refused(answer))
        assert await client.balance() == before
