"""The part of SSML that calls understand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringbolt.core.calls.ssml import Piece, Silence, is_ssml, parse_ssml
from ringbolt.core.errors import InvalidInput
from ringbolt.speech.language import refusal


def parts(inside: str) -> tuple[Piece | Silence, ...]:
    return parse_ssml(f"<speak>{inside}</speak>").parts


def words(inside: str) -> str:
    return parse_ssml(f"<speak>{inside}</speak>").text


def refusal_of(text: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parse_ssml(text)
    assert caught.value.code == "SSML_INVALID"
    return caught.value


@pytest.mark.parametrize(
    ("text", "ssml"),
    [
        ("<speak>Hi</speak>", True),
        ('  <speak xml:lang="en">', True),
        ('<?xml version="1.0"?>\n<speak>', True),
        ("<SPEAK>Hi</SPEAK>", True),
        ("\ufeff<speak>", True),
        ('\ufeff\n <?xml version="1.0"?><Speak version="1.1">', True),
        ("<!-- a --> <!-- <b> --><speak>", True),
        ("<!DOCTYPE speak><speak>", True),
        ('<!DOCTYPE speak PUBLIC "-//W3C//>" "x.dtd">\n<speak>', True),
        ("<!DOCTYPE speak [<!-- don't ] --><!ENTITY a ']>'>]><!-- b --><speak>", True),
        ("<!-- <speak>", False),
        ("<!-- a --> Hi <speak>", False),
        ("<!DOCTYPE html><html>", False),
        ("<speak", False),
        ("<speaker>", False),
        ("Write <speak> first", False),
        ("", False),
    ],
)
def test_text_that_begins_with_speak_is_markup(text: str, ssml: bool) -> None:
    assert is_ssml(text) is ssml


@pytest.mark.parametrize(
    "text",
    [
        "<SPEAK>Hi</SPEAK>",
        "\ufeff<speak>Hi</speak>",
        '\ufeff\n<?xml version="1.0" encoding="UTF-8"?>\n<!-- a --><Speak>Hi</Speak>\n',
    ],
)
def test_markup_is_read_in_any_case_and_after_its_prolog(text: str) -> None:
    assert parse_ssml(text).parts == (Piece("Hi"),)


@pytest.mark.parametrize("before", ["", "\ufeff ", '<?xml version="1.0"?><!-- a -->'])
def test_a_document_type_is_refused_rather_than_read_aloud(before: str) -> None:
    text = f"{before}<!DOCTYPE speak><speak>Hi</speak>"

    assert is_ssml(text)
    assert "DOCTYPE" in refusal_of(text).message


@pytest.mark.parametrize("opening", ["<!-- -->", "<!--", "<!DOCTYPE a [", "<??>", "<!DOCTYPE a>"])
@pytest.mark.parametrize("before", ["", "<!DOCTYPE a ["])
def test_a_prolog_without_end_is_looked_at_once(before: str, opening: str) -> None:
    assert not is_ssml(before + opening * 5000)


def test_plain_text_with_the_five_entities_is_one_piece() -> None:
    assert parts("Fish &amp; chips,\n  5 &lt; 6") == (Piece("Fish & chips, 5 < 6"),)


@pytest.mark.parametrize(
    ("element", "ms"),
    [
        ('<break time="500ms"/>', 500),
        ('<break time="1s"/>', 1000),
        ('<break time="1.5s"/>', 1500),
        ('<break time=".5s"/>', 500),
        ('<break time="+.25s"/>', 250),
        ('<break strength="x-strong"/>', 1000),
        ('<break strength="weak" time="2s"/>', 2000),
        ("<break/>", 500),
        ('<break time="10s"/>', 10_000),
        ('<break time="1s"/> <break time="1s"/>', 2000),
    ],
)
def test_a_break_is_silence_between_pieces(element: str, ms: int) -> None:
    assert parts(f"One {element} two") == (Piece("One"), Silence(ms), Piece("two"))


def test_a_key_alone_is_a_piece() -> None:
    assert parts("Press <break/> # <break/> now")[2] == Piece("#")
    assert refusal("<speak>*</speak>") == refusal("#") == ""


@pytest.mark.parametrize("text", ["<b></b>", "&nbsp;&nbsp;", "<br/><!-- hello -->", "&amp;&lt;"])
def test_markup_alone_is_no_text(text: str) -> None:
    assert refusal(text) == "There is no word or number in it."


def test_a_break_of_no_strength_joins_nothing_apart() -> None:
    assert parts('One <break strength="none"/>two') == (Piece("One two"),)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("digits", "4829", "4 8 2 9"),
        ("digits", "48291234", "4 8 2 9, 1 2 3 4"),
        ("characters", "ab1", "A B 1"),
        ("spell-out", "x7", "X 7"),
        ("telephone", "+1 (555) 010-4477", "+1, 5 5 5, 0 1 0, 4 4 7 7"),
        ("cardinal", "48291", "48291"),
        ("date", "2026-07-01", "2026-07-01"),
        ("ordinal", "3", "3"),
    ],
)
def test_say_as_decides_how_something_is_read(kind: str, text: str, said: str) -> None:
    assert words(f'<say-as interpret-as="{kind}">{text}</say-as>') == said


@pytest.mark.parametrize(("language", "said"), [("en-US", "48,291"), ("de", "48.291")])
def test_a_whole_number_in_a_known_language_is_never_taken_for_a_code(
    language: str, said: str
) -> None:
    text = '<say-as interpret-as="cardinal">48291</say-as>'
    assert words(f'<lang xml:lang="{language}">{text}</lang>') == said


@pytest.mark.parametrize(
    ("rate", "factor"),
    [
        ("slow", 0.75),
        ("x-slow", 0.5),
        ("fast", 1.25),
        ("X-FAST", 1.5),
        ("80%", 0.8),
        ("1.2", 1.2),
        ("+10%", 1.1),
        ("-10%", 0.9),
        ("medium", 1.0),
        ("5%", 0.5),
        ("900%", 2.0),
    ],
)
def test_prosody_sets_the_rate_within_what_can_be_understood(rate: str, factor: float) -> None:
    assert parts(f'<prosody rate="{rate}">Hi</prosody>') == (Piece("Hi", rate=factor),)


def test_rates_multiply_and_end_with_their_element() -> None:
    inner = '<prosody rate="50%">b</prosody>'
    assert parts(f'<prosody rate="150%">a {inner} c</prosody> d') == (
        Piece("a", rate=1.5),
        Piece("b", rate=0.75),
        Piece("c", rate=1.5),
        Piece("d"),
    )


def test_the_nearest_language_holds() -> None:
    text = 'Hello <lang xml:lang="fr-FR">bonjour <s xml:lang="de">hallo</s></lang> you'
    markup = parse_ssml(f'<speak xml:lang="en">{text}</speak>')
    assert markup.pieces == (
        Piece("Hello", "en"),
        Piece("bonjour", "fr-FR"),
        Piece("hallo", "de"),
        Piece("you", "en"),
    )


def test_paragraphs_are_apart_once() -> None:
    assert parts("<p>One.</p><p>Two.</p>")[:3] == (Piece("One."), Silence(600), Piece("Two."))


def test_an_alias_is_spoken_instead_and_emphasis_passes_its_text() -> None:
    assert words('<sub alias="for example">e.g.</sub> <emphasis level="strong">now</emphasis>') == (
        "for example now"
    )


def test_unknown_elements_pass_their_text_and_are_noted() -> None:
    markup = parse_ssml(
        '<speak>Hear <audio src="x.wav">this</audio> <prosody pitch="high">and that</prosody>'
        "<metadata>not this</metadata></speak>"
    )
    assert markup.parts == (Piece("Hear this and that"),)
    assert markup.notes == ("ssml_ignored: audio, prosody pitch, metadata",)


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("<speak>Hi", "ends before"),
        ("<speak>Hi</s>", "closes an element"),
        ("<speak>fish & chips</speak>", "&amp;"),
        ("<speak/>", "says nothing"),
        ("<speak> ... <break/></speak>", "says nothing"),
        ("<speech>Hi</speech>", "begins with <speech>"),
        ('<speak>Hi <break time="11s"/></speak>', "a break of 11 s"),
        ("<speak>Hi" + '<break time="9s"/>' * 4 + "</speak>", "more than 30 s"),
        ('<speak>Hi <break time="soon"/></speak>', "'soon'"),
        ('<speak>Hi <break time="-1s"/></speak>', "'-1s'"),
        ('<speak>Hi <break strength="mighty"/></speak>', "'mighty'"),
        ('<speak><prosody rate="warp">Hi</prosody></speak>', "'warp'"),
        ("<speak>" + "a<break/>" * 60 + "</speak>", "falls into 120 pieces"),
        ("<speak>" + "<s>" * 30 + "</speak>", "20 deep"),
        ("<speak>" + "x" * 70_000 + "</speak>", "longer than 64 KB"),
        ('<!DOCTYPE speak [<!ENTITY a "aa">]><speak>&a;</speak>', "DOCTYPE"),
        ("<speak>&a;</speak>", "an entity"),
        ("<speak>\n\n<break time='x'/></speak>", "line 3"),
    ],
)
def test_what_cannot_be_read_is_refused_in_plain_words(text: str, reported: str) -> None:
    assert reported in refusal_of(text).message


def test_what_cannot_be_spoken_is_known_before_anybody_pays() -> None:
    assert refusal("<speak>Hello</speak>") == ""
    assert "says nothing" in refusal("<speak>!</speak>")
    assert "Thai" in refusal("<speak>Hello <break/> สวัสดีครับ</speak>")


TAGS = "<p> </p> <s> </s> <break/> </say-as> </prosody> <x> </x> <!-- --> < & &amp;"
FRAGMENTS = st.sampled_from(
    [
        *TAGS.split(),
        '<break time="3s"/>',
        '<say-as interpret-as="digits">',
        '<prosody rate="9%">',
        '<lang lang="fr">',
        "word",
        "12",
        "é",
        " ",
        "\x00",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAGMENTS, max_size=12).map("".join).map("<speak>{}</speak>".format) | st.text())
def test_whatever_comes_is_pieces_or_refused(text: str) -> None:
    try:
        markup = parse_ssml(text)
    except InvalidInput as error:
        assert error.code == "SSML_INVALID"
    else:
        assert markup.pieces
        assert sum(p.ms for p in markup.parts if isinstance(p, Silence)) <= 100_000
