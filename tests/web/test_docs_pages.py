"""The developers' pages: guides, reference, caching, and what other hosts must not do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ringbolt.web.docs.guides import GUIDES, Guide
from support.clients.pages import PageClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = (
    "pay-per-request", "refunds", "orders", "accounts", "catalogue", "own-numbers", "voice",
    "operation",
)  # fmt: skip
PAGES = (
    "/docs",
    "/docs/reference",
    *(f"/docs/reference/{each}" for each in CHAPTERS),
    *(guide.path for guide in GUIDES),
)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_safe_and_its_links_lead_somewhere(pages: PageClient, path: str) -> None:
    page = await pages.open(path)

    assert page.status == 200
    assert page.title
    assert 'lang="en"' in page.text
    assert 'href="/docs" aria-current="page">' in page.text
    assert re.search(r"<script(?![^>]* src=)|\sstyle=|\son[a-z]+=", page.text) is None
    ids = re.findall(r' id="([^"]+)"', page.text)
    assert len(ids) == len(set(ids))
    for target in set(re.findall(r'href="([^"?]*)"', page.text)) - {""}:
        await _check(pages, page.text, target)


_FETCHED: dict[str, str] = {}


async def _check(pages: PageClient, text: str, target: str) -> None:
    address, _, fragment = target.partition("#")
    if address.startswith(("https:", "http:")):
        return
    there = text
    if address:
        if address not in _FETCHED:
            answer = await pages.http.get(address, headers={"Accept": "text/html"})
            assert answer.status_code in (200, 302), target
            _FETCHED[address] = answer.text
        there = _FETCHED[address]
    assert not fragment or f' id="{fragment}"' in there, target


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.file)
async def test_a_guide_is_the_page_of_the_documentation(pages: PageClient, guide: Guide) -> None:
    text = (ROOT / "docs" / guide.file).read_text(encoding="utf-8")
    page = await pages.open(guide.path)

    headings = re.findall(r"^# (.+)$", text, re.MULTILINE)
    assert page.title == re.sub(r"`", "", headings[0])
    fences = len(re.findall(r"^```", text, re.MULTILINE)) // 2
    assert page.text.count("data-copy-pre") == fences
    assert "127.0.0.1:8402" not in page.text


async def test_a_wheel_has_every_guide() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]

    assert included == {
        f"docs/{guide.file}": f"ringbolt/web/guides/{guide.file}" for guide in GUIDES
    }


async def test_the_reference_names_every_address(pages: PageClient) -> None:
    document = await pages.get("/openapi.json")
    page = await pages.open("/docs/reference")

    for path, methods in document["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page.text


async def test_the_commands_name_the_host_that_was_asked(pages: PageClient) -> None:
    there = await pages.open("/docs/call", Host="shop.example")
    evil = await pages.open("/docs/call", Host='x"$(reboot)"')

    assert "curl</span> -s http://shop.example/api/l402/place-call" in there.text
    assert "reboot" not in evil.text
    assert "http://localhost/api/l402/place-call" in evil.text


async def test_a_page_that_has_not_changed_is_not_sent_again(pages: PageClient) -> None:
    first = await pages.open("/docs/choose")
    again = await pages.open("/docs/choose", **{"If-None-Match": first.headers["etag"]})
    other = await pages.open("/docs/errors", **{"If-None-Match": first.headers["etag"]})

    assert (again.status, again.text) == (304, "")
    assert other.status == 200


@pytest.mark.parametrize("path", ["/docs/nothing", "/docs/guide/nothing", "/docs/reference/no"])
async def test_what_is_not_there_is_said_so(pages: PageClient, path: str) -> None:
    assert (await pages.open(path)).status == 404


async def test_an_unknown_tab_is_curl(pages: PageClient) -> None:
    page = await pages.open("/docs/text?code=cobol")

    assert 'class="language-curl"' in page.text


async def test_robots_may_read_the_pages(pages: PageClient) -> None:
    robots = (await pages.http.get("/robots.txt")).text

    assert "/docs" not in robots
