"""The line of each step of an order: what an operator asks about, and nothing about people."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from ringbolt.core.order import Step
from ringbolt.order_log import order_log
from ringbolt.settings import LogSettings

ORDER = "8c2c90a7d1e64f3b" * 4
KEY = b"k" * 32


def lines(steps: Iterable[Step], capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    log = order_log(LogSettings(format="json"), KEY)
    assert log is not None
    log(list(steps))
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_step_is_one_line_with_what_an_operator_asks(capsys: pytest.CaptureFixture[str]) -> None:
    begun = Step(ORDER, "call", "", "paid", "paid with L402", "", None)
    asked = Step(ORDER, "call", "paid", "dispatching", "asking trunk", "trunk", 41)

    first, second = lines([begun, asked], capsys)

    assert second.pop("timestamp").endswith("Z")
    assert second == {
        "event": "order", "order": ORDER[:12], "kind": "call", "from": "paid", "to": "dispatching",
        "cause": "asking trunk", "part": "trunk", "ms": 41, "level": "info",
    }  # fmt: skip
    assert (first["from"], "ms" in first, "part" in first) == ("", False, False)


def test_a_number_in_a_cause_cannot_be_read_from_the_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    why = f"+12025550123 did not answer, Bearer {ORDER}, order {ORDER}"
    (line,) = lines([Step(ORDER, "sms", "paid", "failed", why, "", 1)], capsys)

    assert "2025550123" not in line["cause"]
    assert ORDER[:13] not in line["cause"]


@pytest.mark.parametrize("level", ["warning", "error"])
def test_nothing_is_made_for_a_level_that_does_not_show_it(level: Any) -> None:
    assert order_log(LogSettings(level=level), KEY) is None


def test_an_order_goes_on_if_nobody_reads_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    log = order_log(LogSettings(format="json"), KEY)
    assert log is not None

    class Closed:
        tries = 0

        def write(self, _: str) -> None:
            self.tries += 1
            raise BrokenPipeError

    closed = Closed()
    monkeypatch.setattr("sys.stderr", closed)
    log([Step(ORDER, "call", "", "paid", "ordered", "", None)])

    assert closed.tries == 1
