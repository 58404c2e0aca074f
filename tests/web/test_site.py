"""What a shop says of itself: its name and contact, the files for machines, pages for trouble."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import ValidationError

from ringbolt.core.errors import NodeUnavailable, Unavailable
from ringbolt.settings.web import FiatSettings, WebSettings
from support.clients.pages import PageClient
from support.servers.shop import running_shop, settings_for

pytestmark = pytest.mark.asyncio(loop_scope="module")

WEB = {
    "shop_name": "Bell & Bolt",
    "contact": "help@bell.example",
    "security_contact": "safe@bell.example",
    "security_expires": "2999-01-01",
}
FIAT = {"currency": "EUR", "per_bitcoin": 100_000}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def named(
    tmp_path_factory: pytest.TempPathFactory, speech_dir: Path
) -> AsyncIterator[PageClient]:
    """A shop whose operator has named it, and shows prices in euros."""
    settings = settings_for(tmp_path_factory.mktemp("named"), speech_dir, web=WEB, fiat=FIAT)
    async with running_shop(settings) as running:
        yield PageClient(running)


async def test_every_page_names_the_shop_and_its_contact(named: PageClient) -> None:
    for path in ("/", "/call", "/nowhere"):
        page = await named.open(path)
        assert "Bell & Bolt" in page.words
        assert 'href="mailto:help@bell.example"' in page.text
        assert "runs on Ringbolt" in page.words


async def test_prices_have_a_hint_in_money_if_the_operator_wants_it(
    named: PageClient, pages: PageClient
) -> None:
    fields = {"phone_number": "+12025550143", "message": "Hello"}
    price = await named.send("/call/price", fields)
    assert "50 sats about €0.05" in price.words
    german = await named.open("/text", **{"Accept-Language": "de"})
    assert "1.000 Sats etwa 1,00 €" in german.words
    ordered = await named.send("/call", fields)
    assert "about €0.05" in ordered.words
    assert "about" not in (await pages.send("/call/price", fields)).words


async def test_robots_are_kept_from_what_belongs_to_one_buyer(pages: PageClient) -> None:
    robots = await pages.http.get("/robots.txt")
    assert robots.headers["content-type"].startswith("text/plain")
    kept = {line.removeprefix("Disallow: ") for line in robots.text.splitlines()[1:]}
    assert {"/o/", "/account", "/operator"} <= kept
    icon = await pages.http.get("/favicon.ico", follow_redirects=True)
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")


async def test_security_txt_is_there_if_the_operator_names_a_contact(
    named: PageClient, pages: PageClient
) -> None:
    path = "/.well-known/security.txt"
    answer = await named.http.get(path)
    assert answer.text == ("Contact: mailto:safe@bell.example\nExpires: 2999-01-01T00:00:00Z\n")
    assert (await pages.http.get(path)).status_code == 404


async def test_an_address_that_does_not_exist_points_on_in_html_only_to_browsers(
    pages: PageClient,
) -> None:
    page = await pages.open("/no-such-page")
    assert page.status == 404
    for path in ("/", "/account", "/docs"):
        assert f'class="btn{" primary" if path == "/" else ""}" href="{path}"' in page.text
    document = await pages.http.get("/no-such-page", headers={"Accept": "application/json"})
    assert document.json()["error_code"] == "HTTP_404"


@pytest.mark.parametrize(
    ("sent_to", "page"),
    [
        ("/call/preview", "/call"),
        ("/call/price?lang=de", "/call"),
        ("/simulator/do/pay", "/simulator"),
        ("/operator/sign-out", "/operator"),
    ],
)
async def test_where_a_form_is_sent_to_leads_back_to_its_page(
    pages: PageClient, sent_to: str, page: str
) -> None:
    answer = await pages.http.get(sent_to, headers={"Accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == page + sent_to[len(sent_to.partition("?")[0]) :]


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("The database does not answer.", code="STORE_UNAVAILABLE"),
        NodeUnavailable("The Lightning node does not answer."),
    ],
)
async def test_while_a_part_is_away_there_is_a_page_that_says_so(
    pages: PageClient, monkeypatch: pytest.MonkeyPatch, error: Unavailable
) -> None:
    async def away(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(pages.shop.shop.db, "read", away)
    page = await pages.open("/o/" + "2" * 32)
    assert (page.status, page.title) == (503, "Closed for a few minutes")
    assert error.message in page.words
    assert "Do not pay twice" in page.words
    assert int(page.headers["retry-after"]) > 0
    german = await pages.open("/o/" + "2" * 32, **{"Accept-Language": "de"})
    assert german.title == "Für einige Minuten geschlossen"


@pytest.mark.parametrize(
    ("section", "values"),
    [
        (WebSettings, {"contact": "nobody"}),
        (WebSettings, {"contact": "javascript:alert(1)"}),
        (WebSettings, {"contact": 'a"b@c.example'}),
        (WebSettings, {"shop_name": ""}),
        (WebSettings, {"security_contact": "a@b.example", "security_expires": "soon"}),
        (FiatSettings, {"currency": "euro", "per_bitcoin": 1}),
        (FiatSettings, {"currency": "EUR", "url": "ftp://rates.example", "path": "a"}),
        (FiatSettings, {"currency": "EUR", "url": "https://r.example", "path": "a",
                        "per_bitcoin": 1}),
    ],
)  # fmt: skip
async def test_settings_that_would_mislead_visitors_are_refused(
    section: type[WebSettings] | type[FiatSettings], values: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        section(**values)
