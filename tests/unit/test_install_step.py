"""What a newcomer sees while ``make demo`` installs."""

from __future__ import annotations

import io
import sys

from tools.install_step import run

PIP = """
print("Collecting numpy==2.3 (from -r requirements.lock)")
for n in range(9): print(f"Collecting p{n}")
print("Installing collected packages: all of them")
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(script: str, out: io.StringIO) -> tuple[int, str]:
    code = run("2/3 packages", 12, [sys.executable, "-c", script], out)
    return code, out.getvalue()


def test_in_a_pipe_progress_is_a_line_now_and_then() -> None:
    code, text = shown(PIP, io.StringIO())

    lines = text.splitlines()
    assert code == 0
    assert lines[:3] == [
        "  2/3 packages: ...", "  2/3 packages: 10 of about 12: p8", "  2/3 packages: unpacking",
    ]  # fmt: skip
    assert lines[3].startswith("  2/3 packages: done after ")


def test_on_a_terminal_each_package_is_shown_on_one_line() -> None:
    _, text = shown(PIP, Terminal())

    assert "1 of about 12: numpy" in text
    assert text.count("\n") == 1


def test_what_fails_is_said_with_its_output() -> None:
    code, text = shown("print('no such package'); raise SystemExit(3)", io.StringIO())

    assert code == 3
    assert "failed after" in text
    assert text.endswith("no such package\n")
