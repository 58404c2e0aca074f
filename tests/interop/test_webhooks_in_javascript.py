"""The ``standardwebhooks`` package of npm, unmodified, verifies what the shop sends."""

from __future__ import annotations

import json
from pathlib import Path

from support.npm import Package, install, run
from support.servers.shop import running_shop, settings_for
from support.servers.webhooks import receiving
from support.waiting import eventually

PACKAGE = Package(
    "standardwebhooks",
    "1.1.1",
    "dist/index.js",
    "7dc47b591774d44680060e16473041c449329fa1e5c7264666a37d4aea461437",
)
_VERIFY = """
const { Webhook } = require("standardwebhooks");
const [secret, headers, body] = process.argv.slice(2);
const verdict = (said) => {
  try { return new Webhook(secret).verify(said, JSON.parse(headers)).status; }
  catch (error) { return error.name; }
};
console.log(JSON.stringify([verdict(body), verdict(body + " ")]));
"""


async def test_javascript_verifies_every_callback_of_a_paid_request(
    tmp_path: Path, speech_dir: Path
) -> None:
    await install(PACKAGE, tmp_path)
    (tmp_path / "verify.cjs").write_text(_VERIFY)
    async with receiving() as receiver:
        origin = receiver.url.removesuffix("/hook")
        settings = settings_for(tmp_path / "shop", speech_dir, fetch={"allow_origins": origin})
        async with running_shop(settings) as shop:
            body = {"text": "Hello.", "callback_url": receiver.url}
            _, answer = await shop.buy(body, path="/api/l402/text-to-speech")

            async def told() -> bool:
                return any(hook.json["status"] == "ready" for hook in receiver.hooks)

            await eventually(told)
    for hook in receiver.hooks:
        said = await run(
            *("node", "verify.cjs", answer["webhook_secret"], json.dumps(hook.headers)),
            hook.body.decode(),
            cwd=tmp_path,
        )
        assert json.loads(said) == [hook.json["status"], "WebhookVerificationError"]
