"""``ringbolt demo``: open a shop with play money, buy a call, listen to what the phone heard."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from ringbolt.cli.buyer.call_report import each_line_once
from ringbolt.cli.exit_codes import EXIT_FAILED, EXIT_OK
from ringbolt.cli.output import progress
from ringbolt_client import AsyncRingbolt, ClientError, PlayWallet

NUMBER = "+1234567890"
MESSAGE = (
    "Hello, this is Ringbolt. Your appointment is tomorrow at 3 PM. "
    "Press 1 and the pound key to confirm."
)
_AUDIO_WAIT_S = 10


class _Timeline:
    def __init__(self) -> None:
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        seconds = time.monotonic() - self._started
        print(f"  {seconds:6.2f} s  {text}", flush=True)


async def run_demo(url: str, wav_dir: Path) -> int:
    """Buy a call from the shop at ``url`` with its play-money wallet; the exit code."""
    line = _Timeline()
    print(f"\nA shop with play money is open at {url}. Buying a call to {NUMBER}:\n")
    shop = AsyncRingbolt(
        url, wallet=PlayWallet(url), max_sats=1000, state_dir=wav_dir.parent, tell=line.say
    )
    try:
        async with shop, httpx.AsyncClient(timeout=60) as http:
            line.say(f"POST {url}/api/l402/call")
            call = await shop.call(NUMBER, MESSAGE)
            line.say(f"call {call.id}")
            result = await call.wait(told=each_line_once(line.say, _line))
            path = await _save_audio(http, url, wav_dir, result.document["sid"])
    except (ClientError, httpx.HTTPError) as error:
        progress.print(f"The demo failed: {error}")
        return EXIT_FAILED
    report = result.document
    return _conclude(report, path)


def _line(document: Mapping[str, Any]) -> str:
    text = f"{document['status']}"
    if document["digits"]:
        text += f", keys pressed: {document['digits']}"
    return f"{text} (order {document['order_state']}, charged {document['charged_sats']} sats)"


async def _save_audio(http: httpx.AsyncClient, url: str, wav_dir: Path, sid: str) -> Path | None:
    """Keep the WAV of the newest call to the demo's number."""
    phone = (await http.get(f"{url}/simulator/phones/{NUMBER}")).json()
    call_id = phone["calls"][-1]["id"] if phone["calls"] else None
    deadline = time.monotonic() + _AUDIO_WAIT_S
    while call_id is not None and time.monotonic() < deadline:
        answer = await http.get(f"{url}/simulator/calls/{call_id}/audio.wav")
        if answer.status_code == 200:
            wav_dir.mkdir(parents=True, exist_ok=True)
            path = (wav_dir / f"{sid}.wav").absolute()
            path.write_bytes(answer.content)
            return path
        await asyncio.sleep(0.1)
    return None


def _conclude(report: Mapping[str, Any], path: Path | None) -> int:
    print(
        f"\nThe phone talked for {report['duration_seconds']} s, pressed "
        f"{report['digits'] or 'nothing'}, and the call cost {report['charged_sats']} sats."
    )
    if report["status"] != "completed" or path is None:
        progress.print(f"The demo failed: {report['status']} ({report['reason']}).")
        return EXIT_FAILED
    print("What the phone heard:\n")
    print(path)
    print("\nNext: 'make run' starts a shop that stays open; README.md shows how to use it.")
    return EXIT_OK
