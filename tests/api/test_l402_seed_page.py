"""The page that describes the service, followed to the letter: its curl commands, its documents."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.conftest import OpenShop
from support.audio_files import tone, wav
from support.clients.l402 import PATH, say
from support.numbers import ANSWERS
from support.servers.shop import ShopServer
from support.servers.sites import Site, body, site

ORIGIN = "https://sats4ai.com"
AUDIO = "https://example.com/my-audio-message.mp3"
FIRST_TEXT = """curl -X POST https://sats4ai.com/api/l402/place-call \\
-H "Content-Type: application/json" \\
-d '{"phone_number":"+1234567890","message":"Hello, this is your appointment reminder for \
tomorrow at 3 PM."}' \\
-i"""
FIRST_AUDIO = """curl -X POST https://sats4ai.com/api/l402/place-call \\
-H "Content-Type: application/json" \\
-d '{"phone_number":"+1234567890","audio_url":"https://example.com/my-audio-message.mp3",\
"duration_minutes":2}' \\
-i"""
FINAL_TEXT = """curl -X POST https://sats4ai.com/api/l402/place-call \\
-H "Content-Type: application/json" \\
-H "Authorization: L402 <YOUR_MACAROON_STRING_HERE>:<YOUR_PREIMAGE_HERE>" \\
-d '{"phone_number":"+1234567890","message":"Hello, this is your appointment reminder for \
tomorrow at 3 PM."}'"""
FINAL_AUDIO = """curl -X POST https://sats4ai.com/api/l402/place-call \\
-H "Content-Type: application/json" \\
-H "Authorization: L402 <YOUR_MACAROON_STRING_HERE>:<YOUR_PREIMAGE_HERE>" \\
-d '{"phone_number":"+1234567890","audio_url":"https://example.com/my-audio-message.mp3",\
"duration_minutes":2}'"""


async def run(command: str, **replaced: str) -> str:
    """What a printed command prints, typed into a shell with its addresses replaced."""
    for old, new in replaced.items():
        command = command.replace(old, new)
    process = await asyncio.create_subprocess_shell(
        command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, command
    return out.decode()


async def follow(shop: ShopServer, first: str, final: str, audio: str = AUDIO) -> dict[str, Any]:
    """Steps 1 to 3 of the page; the last answer."""
    replaced = {ORIGIN: shop.url, AUDIO: audio}
    asked = await run(first, **replaced)
    assert asked.startswith("HTTP/1.1 402 Payment Required\r\n")
    header = re.search(r"(?i)^www-authenticate: (.*)\r$", asked, re.MULTILINE)
    assert header is not None
    offered = re.match(r'L402 macaroon="([^"]+)", invoice="([^"]+)"', header[1])
    assert offered is not None
    replaced["<YOUR_MACAROON_STRING_HERE>"] = offered[1]
    replaced["<YOUR_PREIMAGE_HERE>"] = await shop.pay(offered[2])
    answer: dict[str, Any] = json.loads(await run(final, **replaced))
    return answer


def assert_is_the_printed_success(answer: dict[str, Any]) -> None:
    """The page's four fields first, in its order and with its values; ours come after."""
    assert list(answer)[:4] == ["success", "sid", "status", "to"]
    assert answer["success"] is True
    assert re.fullmatch(r"CA[0-9a-f]{32}", answer["sid"])
    assert answer["status"] == "queued"
    assert answer["to"] == ANSWERS


async def test_example_a_as_printed_rings_the_phone(shop: ShopServer) -> None:
    answer = await follow(shop, FIRST_TEXT, FINAL_TEXT)

    assert_is_the_printed_success(answer)
    status = await shop.until_over(answer)
    assert status["status"] == "completed"
    assert status["digits"] == "1#"
    assert [call["state"] for call in await shop.calls_of(ANSWERS)] == ["completed"]


@pytest.fixture
async def stranger() -> AsyncIterator[Site]:
    async with site(body(wav(tone(8000, 4.0)), Content_Type="audio/wav")) as served:
        yield served


async def test_example_b_as_printed_plays_the_file(open_shop: OpenShop, stranger: Site) -> None:
    shop = await open_shop(fetch={"allow_origins": stranger.origin}, calls={"linger_s": 0})
    answer = await follow(shop, FIRST_AUDIO, FINAL_AUDIO, f"{stranger.origin}/message.mp3")

    assert_is_the_printed_success(answer)
    status = await shop.until_over(answer)
    assert status["status"] == "completed"
    assert status["minutes"] == 2
    assert status["heard_seconds"] == 4.0


async def test_the_additional_fields_say_where_to_look_and_what_it_cost(shop: ShopServer) -> None:
    answer = await follow(shop, FIRST_TEXT, FINAL_TEXT)

    assert answer["status_url"].startswith(f"{shop.url}/api/l402/calls/")
    assert answer["price_sats"] == 50
    assert set(answer) == {"success", "sid", "status", "to", "call_id", "status_url", "price_sats"}


async def test_both_given_the_audio_is_played(open_shop: OpenShop, stranger: Site) -> None:
    shop = await open_shop(fetch={"allow_origins": stranger.origin}, calls={"linger_s": 0})
    wish = {
        "phone_number": ANSWERS,
        "message": "Not this.",
        "audio_url": f"{stranger.origin}/message.wav",
        "duration_minutes": 1,
    }
    _, answer = await shop.buy(wish)

    assert (await shop.until_over(answer))["heard_seconds"] == 4.0


async def test_a_text_is_one_minute_whatever_duration_is_given(shop: ShopServer) -> None:
    asked = await shop.post({"phone_number": ANSWERS, "message": "Hello.", "duration_minutes": 30})

    assert asked.json()["amount_sats"] == 50


async def test_get_describes_the_service_for_nothing(shop: ShopServer) -> None:
    answer = await shop.http.get(PATH)
    document = answer.json()

    assert answer.status_code == 200
    assert document["access"]["authentication"] == {
        "protocols": ["L402", "MPP"],
        "header": "Authorization",
        "format": "L402 {macaroon}:{proof_of_payment}",
        "format_mpp": "Payment <base64url_json>",
    }
    assert document["access"]["endpoint"] == f"{shop.url}{PATH}"
    assert document["access"]["method"] == "POST"
    assert document["content_type"] == "api"
    assert document["limits"]["message_max_characters"] == 500
    assert document["limits"]["duration_minutes"] == {"minimum": 1, "maximum": 30}


async def test_get_quotes_a_call_exactly(shop: ShopServer) -> None:
    answer = await shop.http.get(f"{PATH}?phone_number=+12025550123&duration_minutes=3")

    assert answer.json()["quote"]["amount_sats"] == 150
    assert answer.json()["quote"]["phone_number"] == "+12025550123"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("phone_number=12", 400, "INVALID_PHONE_NUMBER"),
        ("phone_number=%2B12025550123&duration_minutes=31", 400, "INVALID_DURATION"),
        ("phone_number=%2B12025550123&duration_minutes=nan", 400, "INVALID_DURATION"),
        ("phone_number=%2B19005550123", 422, "DESTINATION_REFUSED"),
    ],
)
async def test_a_quote_for_what_cannot_be_bought_says_why(
    shop: ShopServer, query: str, status: int, code: str
) -> None:
    answer = await shop.http.get(f"{PATH}?{query}")

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


async def test_head_says_as_much_as_get_without_its_body(shop: ShopServer) -> None:
    got, head = await shop.http.get(PATH), await shop.http.head(PATH)

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == got.headers["content-length"]
    assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused_with_those_that_there_are(
    shop: ShopServer, method: str
) -> None:
    answer = await shop.http.request(method, PATH, content=b"{}")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert answer.headers["x-error-code"] == answer.json()["error_code"] == "METHOD_NOT_ALLOWED"
    assert answer.json()["suggestion"]


async def test_the_former_address_sells_the_same_call(shop: ShopServer) -> None:
    paid = await shop.buy_credential(say(ANSWERS))

    answer = await shop.http.post(
        "/api/l402/call", json=say(ANSWERS), headers={"Authorization": paid.authorization}
    )

    assert answer.status_code == 200
    assert (await shop.until_over(answer.json()))["status"] == "completed"


_TEXT_SCRIPT = r"""
set -euo pipefail
head=$(mktemp)
body='{"phone_number": "+12025550130", "message": "Hello from a shell"}'
curl -s -o /dev/null -D "$head" -X POST "$1" -H "Content-Type: application/json" -d "$body"
line=$(grep -i 'www-authenticate.*L402' "$head")
macaroon=$(echo "$line" | grep -oP 'macaroon="\K[^"]+')
echo "$line" | grep -oP 'invoice="\K[^"]+'
rm "$head"
read -r preimage
curl -s -X POST "$1" -H "Content-Type: application/json" \
  -H "Authorization: L402 ${macaroon}:${preimage}" -d "$body"
"""


async def test_a_shell_script_sends_a_text_with_curl_and_grep(shop: ShopServer) -> None:
    """As the published example for texts does it: it greps the header, and reads the preimage."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", _TEXT_SCRIPT, "send-sms", f"{shop.url}/api/l402/send-sms"),
        stdin=pipe,
        stdout=pipe,
    )
    assert process.stdout is not None
    invoice = (await process.stdout.readline()).decode().strip()
    told, _ = await process.communicate((await shop.pay(invoice)).encode() + b"\n")

    answer = json.loads(told)
    assert (process.returncode, answer["success"], answer["to"]) == (0, True, "+12025550130")
    await shop.until(answer, lambda status: status["order_state"] == "settled")
