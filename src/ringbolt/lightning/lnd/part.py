"""``type = "lnd"``: a Lightning node of the operator's, over LND's REST interface."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from ringbolt.core.errors import NodeUnavailable
from ringbolt.lightning.node import LightningNode
from ringbolt.registry.settings import PartSettings
from ringbolt.registry.types import Context, PartType, PartUnusable
from ringbolt.registry.values import web_address

BUYERS_WAIT_S = 6.0
"""A buyer waits for the challenge no longer than this."""


class LndNodeSettings(PartSettings):
    """LND, over REST."""

    url: str = Field(min_length=1, description="LND's REST address, e.g. https://127.0.0.1:8080.")
    macaroon: SecretStr = Field(
        SecretStr(""),
        description="A macaroon with invoices:read "
        "invoices:write info:read (and offchain:read offchain:write to pay "
        "refunds): a file, or hexadecimal.",
    )
    tls_cert: str = Field("", description="LND's tls.cert. Empty: the system's authorities.")

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        return web_address(value)


def _build(settings: LndNodeSettings, context: Context) -> LightningNode:
    from ringbolt.lightning.lnd.node import LndNode, load_macaroon  # noqa: PLC0415 - as configured

    macaroon = settings.macaroon.get_secret_value()
    if not macaroon:
        raise PartUnusable("RINGBOLT_LND_URL is set, but RINGBOLT_LND_MACAROON is not.")
    try:
        token = load_macaroon(macaroon)
    except NodeUnavailable as error:
        raise PartUnusable(error.message) from None
    cert = Path(settings.tls_cert) if settings.tls_cert else None
    return LndNode(settings.url, token, cert, timeout_s=BUYERS_WAIT_S)


LND = PartType(LndNodeSettings, _build)
