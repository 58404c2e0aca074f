"""The language of a short text is that of its usual words; English stays English."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from ringbolt.speech.plan import SpeechJob, plan
from ringbolt.speech.short_texts import languages_by_words
from support.growth import LINEAR, growth


def spoken_in(text: str, home: str = "en") -> str:
    """The language of a text for which no language is named; statistics agree."""
    (utterance, *_) = plan(SpeechJob(text, home=home), likeliest)
    return utterance.language


def likeliest(text: str, options: Collection[str], likely: Collection[str]) -> str:
    """In place of statistics."""
    return next((code for code in likely if code in options), "en")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Dzień dobry", "pl"), ("Dzien dobry!", "pl"), ("Grüß Gott", "de"), ("Gruess Gott", "de"),
        ("Şifreniz 4829", "tr"), ("ŞİFRENİZ 4829", "tr"), ("Sifreniz 4829", "tr"),
        ("Guten Tag", "de"), ("Straße 5", "de"), ("Buenos dias", "es"), ("Hola", "es"),
        ("¿Mañana?", "es"), ("Bonjour", "fr"), ("Merci", "fr"), ("Merhaba", "tr"), ("Ciao", "it"),
        ("Buona sera", "it"), ("Olá", "pt"), ("Bom dia", "pt"), ("Dobrý den", "cs"),
        ("Dobrý deň", "sk"), ("Dobar dan", "hr"), ("Dober dan", "sl"), ("Jó napot", "hu"),
        ("Bună ziua", "ro"), ("Xin chào", "vi"), ("Selamat pagi", "id"), ("Tack", "sv"),
        ("Kiitos", "fi"), ("Góðan daginn", "is"), ("Labdien", "lv"), ("Përshëndetje", "sq"),
        ("Hallo, uw code is 4829", "nl"), ("Ihr Code: 4829", "de"), ("Su código 4829", "es"),
        ("Дякую", "uk"), ("Добрий день", "uk"), ("Дзякуй", "be"), ("Добър ден", "bg"),
        ("Хвала", "sr"), ("Рахмет", "kk"), ("Рәхмәт һеҙгә", "ba"), ("Спасибо", "ru"),
        ("Ваш код 4829", "ru"), ("ممنون", "fa"), ("کد شما 4829", "fa"), ("آداب", "ur"),
        ("شكرا", "ar"), ("كود التحقق 4829", "ar"), ("तुमचा कोड 4829", "mr"), ("नमस्ते", "hi"),
        ("आपका कोड 4829", "hi"), ("唔該", "yue"), ("你好", "zh"), ("আপোনাৰ কোড 4829", "as"),
        ("Twój kod 4829", "pl"), ("Mã của bạn 4829", "vi"), ("Kodunuz: 4829", "tr"),
    ],
)  # fmt: skip
def test_a_greeting_is_read_in_its_language(text: str, language: str) -> None:
    assert spoken_in(text) == language


@pytest.mark.parametrize(
    "text",
    ["Hello", "Hi José", "Hello Zoë", "Café Noël", "Call Mr Muñoz", "piñata", "Silent mode 5",
     "Your code 4829", "Code: A1B2", "PIN 4829", "Ready now", "Main Street", "El Paso", "ATE 5",
     "Jam at 5", "Meet Ole", "Bus 5", "Gate A", "Taco now", "Dr Dre", "Test", "OK", "Logo 5",
     "Van 5", "Cod 5", "@apple.com 5", "Hi Jane", "God is great", "Sutra 5",
     "Write to room7@example.com by noon.", "Go to www.example.com/para now",
     "Lat 40.7128, long -74.00", "Section 3(b), pp. 12-14, para. 2.1 applies."],
)  # fmt: skip
def test_a_short_english_text_stays_english(text: str) -> None:
    assert spoken_in(text) == "en"


def test_one_foreign_word_in_an_english_text_is_a_name() -> None:
    assert languages_by_words("Hola amigos, see you at five at the door", "latin") == ()
    assert languages_by_words("Ciao Bella: your table is ready", "latin") == ()


def test_letters_of_several_languages_are_left_to_statistics_without_english() -> None:
    languages = languages_by_words("Höör 5", "latin")

    assert {"de", "sv", "fi"} <= set(languages)
    assert "en" not in languages
    assert "pl" not in languages


def test_a_text_without_known_words_is_read_in_the_language_of_the_voice() -> None:
    assert spoken_in("Ok 5", home="de") == "de"
    assert spoken_in("Hola 5", home="de") == "es"


def test_time_grows_with_the_number_of_hostile_letters() -> None:
    quarter, whole = ("ęß " * 30 * n + "9!?" * 3_000 * n for n in (1, 4))

    assert growth(lambda text: languages_by_words(text, "latin"), quarter, whole) < LINEAR
