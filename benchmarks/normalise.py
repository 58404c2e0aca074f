"""What it costs to turn a text of 500 signs into words: CPU ms per text, p50, p99 and the worst.

    python -m benchmarks.normalise [--json]

Texts as people send them, in several languages, each read many times; and the worst that the fuzz
tests know. The words of a language are loaded before: that is measured apart.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from statistics import quantiles
from typing import Final

from ringbolt.speech.normalise import clean, read

SIGNS: Final = 500
_ROUNDS: Final = 200
TEXTS: Final = (
    ("en", "Your code is 4829. Call +1 (555) 010-4477 on 08/10/2025 at 3:30 pm, $20.50 or 5%. "),
    ("en", "Press * to repeat or # to end. Visit https://example.com/pay?x=1, 2800 160th Pl NE. "),
    ("en", "Hello, this is a reminder of your appointment on Friday in the afternoon. "),
    ("de", "Ihr Bestätigungscode: 4829. Am 30.11.2026 um 15:30 Uhr, 12,50 €, -5 °C, 10-12 km. "),
    ("fr", "Votre code est 4829, le 30/11/2026 à 15:30, 12,50 €, appelez le 01 23 45 67 89. "),
    ("ru", "Ваш код 4829, 30.11.2026 в 15:30, 12,50 €, 50 %, −5 °C, ул. Ленина, д. 5. "),
    ("ar", "رمز التحقق هو 4829 يوم 30/11/2026 الساعة 15:30 والمبلغ 50 €. "),
    ("zh", "您的验证码是4829，2026-11-30 15:30，50%，12.50元，请按#键。"),
    ("hi", "आपका कोड 4829 है, 30/11/2026 को 15:30 बजे, ₹1,25,000 और 50%। "),
)  # fmt: skip
WORST: Final = tuple(("en", part) for part in ("§5", "①", "$1", "#1", "1 000", "a-1.", "<", "*a"))


@dataclass(frozen=True, slots=True)
class Cost:
    what: str
    p50_ms: float
    p99_ms: float
    worst_ms: float


def cpu_ms(language: str, text: str) -> float:
    start = time.process_time()
    read(clean(text), language)
    return (time.process_time() - start) * 1000


def measure(what: str, texts: tuple[tuple[str, str], ...]) -> Cost:
    filled = [(language, (part * SIGNS)[:SIGNS]) for language, part in texts]
    for language, text in filled:
        read(clean(text), language)
    times = [cpu_ms(language, text) for _ in range(_ROUNDS) for language, text in filled]
    cuts = quantiles(times, n=100)
    return Cost(what, *(round(each, 2) for each in (cuts[49], cuts[98], max(times))))


def main() -> None:
    start = time.process_time()
    read("5 km", "en")
    load_ms = (time.process_time() - start) * 1000
    costs = [measure("as people send them", TEXTS), measure("the worst known", WORST)]
    if "--json" in sys.argv[1:]:
        print(json.dumps({"load_ms": round(load_ms), "costs": [asdict(cost) for cost in costs]}))
        return
    print(f"first text, rules and tables loaded: {load_ms:.0f} ms")
    for cost in costs:
        times = f"p50 {cost.p50_ms:6.2f}  p99 {cost.p99_ms:6.2f}  worst {cost.worst_ms:6.2f} ms"
        print(f"{cost.what:24} {times}")


if __name__ == "__main__":
    main()
