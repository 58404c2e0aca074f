"""Webhooks of a shop, verified as Standard Webhooks says.

Source: https://www.standardwebhooks.com, symmetric signatures (``v1``).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, Final

from ringbolt_client.errors import ClientError

_TOLERANCE_S: Final = 300


class WebhookRefused(ClientError):
    """It does not come from the shop, or not now."""

    default_code = "WEBHOOK_REFUSED"


def verify_webhook(
    secret: str,
    headers: Mapping[str, str],
    body: bytes | str,
    *,
    now_s: float | None = None,
    tolerance_s: float = _TOLERANCE_S,
) -> dict[str, Any]:
    """The document of a webhook. ``secret`` is ``whsec_...`` as the shop gave it with the purchase,
    ``body`` the bytes as they came. Raises ``WebhookRefused``."""
    found = {name.lower(): value for name, value in headers.items()}
    try:
        name, sent, signatures = (
            found[f"webhook-{each}"] for each in ("id", "timestamp", "signature")
        )
        sent_s = int(sent)
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (KeyError, ValueError, binascii.Error) as error:
        raise WebhookRefused(f"It is not signed as it should be: {error}.") from None
    if abs((time.time() if now_s is None else now_s) - sent_s) > tolerance_s:
        raise WebhookRefused("It was signed too long ago, or this machine's clock is wrong.")
    raw = body.encode() if isinstance(body, str) else body
    signed = hmac.digest(key, f"{name}.{sent_s}.".encode() + raw, "sha256")
    right = base64.b64encode(signed).decode()
    given = [each.partition(",") for each in signatures.split(" ")]
    if not any(
        version == "v1" and hmac.compare_digest(value.encode(), right.encode())
        for version, _, value in given
    ):
        raise WebhookRefused("Its signature is wrong.")
    document = json.loads(raw)
    if not isinstance(document, dict):
        raise WebhookRefused("It is no JSON object.")
    return document
