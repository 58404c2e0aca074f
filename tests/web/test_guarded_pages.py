"""What keeps the pages from those who ask too often, and their keys from other hosts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ringbolt.app.operator import sign_in
from support.clients.pages import ACCEPT, PageClient
from support.numbers import ANSWERS
from support.servers.shop import running_shop, settings_for

pytestmark = pytest.mark.asyncio(loop_scope="module")

PUBLIC = "https://calls.example"
ORDERS, READS = 3, 10


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(
    tmp_path_factory: pytest.TempPathFactory, speech_dir: Path
) -> AsyncIterator[PageClient]:
    """A shop behind a proxy that ends TLS, with low limits."""
    settings = settings_for(
        tmp_path_factory.mktemp("shop"),
        speech_dir,
        public_url=PUBLIC,
        limits="on",
        abuse={"orders_per_minute": ORDERS, "reads_per_minute": READS},
        # Nothing is called, and the call must not be over before the test is.
        simulator={"speed": 1.0},
    )
    async with running_shop(settings) as running:
        yield PageClient(running)


def of(address: str) -> dict[str, str]:
    """A client at another address, which the proxy names."""
    return {**ACCEPT, "X-Forwarded-For": address}


async def an_order(pages: PageClient, address: str) -> str:
    form = {"message": "Your table is ready.", "kind": "say", "phone_number": ANSWERS}
    answer = await pages.http.post("/call", data=form, headers=of(address))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def test_an_order_s_page_is_read_and_its_buttons_are_pressed_only_so_often(
    guarded: PageClient,
) -> None:
    order = await an_order(guarded, "203.0.113.1")
    for path, most in ((order, READS), (f"{order}/panel", READS), (f"{order}/events", READS)):
        seen = []
        for _ in range(most + 1):
            headers = of(f"203.0.113.{50 + len(path)}")
            async with guarded.http.stream("GET", path, headers=headers) as answer:
                seen.append(answer.status_code)
        assert seen == [200] * most + [429], path

    pressed = [
        await guarded.http.post(f"{order}/accept", headers=of("203.0.113.2"))
        for _ in range(ORDERS + 1)
    ]
    assert [answer.status_code == 429 for answer in pressed] == [False] * ORDERS + [True]
    assert pressed[-1].headers["retry-after"]
    assert (await guarded.http.get(order, headers=of("203.0.113.3"))).status_code == 200


async def test_the_console_is_tried_only_so_often(guarded: PageClient) -> None:
    guessed = [
        await guarded.http.post("/operator/sign-in/guess", headers=of("203.0.113.4"))
        for _ in range(ORDERS + 1)
    ]
    assert [answer.status_code for answer in guessed] == [404] * ORDERS + [429]
    looked = [
        await guarded.http.get("/operator", headers=of("203.0.113.5")) for _ in range(READS + 1)
    ]
    assert [answer.status_code for answer in looked] == [401] * READS + [429]


@pytest.mark.parametrize(
    "path",
    ["/docs", "/docs/choose", "/docs/guide/voice", "/docs/reference", "/docs/reference/voice"],
)
async def test_the_developers_pages_are_made_only_so_often(guarded: PageClient, path: str) -> None:
    headers = of(f"203.0.113.{100 + len(path)}")
    seen = [await guarded.http.get(path, headers=headers) for _ in range(READS + 1)]

    assert [answer.status_code for answer in seen] == [200] * READS + [429]


async def test_commands_name_the_public_address(guarded: PageClient) -> None:
    page = await guarded.http.get("/docs/call", headers=of("203.0.113.8"))

    assert f"{PUBLIC}/api/l402/place-call" in page.text


async def test_the_operator_s_cookie_is_never_sent_unencrypted(guarded: PageClient) -> None:
    secret = await guarded.shop.shop.db.tx(sign_in.new_link)
    answer = await guarded.http.post(
        f"/operator/sign-in/{secret}", data={}, headers=of("203.0.113.6")
    )

    assert answer.status_code == 303
    assert "; Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "path", ["/operator/", "/o/0123456789abcdef0123456789abcdef/", "/simulator/info/"]
)
async def test_nobody_is_sent_to_the_host_that_a_request_names(
    guarded: PageClient, path: str
) -> None:
    headers = {**of("203.0.113.7"), "Host": "elsewhere.example"}
    answer = await guarded.http.get(path, headers=headers)

    assert answer.status_code == 404
    assert "elsewhere" not in str(answer.headers)
