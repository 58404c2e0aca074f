"""The pages in several languages: which one a visitor gets, and that everything is in it."""

from __future__ import annotations

import pytest

from ringbolt.web.languages import best_of
from support.clients.pages import PageClient, Seen

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def forgotten(pages: PageClient) -> None:
    """Every test begins without the cookie of another one."""
    pages.http.cookies.clear()


def spoken(page: Seen) -> tuple[str, str]:
    """``lang`` and ``dir`` of the page."""
    return page.attribute("html", "lang"), page.attribute("html", "dir")


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


@pytest.mark.parametrize("asked", ["xx", "", "de%00", "../de", "de&lang=es"])
async def test_an_unknown_language_changes_nothing(pages: PageClient, asked: str) -> None:
    page = await pages.open(f"/?lang={asked}", **{"Accept-Language": "de"})
    assert spoken(page) == ("de", "ltr")


async def test_every_page_offers_every_language(pages: PageClient) -> None:
    for path in ("/", "/call", "/simulator", "/nowhere"):
        page = await pages.open(path)
        assert spoken(page) == ("en", "ltr")
        for code in ("en", "de", "es", "ar"):
            assert f'href="?lang={code}" lang="{code}"' in page.text
