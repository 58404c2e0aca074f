"""What the command line says when something went wrong."""

from __future__ import annotations

import pytest

from ringbolt.cli.exit_codes import EXIT_USAGE
from ringbolt.cli.output import fail


@pytest.mark.parametrize("words", ["no [calls] section", "the server says [/x]", "[red]stop"])
def test_an_error_is_shown_as_it_is_whatever_brackets_it_holds(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fail(words, EXIT_USAGE) == EXIT_USAGE

    assert capsys.readouterr().err == f"error: {words}\n"
