"""The pages in several languages: which one a visitor gets, and that everything is in it."""

from __future__ import annotations

import re

import pytest

from ringbolt.web.languages import best_of
from support.clients.pages import PageClient, Seen
from support.numbers import ANSWERS, BUSY

FORMS = ["/call", "/text", "/code", "/rent", "/email"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def forgotten(pages: PageClient) -> None:
    """Every test begins without the cookie of another one."""
    pages.http.cookies.clear()


def spoken(page: Seen) -> tuple[str, str]:
    """``lang`` and ``dir`` of the page."""
    return page.attribute("html", "lang"), page.attribute("html", "dir")


def sentences(page: Seen) -> set[str]:
    """Texts of three words and more; code is the same in every language."""
    shown = re.sub(r"<(pre|code|script|style)\b.*?</\1>", "", page.text, flags=re.DOTALL)
    texts = re.findall(r">([^<]+)<|(?:aria-label|placeholder)=\"([^\"]+)\"", shown)
    words = (" ".join("".join(each).split()) for each in texts)
    return {each for each in words if len(re.findall(r"[A-Za-z]{2,}(?= |$)", each)) >= 3}


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,en;q=0.8", "de"),
        ("fr, es;q=0.5, en;q=0.4", "es"),
        ("en, de", "en"),
        ("DE;Q=0.3 , ES ; q=0.9", "es"),
        ("ar-EG,*;q=0.1", "ar"),
        ("de;q=0", "en"),
        ("de;q=2, es;q=x", "en"),
        ("de;q=0.٥", "en"),
        (",;=,,q", "en"),
        ("fr," * 10_000 + "de", "en"),
    ],
)
async def test_the_browsers_list_chooses(accepted: str, code: str) -> None:
    assert best_of(accepted).code == code


async def test_the_address_chooses_and_is_remembered(pages: PageClient) -> None:
    chosen = await pages.open("/call?lang=ar", **{"Accept-Language": "de"})
    assert spoken(chosen) == ("ar", "rtl")
    assert chosen.headers["content-language"] == "ar"
    later = await pages.open("/", **{"Accept-Language": "de"})
    assert spoken(later) == ("ar", "rtl")
    assert {"Accept-Language", "Cookie"} <= set(later.headers["vary"].split(", "))


@pytest.mark.parametrize("path", ["/", *FORMS, "/account", "/simulator", "/nowhere"])
async def test_no_sentence_of_a_page_stays_english(pages: PageClient, path: str) -> None:
    english = sentences(await pages.open(path))
    for code in ("de", "es", "ar"):
        assert english & sentences(await pages.open(path, **{"Accept-Language": code})) == set()


async def test_constants_of_templates_are_said_anew_for_each_visitor(pages: PageClient) -> None:
    """Jinja works out filters of constants when it compiles a template."""
    assert "2 minutes on" in (await pages.open("/simulator")).words
    german = await pages.open("/simulator", **{"Accept-Language": "de"})
    assert "2 Minuten weiter" in german.words


@pytest.mark.parametrize("asked", ["xx", "", "de%00", "../de", "de&lang=es"])
async def test_an_unknown_language_changes_nothing(pages: PageClient, asked: str) -> None:
    page = await pages.open(f"/?lang={asked}", **{"Accept-Language": "de"})
    assert spoken(page) == ("de", "ltr")


@pytest.mark.parametrize("path", ["/operator", "/docs", "/docs/choose"])
async def test_pages_for_operators_and_developers_are_english_and_say_so(
    pages: PageClient, path: str
) -> None:
    page = await pages.open(f"{path}?lang=de", **{"Accept-Language": "ar"})
    assert spoken(page) == ("en", "ltr")
    assert "?lang=" not in page.text


async def test_every_page_offers_every_language(pages: PageClient) -> None:
    for path in ("/", "/call", "/simulator", "/nowhere"):
        page = await pages.open(path)
        assert spoken(page) == ("en", "ltr")
        for code in ("en", "de", "es", "ar"):
            assert f'href="?lang={code}" lang="{code}"' in page.text


@pytest.mark.parametrize(
    ("path", "fields", "field", "words"),
    [
        ("/call", {"message": "Hallo"}, "phone_number", "Geben Sie die Nummer ein"),
        ("/call", {"phone_number": "+1900", "message": "x"}, "phone_number", "Ländervorwahl"),
        ("/call", {"phone_number": "+19005550100"}, "phone_number", "Solche Nummern"),
        ("/call", {"phone_number": ANSWERS, "message": "ไทย"}, "message", "Keine unserer Stimmen"),
        ("/text", {"phone_number": ANSWERS, "message": "x" * 500}, "message", "Zeichen zu viel"),
        ("/code", {"service": "no such one"}, "service", "Wir kennen diesen Dienst nicht"),
        ("/email", {"address": "a@@b", "message": "x"}, "address", "Das ist keine E-Mail-Adresse"),
    ],
)
async def test_errors_beside_fields_are_translated(
    pages: PageClient, path: str, fields: dict[str, str], field: str, words: str
) -> None:
    page = await pages.send(path, fields, **{"Accept-Language": "de"})
    assert page.status >= 400
    assert words in page.error(field)
    assert "Es wurde nichts berechnet." in page.words


async def test_an_order_is_told_in_the_language_of_each_reader(pages: PageClient) -> None:
    page = await pages.send("/call", {"phone_number": BUSY, "message": "Hola"})
    payment = pages.pay(page.invoice)
    await pages.until_state(page.url, "returned")
    assert await payment == "FAILED"
    titles = {
        "en": "Busy. Your 50 sats are back.",
        "de": "Besetzt. Ihre 50 Sats sind zurück.",
        "es": "Ocupado. Tus 50 sats han vuelto.",
        # The sum is isolated, so that it keeps its own order.
        "ar": "الخط مشغول. عاد إليك \u2068\u206850\u2069 ساتوشي\u2069.",
    }
    for code, title in titles.items():
        assert (await pages.open(page.url, **{"Accept-Language": code})).title == title


async def test_the_apis_stay_english(pages: PageClient) -> None:
    answer = await pages.http.get("/no-such-address", headers={"Accept-Language": "de"})
    assert "There is nothing at this address" in answer.text
