"""The webhooks of an account's orders on its page: listed, sent again, and signed anew."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from standardwebhooks import Webhook as Verifier

from ringbolt.app.webhooks.send_webhook import FORMER_SECRET_MS
from support.clients.pages import PageClient, Seen
from support.servers.shop import running_shop, settings_for
from support.servers.webhooks import Hook, Receiver, receiving
from support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Rig:
    """A visitor who is signed in, and the receiver of the webhooks of that key's orders."""

    pages: PageClient
    receiver: Receiver
    key: str

    async def order(self) -> Hook:
        """The first message of a new order."""
        return (await self.secret_and_hook())[1]

    async def secret_and_hook(self) -> tuple[str, Hook]:
        """The same, after the secret that the answer to the order names."""
        body = {"phone": "+12025550144", "message": "Hello", "immediate": True}
        made = await self.pages.order(
            "/createsendorder", body | {"webhookUrl": self.receiver.url}, X_API_Key=self.key
        )
        receiver = self.receiver

        async def heard() -> Hook | None:
            about = (each for each in receiver.hooks if each.json["orderId"] == made["orderId"])
            return next(about, None)

        return made["webhookSecret"], await eventually(heard)

    async def account(self) -> Seen:
        return await self.pages.open("/account")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory, speech_dir: Path) -> AsyncIterator[Rig]:
    async with receiving() as receiver:
        origin = receiver.url.removesuffix("/hook")
        settings = settings_for(
            tmp_path_factory.mktemp("shop"), speech_dir, fetch={"allow_origins": origin}
        )
        async with running_shop(settings) as running:
            pages = PageClient(running)
            key = await pages.new_key(50_000)
            await pages.send("/account/sign-in", {"key": key})
            yield Rig(pages, receiver, key)


def token(page: Seen) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', page.text)
    assert found is not None
    return found[1]


def shown_secret(page: Seen) -> str:
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", page.text)
    assert found is not None
    return found[0]


async def test_every_message_is_listed_and_sent_again(rig: Rig) -> None:
    hook = await rig.order()

    async def listed() -> Seen | None:
        page = await rig.account()
        return page if "HTTP 200 in" in page.words else None

    page = await eventually(listed)
    assert "Text to +12025550144" in page.words
    assert rig.receiver.url.removeprefix("http://") in page.words
    webhook_id = hook.headers["webhook-id"]
    before = len(rig.receiver.hooks)
    sent = await rig.pages.send(f"/account/webhooks/{webhook_id}/resend", {"token": token(page)})
    assert sent.status == 200

    async def again() -> bool:
        later = rig.receiver.hooks[before:]
        return any(each.headers["webhook-id"] == webhook_id for each in later)

    await eventually(again)


async def test_of_other_accounts_nothing_is_shown_or_sent(rig: Rig) -> None:
    hook = await rig.order()
    mine = dict(rig.pages.http.cookies)
    await rig.pages.send("/account/sign-in", {"key": await rig.pages.new_key()})
    page = await rig.account()
    assert "No webhooks" in page.words
    path = f"/account/webhooks/{hook.headers['webhook-id']}/resend"
    assert (await rig.pages.send(path, {"token": token(page)})).status == 404
    rig.pages.http.cookies.clear()
    rig.pages.http.cookies.update(mine)


async def test_the_list_goes_on_page_by_page(rig: Rig) -> None:
    for _ in range(6):
        await rig.order()

    async def long() -> Seen | None:
        page = await rig.account()
        return page if "Older messages" in page.words else None

    page = await eventually(long)
    assert page.words.count("Resend") == 10
    older = re.search(r'href="(/account\?webhooks=[^"#]+)', page.text)
    assert older is not None
    assert "Resend" in (await rig.pages.open(older[1])).words
    assert (await rig.pages.open("/account?webhooks=x")).status == 400


async def test_the_secret_is_shown_and_replaced(rig: Rig) -> None:
    former, _ = await rig.secret_and_hook()
    page = await rig.account()
    assert shown_secret(page) == former
    present = re.search(r'name="present" value="([0-9]+)"', page.text)
    assert present is not None
    sent = {"token": token(page), "present": present[1]}
    replaced = await rig.pages.send("/account/webhook-secret", sent)
    again = await rig.pages.send("/account/webhook-secret", sent)
    secret = shown_secret(replaced)
    assert secret != former
    assert shown_secret(again) == secret, "a form that is sent twice replaces it once"
    named, hook = await rig.secret_and_hook()
    assert named == secret
    for each in (secret, former):
        Verifier(each).verify(hook.body, hook.headers)
    await rig.pages.shop.advance(FORMER_SECRET_MS // 1000 + 1)
    await rig.pages.send("/account/sign-in", {"key": rig.key})
    _, hook = await rig.secret_and_hook()
    Verifier(secret).verify(hook.body, hook.headers)
    with pytest.raises(Exception, match="No matching signature"):
        Verifier(former).verify(hook.body, hook.headers)
