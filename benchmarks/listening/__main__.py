"""Whether a call is understood: sentences are spoken by paid calls, and recognised at the phone.

    python -m benchmarks.listening [--kind money ...] [--every N] [--wide] [--verbose]

Each sentence of ``sentences.csv`` goes the whole way: bought over L402, read, spoken, levelled,
coded as G.711 by the simulated carrier and recorded by its phone. What a recogniser makes of the
recording is compared with what should be heard: the numbers, amounts, times, addresses and keys
exactly, the rest by its words. ``--wide`` leaves the telephone out (16 kHz from the engine), which
distinguishes a sentence that is read wrongly from one that is misheard.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.listening.calls import telephone
from benchmarks.listening.recogniser import Recogniser
from benchmarks.listening.score import (
    SENTENCES,
    Result,
    Sentence,
    report,
    result,
    sentences,
    share,
    table,
)
from benchmarks.listening.wide import speak

GOAL = 0.98

Say = Callable[[Sentence], Awaitable[bytes]]
"""A sentence -> a WAV of it."""


async def listen(chosen: list[Sentence], say: Say, *, verbose: bool) -> list[Result]:
    """Say the sentences, and score what the recogniser makes of each."""
    recogniser, results = Recogniser(), []
    for sentence in chosen:
        results.append(result(sentence, recogniser.words_of(await say(sentence))))
        if verbose:
            print(report(results[-1]), flush=True)
    return results


@asynccontextmanager
async def by_telephone(voice: str) -> AsyncIterator[Say]:
    """Sentences are said in paid calls, by ``voice`` ('' for the usual one)."""
    with tempfile.TemporaryDirectory() as folder:
        async with telephone(Path(folder)) as phone:

            async def say(sentence: Sentence) -> bytes:
                fields = {"language": sentence.language, "voice": voice}
                return await phone.call(sentence.text, **{k: v for k, v in fields.items() if v})

            yield say


@asynccontextmanager
async def without_telephone() -> AsyncIterator[Say]:
    """Sentences are said by the engine alone, at 16 kHz."""

    async def say(sentence: Sentence) -> bytes:
        return await asyncio.to_thread(speak, sentence.text, sentence.language)

    yield say


async def run(options: argparse.Namespace) -> int:
    chosen = [
        each for each in sentences(options.file) if not options.kind or each.kind in options.kind
    ][:: options.every]
    begun = time.monotonic()
    async with without_telephone() if options.wide else by_telephone(options.voice) as say:
        results = await listen(chosen, say, verbose=options.verbose)
    print("\n".join(table(results)))
    cpu = sum(os.times()[:4])
    print(f"{time.monotonic() - begun:.0f} s, {cpu:.0f} s of CPU")
    failed = [each for each in results if each.lost]
    if failed and not options.verbose:
        print("\nNot heard exactly:")
        print("\n".join(map(report, failed)))
    return 0 if share(results) >= GOAL else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--file", type=Path, default=SENTENCES, help="another table of sentences")
    parser.add_argument("--kind", nargs="+", help="only sentences of these kinds")
    parser.add_argument("--every", type=int, default=1, help="only every N-th sentence")
    parser.add_argument("--voice", default="", help="who speaks, for example Matthew")
    parser.add_argument("--wide", action="store_true", help="the engine alone, at 16 kHz")
    parser.add_argument("--verbose", action="store_true", help="print every sentence")
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    raise SystemExit(main())
