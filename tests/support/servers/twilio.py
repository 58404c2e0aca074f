"""A shop's settings for the world's Twilio-compatible API, and a hand on its account."""

from __future__ import annotations

from typing import Any

import aiohttp

from ringbolt.sms.http.settings import HttpSmsSettings

SID, TOKEN = "AC" + "5" * 32, "the-auth-token"
PATH = "/simulator/twilio"


def account(world_url: str, **options: Any) -> dict[str, Any]:
    """The settings of a part that uses the API."""
    return {
        "type": "twilio",
        "base_url": f"{world_url}{PATH}",
        "account_sid": SID,
        "auth_token": TOKEN,
        **options,
    }


def as_any_gateway(world_url: str, **options: Any) -> HttpSmsSettings:
    """The API as a gateway that the settings describe."""
    return HttpSmsSettings.model_validate({**gateway(world_url), **options})


def gateway(world_url: str) -> dict[str, Any]:
    """The options of that gateway."""
    url = f"{world_url}{PATH}/2010-04-01/Accounts/{SID}/Messages.json"
    states = {"sent": "sent", "delivered": "delivered", "failed": "failed", "undelivered": "failed"}
    return {
        "type": "http",
        "name": "gateway",
        "url": url,
        "auth": "basic",
        "username": SID,
        "password": TOKEN,
        "fields": {
            "From": "{sender}",
            "To": "{to}",
            "Body": "{text}",
            "StatusCallback": "{callback_url}#rc=5&rp=ct,rt,5xx",
        },
        "id_path": "sid",
        "receipts": {"id_path": "MessageSid", "state_path": "MessageStatus", "states": states},
    }


async def change_account(world_url: str, **changes: Any) -> None:
    """What the account has from now on (``AccountChange``)."""
    url = f"{world_url}{PATH}/accounts/{SID}"
    async with aiohttp.ClientSession() as http, http.post(url, json=changes) as answer:
        assert answer.status == 200, await answer.text()
