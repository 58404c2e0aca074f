"""Calls written as XML plans."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringbolt.core.calls.call import Gather, Hangup, Pause, Play, Record, Say
from ringbolt.core.calls.plan import MAX_BYTES, parse_plan
from ringbolt.core.commands import CallOrder, from_json, to_json
from ringbolt.core.errors import InvalidInput
from ringbolt.core.order import OrderKind

WHOLE = b"""<?xml version="1.0" encoding="utf-8"?>
<Response>
  <SAY Reps="2" xml:lang="en" Voice="Joanna" NEURAL="true">Hello   &amp; welcome</SAY>
  <!-- the menu -->
  <play URL="https://example.com/menu.wav" reps="3"/>
  <gather numDigits="1" finishOnKey="*" timeout="2.5">
    <say>Press one.</say><pause/><play>https://example.com/beep.wav</play>
  </gather>
  <pause length="500ms"/>
  <record terminateOn="1#" maxSilence="3" maxDuration="60" format="WAV"/>
  <hangup/>
</Response>"""


def refusal_of(plan: str | bytes) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parse_plan(plan)
    assert caught.value.code == "INVALID_PLAN"
    return caught.value


def test_every_verb_is_read_whatever_the_case_of_its_name() -> None:
    assert parse_plan(WHOLE) == (
        Say("Hello & welcome", "Joanna", "en", neural=True, repeat=2),
        Play("https://example.com/menu.wav", 3),
        Gather(
            (Say("Press one."), Pause(1000), Play("https://example.com/beep.wav")),
            1,
            "*",
            2500,
        ),
        Pause(500),
        Record("1#", 3000, 60_000),
        Hangup(),
    )


def test_what_a_plan_leaves_out_has_defaults() -> None:
    plan = "<plan><say>Hi</say><gather/><pause/><record/></plan>"
    assert parse_plan(plan) == (
        Say("Hi"),
        Gather((), 32, "#", 5000),
        Pause(1000),
        Record("#", 5000, 0),
    )


def test_one_verb_needs_no_element_around_it() -> None:
    assert parse_plan("<say>Hi</say>") == (Say("Hi"),)


def test_markup_inside_of_say_becomes_ssml() -> None:
    (said,) = parse_plan('<say>One <break time="1s"/> &lt;two&gt;</say>')
    assert said == Say('<speak>One <break time="1s"></break> &lt;two&gt;</speak>')


def test_a_whole_speak_element_inside_of_say_stays_one() -> None:
    (said,) = parse_plan('<say> <speak xml:lang="fr">Un <s>deux</s></speak> </say>')
    assert said == Say('<speak xml:lang="fr">Un <s>deux</s></speak>')


def test_ssml_in_character_data_is_checked_too() -> None:
    assert parse_plan("<say><![CDATA[<speak>Hi</speak>]]></say>") == (Say("<speak>Hi</speak>"),)
    assert "closes an element" in refusal_of("<say><![CDATA[<speak>Hi</s>]]></say>").message


def test_a_plan_becomes_the_steps_of_an_order_and_back() -> None:
    order = CallOrder("+14155550123", 30, steps=parse_plan(WHOLE))
    assert from_json(OrderKind.CALL, to_json(order)) == order
    assert order.script(0) == parse_plan(WHOLE)


@pytest.mark.parametrize(
    ("plan", "reported"),
    [
        ("", "ends before"),
        ("hello", "is no XML"),
        ("<plan/>", "no verb"),
        ("<plan><!-- nothing --></plan>", "no verb"),
        ("<plan>hello</plan>", "text between its elements"),
        ("<plan>\n<dial>1</dial></plan>", "<dial> is not a verb"),
        ("<plan>\n<dial>1</dial></plan>", "line 2"),
        ("<plan><say/></plan>", "<say> has no text"),
        ("<plan>\n\n<say loud='1'>x</say></plan>", "<say>: the attribute loud is not known"),
        ("<plan>\n\n<say loud='1'>x</say></plan>", "line 3"),
        ("<plan nr='1'><say>x</say></plan>", "the attribute nr is not known"),
        ("<say reps='1' REPS='2'>x</say>", "given twice"),
        ("<say lang='en' language='fr'>x</say>", "given twice"),
        ("<say reps='0'>x</say>", "reps is 1 to 10"),
        ("<say reps='11'>x</say>", "reps is 1 to 10"),
        ("<say reps='many'>x</say>", "a whole number"),
        ("<say reps='٣'>x</say>", "a whole number"),
        ("<say neural='maybe'>x</say>", "true or false"),
        ("<say voice='" + "x" * 65 + "'>x</say>", "longer than 64"),
        ("<say>a\n<break time='99s'/></say>", "a break of 99 s"),
        ("<say>a\n<break time='99s'/></say>", "line 2"),
        ("<say>x</say><say>y</say>", "after its outermost element"),
        ("<say>fish & chips</say>", "&amp;"),
        ("<say>x</hangup>", "closes an element"),
        ("<play/>", "needs a url"),
        ("<play url='file:///etc/passwd'/>", "needs a url"),
        ("<play url='https://a.example/1'>https://a.example/2</play>", "two files"),
        ("<pause length='-1'/>", "0.1 to 60 seconds"),
        ("<pause length='1e9'/>", "0.1 to 60 seconds"),
        ("<pause length='NaN'/>", "a number of seconds"),
        ("<pause length='soon'/>", "a number of seconds"),
        ("<pause>x</pause>", "has text"),
        ("<gather>Press one</gather>", "put what is spoken into <say>"),
        ("<gather><record/></gather>", "cannot stand in a gather"),
        ("<gather><gather/></gather>", "cannot stand in a gather"),
        ("<gather><dial/></gather>", "is not a verb"),
        ("<gather finishOnKey='ab'/>", "0 to 9, * and #"),
        ("<gather finishOnKey='##'/>", "0 to 9, * and #"),
        ("<gather numDigits='33'/>", "1 to 32"),
        ("<gather numDigits='3' maxDigits='4'/>", "mean the same"),
        ("<record format='mp3'/>", "records as wav"),
        ("<record><say>x</say></record>", "<record> cannot hold <say>"),
        ("<hangup now='1'/>", "the attribute now is not known."),
        ("<say>\ud800</say>", "UTF-8"),
        (b"<say>\xff</say>", "UTF-8"),
        ("<plan>".encode("utf-16"), "UTF-8"),
        ("<plan>" + "<say>x</say>" * 51 + "</plan>", "51 steps"),
        ("<gather>" + "<say>x</say>" * 50 + "</gather>", "51 steps"),
        ("<a>" * 5000, "20 deep"),
        ("<say>" + "x" * MAX_BYTES + "</say>", "longer than 64 KB"),
    ],
)
def test_a_plan_that_cannot_be_done_is_refused_in_plain_words(plan: str, reported: str) -> None:
    assert reported in refusal_of(plan).message


BOMBS = [
    '<!DOCTYPE plan [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><plan><say>&b;</say></plan>',
    '<!DOCTYPE plan [<!ENTITY x SYSTEM "file:///etc/passwd">]><say>&x;</say>',
    '<!DOCTYPE plan SYSTEM "http://127.0.0.1/x.dtd"><say>x</say>',
    '<!DOCTYPE plan [<!ENTITY % x SYSTEM "http://127.0.0.1/"> %x;]><say>x</say>',
    "<say>&undefined;</say>",
]


@pytest.mark.parametrize("plan", BOMBS)
def test_entities_and_document_types_are_refused_unread(plan: str) -> None:
    assert any(word in refusal_of(plan).message for word in ("DOCTYPE", "an entity"))


TAGS = "<plan> </plan> <say> </say> <gather> </gather> <pause/> <record/> <hangup/> <play/> <speak>"
SIGNS = "</speak> <break/> text & &amp; &#0; <![CDATA[ ]]> <!-- --> <?xml?> <!DOCTYPE ' < > = /"
PIECES = st.sampled_from(
    [
        *TAGS.split(),
        *SIGNS.split(),
        "<play url='https://e.org/'/>",
        "<say reps='2'>",
        "\ufeff",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=12).map("".join), st.binary(max_size=60), st.text()))
def test_whatever_comes_is_a_script_or_refused(plan: str | bytes) -> None:
    try:
        script = parse_plan(plan)
    except InvalidInput as error:
        assert error.code == "INVALID_PLAN"
    else:
        assert script
