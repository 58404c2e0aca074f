"""What a text is written in, and whether anybody can read it aloud."""

from __future__ import annotations

import pytest

from ringbolt.speech.language import (
    Run,
    Tag,
    language_by_letters,
    main_script,
    parse_tag,
    refusal,
    split_by_script,
    unread_letters,
)
from ringbolt.speech.scripts import script_of
from support.growth import LINEAR, growth_of_text


@pytest.mark.parametrize(
    ("char", "script"),
    [
        ("a", "latin"), ("ß", "latin"), ("ệ", "latin"), ("Ａ", "latin"), ("م", "arabic"),
        ("پ", "arabic"), ("ﻻ", "arabic"), ("ש", "hebrew"), ("ж", "cyrillic"), ("λ", "greek"),
        ("漢", "han"), ("か", "kana"), ("カ", "kana"), ("한", "hangul"), ("ह", "devanagari"),
        ("ก", "thai"), ("ა", "georgian"), ("ᚠ", "other"), ("5", ""), ("٥", ""), ("!", ""),
        (" ", ""), ("🙂", ""), ("\u064e", ""),
    ],
)  # fmt: skip
def test_a_character_has_the_script_of_its_block(char: str, script: str) -> None:
    assert script_of(char) == script


@pytest.mark.parametrize(
    "text",
    ["hello", "5", "٥", "مرحبا", "Привет", "你好", "안녕하세요", "こんにちは", "नमस्ते",
     "🙂 ok", "שלום", "5ᵗʰ floor", "𝟱𝟬% 𝐨𝐟𝐟", "ⓗⓔⓛⓛⓞ",
     "A meeting with the people from Bangkok กก"],
)  # fmt: skip
def test_words_and_numbers_can_be_spoken(text: str) -> None:
    assert refusal(text) == ""


@pytest.mark.parametrize(("text", "unread"), [("5ᵗʰ floor", 0), ("𝐨𝐟𝐟", 0), ("off กก", 2)])
def test_letters_in_another_form_are_read(text: str, unread: int) -> None:
    assert unread_letters(text) == unread


@pytest.mark.parametrize("text", ["", "   ", "🙂🙂🎉", "!!! ... ???", "\u200b\u200f", "—", "ᚠᚢᚦ"])
def test_what_has_no_sound_cannot_be_spoken(text: str) -> None:
    assert refusal(text)


def test_a_language_that_engines_mangle_is_refused_with_its_script_named() -> None:
    assert "Thai" in refusal("นัดหมายของคุณคือพรุ่งนี้ 15:00")


def test_japanese_is_spoken_in_kana_only() -> None:
    assert not refusal("あしたは 3じです")
    assert "kana" in refusal("明日は三時です")


def test_one_foreign_name_does_not_refuse_a_message() -> None:
    text = "Your order for the restaurant is ready, please pick it up at counter four ก"

    assert not refusal(text)
    assert unread_letters(text) == 1


def test_time_grows_with_the_length_of_a_text() -> None:
    assert growth_of_text(refusal, "مرحبا بكم " * 200) < LINEAR


def test_a_text_is_cut_where_its_script_changes() -> None:
    assert split_by_script("Call محمد now") == (
        Run("latin", "Call "),
        Run("arabic", "محمد "),
        Run("latin", "now"),
    )


def test_digits_stay_with_the_words_before_them() -> None:
    assert split_by_script("الرمز 4829.") == (Run("arabic", "الرمز 4829."),)


def test_a_brand_name_stays_with_the_text_around_it() -> None:
    text = "تم تأكيد الدفع عبر PayPal شكرا لك"

    assert split_by_script(text) == (Run("arabic", text),)


def test_letters_that_no_voice_reads_are_left_out() -> None:
    (run,) = split_by_script("Hello ก world")

    assert run.text == "Hello   world"


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("hello", "latin"),
        ("123", ""),
        ("", ""),
        ("カタカナの中", "kana"),
        ("中国人民银行の", "han"),
    ],
)
def test_most_letters_decide_the_main_script(text: str, script: str) -> None:
    assert main_script(text) == script


@pytest.mark.parametrize(
    ("script", "text", "language"),
    [
        ("arabic", "مرحبا", "ar"),
        ("arabic", "چطور", "fa"),
        ("arabic", "ٹھیک ہے", "ur"),
        ("cyrillic", "Привет", "ru"),
        ("cyrillic", "Привіт", "uk"),
        ("latin", "Bonjour", "en"),
    ],
)
def test_letters_alone_can_tell_a_language(script: str, text: str, language: str) -> None:
    assert language_by_letters(Run(script, text)) == language


@pytest.mark.parametrize(
    ("tag", "parsed"),
    [
        ("en-US", Tag("en", "US")),
        ("pt_br", Tag("pt", "BR")),
        ("arb", Tag("ar")),
        ("cmn-CN", Tag("zh", "CN")),
        ("zh-Hant-HK", Tag("yue", "HK")),
        ("iw", Tag("he")),
        ("tlh", None),
        ("", None),
    ],
)
def test_language_tags_are_read_with_their_variations(tag: str, parsed: Tag | None) -> None:
    assert parse_tag(tag) == parsed
