"""CPU time of reading the code out of a text, and of masking it.

    python benchmarks/texts.py

Texts of 1,600 signs: the labelled texts in a row, each once, each with forty codes and amounts more
than any sender writes, and signs repeated that make the reading slow. A time is the best of several
rounds of thread CPU time, so that a busy machine does not matter much.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from ringbolt.core.texts.codes import extract_code
from ringbolt.core.texts.plain import MAX_CHARS
from ringbolt.core.texts.redact import masked
from support.hostile_texts import HOSTILE
from support.labelled_texts import PARTS, labelled_texts

ROUNDS = 5
IN_A_ROW = 40
GOAL_MS = 2.0


def cpu_ms(operation: Callable[[str], object], text: str) -> float:
    """Thread CPU milliseconds of one call, at its best."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.thread_time()
        operation(text)
        best = min(best, time.thread_time() - start)
    return best * 1e3


def long_texts() -> list[str]:
    """What people get, as long as a text is read."""
    texts = [each.text for part in PARTS for each in labelled_texts(part)]
    return [" ".join(texts[at : at + IN_A_ROW])[:MAX_CHARS] for at in range(0, len(texts), 20)]


def padded_texts() -> list[str]:
    """One message with a letter behind it, as banks and shops write them."""
    letter = "We are open from Monday to Friday. Please read the notes on our page, and stay safe. "
    texts = [each.text for each in labelled_texts("development")]
    return [(text + "\n" + letter * 20)[:MAX_CHARS] for text in texts[::10]]


def hostile_texts() -> list[str]:
    return [(piece * MAX_CHARS)[:MAX_CHARS] for piece in HOSTILE]


def main() -> None:
    kinds = {"one message": padded_texts(), "many": long_texts(), "hostile": hostile_texts()}
    for name, operation in (("reading", extract_code), ("masking", masked)):
        for kind, texts in kinds.items():
            times = sorted(cpu_ms(operation, text) for text in texts)
            p99 = times[int(len(times) * 0.99)]
            note = "" if p99 <= GOAL_MS else f"  above {GOAL_MS} ms"
            print(f"{name:8} {kind:12} p50 {times[len(times) // 2]:.2f}  p99 {p99:.2f} ms{note}")


if __name__ == "__main__":
    main()
