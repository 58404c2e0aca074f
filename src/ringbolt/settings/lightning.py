"""The options of the Lightning node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field, SecretStr, field_validator

from ringbolt.lightning.types import NODES
from ringbolt.registry.values import web_address
from ringbolt.settings.parts import OfTypes
from ringbolt.settings.section import Section

NODE: Final = OfTypes(NODES)


class LndSettings(Section):
    url: str = Field(
        "",
        description="LND's REST address, e.g. https://127.0.0.1:8080: short for [node] with "
        'type = "lnd". Empty: as [node] says.',
    )
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


def _is_address(url: object) -> bool:
    try:
        return isinstance(url, str) and bool(web_address(url))
    except ValueError:
        return False


def with_lnd(raw: dict[str, Any]) -> dict[str, Any]:
    """All options, with the node that ``[lnd]`` names if ``[node]`` does not name another type;
    what ``[node]`` says itself counts."""
    lnd, node = raw.get("lnd", {}), raw.get("node", {})
    if isinstance(lnd, LndSettings):
        lnd = {name: getattr(lnd, name) for name in lnd.model_fields_set}
    if not isinstance(lnd, Mapping) or not isinstance(node, Mapping):
        return raw
    if not _is_address(lnd.get("url")):
        return raw  # nothing, or a fault that is told of [lnd] alone
    if node.get("type", _LND) != _LND:
        return raw
    return {**raw, "node": {"type": _LND, **lnd, **node}}


_LND: Final = "lnd"
