"""What a shop sells by request and payment, as its manifest tells it to programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

MANIFEST = "/.well-known/l402-services"


@dataclass(frozen=True, slots=True)
class PaidExample:
    """A paid address, and a body that the shop itself gives as an example."""

    id: str
    path: str
    body: dict[str, Any]


async def paid_examples(http: httpx.AsyncClient) -> list[PaidExample]:
    """One for every service that is paid for at once."""
    manifest = (await http.get(MANIFEST)).json()
    found = [
        PaidExample(each["id"], each["endpoint"], each["examples"][0])
        for each in manifest["services"]
    ]
    assert {"place_call", "send_sms", "send_email", "text_to_speech"} <= {each.id for each in found}
    return found
