"""What counts as STOP and START in an answer to a text of ours."""

from __future__ import annotations

import pytest

from ringbolt.core.texts.opt_out import OptOut, opt_out_of


@pytest.mark.parametrize(
    "text",
    ["STOP", " stop. ", "Stop!", "Opt-out", "ARRÊT", "arret", "СТОП", "توقف", "停止", "Stop All"],
)
def test_one_word_that_asks_for_no_more_is_heeded(text: str) -> None:
    assert opt_out_of(text) is OptOut.STOP


@pytest.mark.parametrize("text", ["START", "unstop", "Subscribe."])
def test_one_word_that_asks_for_more_is_heeded(text: str) -> None:
    assert opt_out_of(text) is OptOut.START


@pytest.mark.parametrize("text", ["", "123456", "Please do not stop", "stop it", "the end is near"])
def test_anything_else_is_no_wish(text: str) -> None:
    assert opt_out_of(text) is None
