"""What speaking costs: CPU and wall seconds per second of audio, first and later, and memory.

    python benchmarks/speech.py [--json]

Each text is new (nothing comes from the cache, but for the last row). CPU is that of the speech
process, read from ``/proc``; Linux only.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from ringbolt.speech.engine import SpeechRequest
from ringbolt.speech.speaker import LocalSpeaker

ENGLISH = (
    "Hello, this is a reminder of your appointment on Friday at half past three in the afternoon. "
    "Please bring your papers with you, and call us if you cannot come. "
)
TEXTS = (
    ("English, first text of the process", ENGLISH, "Joanna"),
    ("English, later", "Good morning. " + ENGLISH, "Joanna"),
    ("English, 500 characters", ("Again: " + ENGLISH * 4)[:500], "Joanna"),
    ("English, male", ENGLISH, "Matthew"),
    ("Arabic, first of the process", "مرحبا، هذا تذكير بموعدك يوم الجمعة الساعة الثالثة", "Zeina"),
    ("Arabic, later", "صباح الخير، طلبك جاهز ويمكنك استلامه اليوم من المكتب الرئيسي", "Zeina"),
    ("French", "Bonjour, votre rendez-vous est vendredi à quinze heures trente.", ""),
    ("Chinese", "您好，提醒您星期五下午三点半有预约。", ""),
    ("English, from the cache", ENGLISH, "Joanna"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cost:
    what: str
    audio_s: float
    wall_s: float
    cpu_s: float
    cpu_per_audio_s: float
    child_mb: float


def cpu_seconds(pid: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def measure(speaker: LocalSpeaker, what: str, text: str, voice: str) -> Cost:
    before = sum(map(cpu_seconds, speaker.pool.pids))
    start = time.perf_counter()
    speech = await speaker.speak(SpeechRequest(text, voice))
    wall = time.perf_counter() - start
    cpu = sum(map(cpu_seconds, speaker.pool.pids)) - before
    audio = speech.duration_ms / 1000
    memory = sum(map(resident_mb, speaker.pool.pids))
    return Cost(what, audio, round(wall, 4), round(cpu, 2), round(cpu / audio, 4), round(memory))


async def run() -> list[Cost]:
    with tempfile.TemporaryDirectory() as folder:
        speaker = LocalSpeaker(Path(folder), timeout_s=60)
        try:
            return [await measure(speaker, *row) for row in TEXTS]
        finally:
            await speaker.close()


def main() -> None:
    costs = asyncio.run(run())
    parent = resident_mb(os.getpid())
    if "--json" in sys.argv[1:]:
        print(json.dumps({"parent_mb": parent, "costs": [asdict(cost) for cost in costs]}))
        return
    print(f"{'':36}{'audio s':>9}{'wall s':>9}{'CPU s':>8}{'CPU/audio':>11}{'child MB':>10}")
    for cost in costs:
        print(
            f"{cost.what:36}{cost.audio_s:9.2f}{cost.wall_s:9.4f}{cost.cpu_s:8.2f}"
            f"{cost.cpu_per_audio_s:11.4f}{cost.child_mb:10.0f}"
        )
    print(f"parent: {parent:.0f} MB")


if __name__ == "__main__":
    main()
