"""All that a call may say: also what is spoken only if a file cannot be played."""

from __future__ import annotations

import pytest

from ringbolt.app.requests.spoken import heard, spoken_texts
from ringbolt.core.calls.call import Gather, Play, Say, Step
from ringbolt.core.commands import CallOrder
from ringbolt.core.texts.content_rules import denied_word, sameness

FILE = "https://a.example/menu.wav?n=1"


def call(*steps: Step, message: str = "", audio_url: str = "") -> CallOrder:
    return CallOrder("+12025550123", 1, message, audio_url, steps=steps)


@pytest.mark.parametrize(
    "order",
    [
        call(message="To the casino"),
        call(Say("To the casino")),
        call(Play(FILE, fallback=Say("To the casino"))),
        call(Gather((Play(FILE, fallback=Say("To the casino")),))),
        call(Say("Hello"), Gather((Say("To the casino"),))),
        call(Say("<speak>To the c<say-as interpret-as='characters'>asino</say-as></speak>")),
        call(Say("<speak>To the <say-as interpret-as='characters'>casino</say-as></speak>")),
        call(Say("c a s"), Say("i n o")),
    ],
)
def test_every_text_of_a_call_is_looked_at(order: CallOrder) -> None:
    assert denied_word(["casino"], spoken_texts(order)) == "casino"


def test_texts_that_only_meet_make_no_word() -> None:
    order = call(Say("Call lo"), Say("an hour later"))

    assert denied_word(["loan"], spoken_texts(order)) is None


def test_what_is_no_valid_markup_is_looked_at_as_it_came() -> None:
    assert spoken_texts(call(message="<speak>casino")) == ("<speak>casino",)


def test_the_same_words_are_heard_whichever_way_they_are_ordered() -> None:
    said = sameness(heard(call(message="Your duty is due 12")))

    assert sameness(heard(call(Say("Your duty is due 7")))) == said
    assert sameness(heard(call(Say("<speak>Your duty <break/> is due 7</speak>")))) == said
    assert sameness(heard(call(Gather((Say("Your DUTY is due 7"),))))) == said


def test_a_file_is_the_same_with_another_query() -> None:
    other = FILE.replace("n=1", "n=2")

    assert heard(call(audio_url=FILE)) == heard(call(audio_url=other)) == ("a.example/menu.wav",)
    assert heard(call(audio_url=FILE)) != heard(call(audio_url="https://a.example/other.wav"))
