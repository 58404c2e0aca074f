"""A text is the same however it is written: for refused words, links, and what is sent to many."""

from __future__ import annotations

import pytest

from ringbolt.core.texts.content_rules import denied_word, is_of, is_short, link_hosts, sameness
from support.growth import LINEAR, growth, growth_of_text

WORDS = ("Casino", "loan")


@pytest.mark.parametrize(
    "text",
    [
        "The best casino in town",
        "ONLINECASINO24",
        "ｃａｓｉｎｏ",
        "ca\u200bsi\u200cno",
        "c\u00e0si\u0301no",
        "c\u0430sin\u043e",
        "ca\u00adsino",
        "c a s i n o",
        "C. A. S. I. N. O.",
        "cas-ino",
        "c_a_s_i_n_o",
        "ca\u3164si\u2800no",
        "ca\U000e0041sino",
        "\u202eonisac\u202c",
        "Win at the \u202eonis\u2066ca\u2069",
        "=?utf-8?b?Y2FzaW5v?=",
        "=?utf-8?q?cas?= =?iso-8859-1*en?Q?ino?=",
        "=?utf-8?q?=3D=3Futf-8=3Fb=3FY2FzaW5v=3F=3D?=",
        "=?utf-16?b?YwBhAHMAaQBuAG8A?=",
        "=?nobody-knows?q?casino?=",
        "=?utf-7?q?+AGMAYQBzAGkAbgBv-?=",
        "\U0001d4ec\U0001d4ea\U0001d4fc\U0001d4f2\U0001d4f7\U0001d4f8",
    ],
)
def test_a_refused_word_is_found_however_it_is_written(text: str) -> None:
    assert denied_word(WORDS, [text]) == "Casino"


@pytest.mark.parametrize(
    "text", ["Hello Andrew", "Your parcel comes today.", "cas ino", "", "A lo? An", "12 34"]
)
def test_what_is_not_said_is_not_found(text: str) -> None:
    assert denied_word(WORDS, [text]) is None


def test_a_word_that_is_written_strangely_in_the_list_is_found_too() -> None:
    assert denied_word(["C\u0430sin\u043e"], ["casino"]) == "C\u0430sin\u043e"


def test_empty_words_refuse_nothing() -> None:
    assert denied_word(["", "\u200b"], ["anything"]) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("https://a.example/ and www.b.example", 2),
        ("bit.ly/abc", 1),
        ("evil.xyz/login", 1),
        ("ht\u200btps://evil.example", 1),
        ("ｗｗｗ.evil.example", 1),
        ("3.5/5 and e.g./i.e. and/or 9.00/day", 0),
        ("Mail me: bob@example.com", 0),
    ],
)
def test_web_addresses_are_counted(text: str, number: int) -> None:
    assert len(link_hosts(text)) == number


@pytest.mark.parametrize(
    "text",
    [
        "t.co/abc",
        "https://bit.ly",
        "HTTPS://BIT.LY/x",
        "http://user@bit.ly:80/x",
        "http://www.bit.ly./x",
        "b\u200bit.ly/x",
        "ｂｉｔ.ly/x",
    ],
)
def test_where_an_address_leads_is_known(text: str) -> None:
    (host,) = link_hosts(text)

    assert is_of(host, ["bit.ly", "t.co"])


def test_a_domain_is_not_another_one_with_the_same_end() -> None:
    assert not is_of("rabbit.ly", ["bit.ly"])
    assert is_of("a.bit.ly", ["bit.ly"])


@pytest.mark.parametrize(
    "other",
    [
        "your code is 987654",
        "YOUR  CODE: is 1!",
        "Your c\u043ede is ١٢٣٤",
        "Your\u200b code is (12).",
        "\u202e.5 si edoc ruoY\u202c",
        "=?utf-8?b?WW91ciBjb2RlIGlzIDE=?=",
    ],
)
def test_other_digits_and_signs_make_no_other_text(other: str) -> None:
    assert sameness([other]) == sameness(["Your code is 1234."])


def test_other_words_make_another_text() -> None:
    assert sameness(["Your code is 1234"]) != sameness(["Your tea is 1234"])


def test_a_text_without_letters_has_nothing_in_common_with_others() -> None:
    assert sameness(["!!!"]) == ""


@pytest.mark.parametrize(
    ("text", "short"), [("Hello", True), ("The bank needs your PIN at once", False)]
)
def test_a_common_sentence_is_short(text: str, short: bool) -> None:
    assert is_short(sameness([text])) is short


@pytest.mark.parametrize("piece", ["aa.", "a-.", "a ", "a.b/", "http://"])
def test_time_grows_with_the_length_of_repeated_text(piece: str) -> None:
    text = piece * (10_000 // len(piece))

    def judge(text: str) -> None:
        denied_word(WORDS, [text])
        link_hosts(text)
        sameness([text])

    assert growth_of_text(judge, text) < LINEAR


@pytest.mark.parametrize(
    "text",
    [
        "=?utf-8?b?aHR0cHM6Ly9iaXQubHkveA==?=",
        "see \u202ex/yl.tib//:sptth\u202c",
        "see https://bit\u200b.ly/x",
        "=?utf-8?q?see_https=3A//?= =?utf-8?q?bit=2Ely/x?=",
    ],
)
def test_a_link_is_found_as_its_reader_sees_it(text: str) -> None:
    assert "bit.ly" in link_hosts(text)


def test_a_link_that_is_seen_in_two_ways_counts_once() -> None:
    assert link_hosts("https://a.example/x \u202ecasino\u202c") == ("a.example",)


@pytest.mark.parametrize("text", ["=?", "?=", "=?a?b?", "what=?ever?=", "=?utf-8?b?A?=", "\u202e"])
def test_what_only_looks_encoded_harms_nothing(text: str) -> None:
    assert denied_word(WORDS, [text]) is None
    assert link_hosts(text) == ()


def test_time_grows_with_the_number_of_encoded_words() -> None:
    quarter, whole = ("=?utf-8?q?a?= " * n + "\u202e" * n for n in (500, 2000))

    assert growth(lambda text: denied_word(WORDS, [text]), quarter, whole) < LINEAR
