"""The families' words for errors of the shop: names of fields, sentences, suggestions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.words import Words
from ringbolt.api.l402.words import WORDS as L402
from ringbolt.api.orders.words import WORDS as ORDERS
from ringbolt.api.voice.dialect import STYLE
from ringbolt.api.voice.words import word as voice_word
from ringbolt.core.errors import Conflict, InvalidInput, NotFound, Role
from ringbolt.core.phone import parse_destination

SOURCE = Path(__file__).parents[2] / "src" / "ringbolt"
BELOW_THE_FAMILIES = (
    "app", "core", "lightning", "mail", "numbers", "registry", "sms", "speech", "store", "upstream",
    "voice",
)  # fmt: skip
FAMILY_WORDS = (
    "phone_number", "audio_url", "duration_minutes", "callback_url", "sayText", "maxMinutes",
    "webhookUrl", "realphone", "isRental", "X-API-Key", "/fund", "/getServices", "/orderstatus",
    "/createorder", "orderId",
)  # fmt: skip
WORDS = Words(
    fields={Role.TEXT: "message", Role.WEBHOOK: "tell"},
    labels={Role.WEBHOOK: "The webhook URL"},
    sentences={"GONE": "again: {number} is gone."},
    suggestions={"Look at it.": "GET /it.", "GONE": "Leave {number} out."},
)


def _no_number() -> InvalidInput:
    with pytest.raises(InvalidInput) as refused:
        parse_destination("0", scripted_allowed=False)
    return refused.value


def test_what_is_at_fault_is_called_by_the_familys_name() -> None:
    assert _no_number().message == "The destination is not in E.164 format: '0'."
    assert L402.word(_no_number()).message == "phone_number is not in E.164 format: '0'."
    assert L402.word(_no_number()).field == "phone_number"
    assert ORDERS.word(_no_number()).message == "phone is not in E.164 format: '0'."
    assert ORDERS.word(_no_number()).field == "phone"


def test_the_client_reads_the_name_that_it_wrote() -> None:
    worded = voice_word(_no_number(), Fields(STYLE, {"to": "0"}, names={"to": "recipient"}))

    assert worded.message == "recipient (to) is not in E.164 format: '0'."
    assert worded.field == "recipient"


@pytest.mark.parametrize(
    ("values", "field"), [({"sayText": "Hello"}, "sayText"), ({"plan": "<plan/>"}, "plan")]
)
def test_a_text_stands_where_the_request_has_it(values: dict[str, str], field: str) -> None:
    refused = InvalidInput("It is not spoken.", role=Role.TEXT)

    assert voice_word(refused, Fields(STYLE, values)).field == field


def test_a_sentence_that_does_not_name_the_field_gets_its_name() -> None:
    worded = WORDS.word(InvalidInput("It holds a link.", role=Role.TEXT))

    assert (worded.message, worded.named) == ("It holds a link.", "message: It holds a link.")


def test_only_what_is_wrong_in_the_request_gets_the_name_of_a_field() -> None:
    assert WORDS.word(Conflict("It is taken.", role=Role.TEXT)).named == "It is taken."


def test_a_family_may_have_another_label_than_its_field() -> None:
    worded = WORDS.word(InvalidInput.about(Role.WEBHOOK, "cannot be used."))

    assert worded.named == "tell: The webhook URL cannot be used."


def test_a_name_that_the_family_gave_stays() -> None:
    error = InvalidInput.about(Role.WEBHOOK, "cannot be used.")
    error.call_it("statusHook", "status (statusHook)")

    worded = WORDS.word(error)

    assert (worded.field, worded.message) == ("statusHook", "status (statusHook) cannot be used.")


def test_sentences_and_suggestions_are_filled_in() -> None:
    worded = WORDS.word(Conflict("It is gone.", code="GONE", suggestion="Ask.", number="{+1}"))

    assert (worded.message, worded.suggestion) == ("again: {+1} is gone.", "Leave {+1} out.")


def test_a_suggestion_may_be_worded_by_itself() -> None:
    assert WORDS.word(NotFound("No.", suggestion="Look at it.")).suggestion == "GET /it."
    assert WORDS.word(NotFound("No.", suggestion="Try {again}.")).suggestion == "Try {again}."


def _texts(path: Path) -> list[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documented
    ]


def _others(path: Path) -> frozenset[str]:
    """Words that a far end has for its own fields, or that operators write for it."""
    words = {"sms/http": {"callback_url"}, "sms/twilio": {"phone_number"}}
    return frozenset(words.get(str(path.parent.relative_to(SOURCE)), ()))


def test_nothing_below_the_families_says_a_word_of_theirs() -> None:
    files = [path for room in BELOW_THE_FAMILIES for path in (SOURCE / room).rglob("*.py")]
    found = [
        f"{path.relative_to(SOURCE)}:{line}: {word}"
        for path in files
        if "migrations" not in path.parts
        for line, text in _texts(path)
        for word in FAMILY_WORDS
        if word in text and text != word and word not in _others(path)
    ]

    assert len(files) > 150
    assert "\n".join(found) == ""


def test_nothing_below_the_families_names_a_field_of_theirs() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for room in BELOW_THE_FAMILIES
        for path in (SOURCE / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and any(keyword.arg == "field" for keyword in node.keywords)
        and any(keyword.arg in ("code", "suggestion") for keyword in node.keywords)
    ]

    assert found == []
