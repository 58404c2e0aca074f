"""Lightning Addresses while the node is simulated. Only the simulated world resolves them, whatever
host they name, so that a shop with play money never contacts an outside server.
"""

from __future__ import annotations

import hashlib
from typing import Final, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from ringbolt.clock import Clock
from ringbolt.lightning.payout import AddressRefused, check_invoice
from ringbolt.upstream.far_end import FarEnd
from ringbolt.upstream.world_client import world_client

NETWORK: Final = "regtest"

T = TypeVar("T", bound=msgspec.Struct)


class _PayRequest(msgspec.Struct, rename="camel"):
    """LUD-06; amounts in msat."""

    tag: str
    callback: str
    min_sendable: int
    max_sendable: int
    metadata: str
    comment_allowed: int = 0


class _Invoice(msgspec.Struct):
    pr: str


class _Error(msgspec.Struct, tag_field="status", tag="ERROR"):
    reason: str


class SimulatedAddresses:
    """Implements ``AddressResolver`` over the world at ``base_url``, on its ``clock``."""

    def __init__(self, base_url: str, clock: Clock, token: str = "") -> None:
        self._base_url = base_url.rstrip("/")
        self._clock = clock
        self._far_end = FarEnd("The simulated Lightning Addresses", world_client(token))

    async def invoice_for(self, address: str, amount_msat: int, comment: str) -> str:
        url = f"{self._base_url}/simulator/addresses/{quote(address, safe='@')}"
        offer = await self._get(url, {}, _PayRequest)
        _check_offer(offer, amount_msat)
        query = {"amount": str(amount_msat)}
        if comment and offer.comment_allowed > 0:
            query["comment"] = comment[: offer.comment_allowed]
        # The simulated world answers for every host name.
        callback = f"{self._base_url}{urlsplit(offer.callback).path}"
        answer = await self._get(callback, query, _Invoice)
        await check_invoice(
            answer.pr,
            amount_msat=amount_msat,
            network=NETWORK,
            now_ms=self._clock.now_ms(),
            metadata_hash=hashlib.sha256(offer.metadata.encode()).digest(),
        )
        return answer.pr

    async def close(self) -> None:
        await self._far_end.close()

    async def _get(self, url: str, query: dict[str, str], kind: type[T]) -> T:
        """Raises ``AddressRefused`` for an error in LNURL's words, else ``Unavailable``."""
        answer = await self._far_end.ask("GET", url, params=query)
        if answer.status < 500 and (reason := _error_in(answer.body)) is not None:
            raise AddressRefused(reason)
        return self._far_end.decode_ok(answer, kind)


def _check_offer(offer: _PayRequest, amount_msat: int) -> None:
    if offer.tag != "payRequest":
        raise AddressRefused("The address does not take payments.")
    if not offer.min_sendable <= amount_msat <= offer.max_sendable:
        raise AddressRefused(
            f"The address takes payments of {offer.min_sendable} to {offer.max_sendable} msat.",
            min_msat=offer.min_sendable,
            max_msat=offer.max_sendable,
        )


def _error_in(body: bytes) -> str | None:
    """The reason, if ``body`` is an LNURL error, which may come with any HTTP status."""
    try:
        return msgspec.json.decode(body, type=_Error).reason
    except msgspec.DecodeError:
        return None
