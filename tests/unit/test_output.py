"""What the command line says when something went wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from ringbolt.cli.exit_codes import EXIT_USAGE
from ringbolt.cli.output import fail, print_facts, print_table
from ringbolt.cli.run import log_errors_to_stderr


@pytest.fixture
def unconfigured_log() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("words", ["no [calls] section", "the server says [/x]", "[red]stop"])
def test_an_error_is_shown_as_it_is_whatever_brackets_it_holds(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fail(words, EXIT_USAGE) == EXIT_USAGE

    assert capsys.readouterr().err == f"error: {words}\n"


@pytest.mark.usefixtures("unconfigured_log")
def test_what_a_part_logs_is_not_in_the_result_of_a_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_errors_to_stderr()
    log = structlog.get_logger("ringbolt.numbers")
    log.warning("no more numbers are sold")
    log.error("the store is gone")

    written = capsys.readouterr()
    assert (written.out, "the store is gone" in written.err) == ("", True)
    assert "no more numbers" not in written.err


STEERING = "\x1b]0;gone\x07 [red]no[/x] \x9b2J \u202egnp.exe\n\u2066 é 日本 \U0001f600"
SHOWN = "\ufffd]0;gone\ufffd [red]no[/x] \ufffd2J \ufffdgnp.exe\ufffd\ufffd é 日本 \U0001f600"


def test_what_strangers_wrote_neither_steers_the_terminal_nor_breaks_a_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    print_table("Carriers", ["reason"], [[STEERING]])
    print_facts({"reason": STEERING})

    written = capsys.readouterr().out
    assert written.count(SHOWN) == 2
    assert not set("\x1b\x07\x9b\u202e\u2066") & set(written)
