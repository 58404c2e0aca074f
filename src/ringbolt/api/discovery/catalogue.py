"""The addresses where something can be bought now, as the OpenAPI document describes them.

An address is listed because its ``Operation`` says what it sells: nothing is listed here by name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringbolt.api.kit.operation import Operation
from ringbolt.app.checkout.sold_now import LowestPrice, is_sold, lowest_price
from ringbolt.app.shop import Shop
from ringbolt.lightning.node import can_hold

Schema = Mapping[str, Any]
L402: Final = "L402"
HOLD: Final = "hold invoice"
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class PaidAddress:
    """``sells`` are the services that are sold now, ``prices`` the lowest of each; ``document`` is
    the operation in the OpenAPI document, ``protocols`` how it can be paid."""

    method: str
    path: str
    sells: tuple[str, ...]
    prices: Mapping[str, LowestPrice]
    protocols: tuple[str, ...]
    document: Schema

    @property
    def id(self) -> str:
        name: str = self.document["operationId"]
        return name

    @property
    def summary(self) -> str:
        """What it does, in a line."""
        text: str = self.document["summary"]
        return text

    @property
    def about(self) -> str:
        """How it is paid and delivered, Markdown; '' if the document does not say."""
        text: str = self.document.get("description", "")
        return text

    @property
    def schema(self) -> Schema:
        """JSON Schema of the body."""
        found: Schema = self._media.get("schema", {})
        return found

    @property
    def examples(self) -> list[Any]:
        """Bodies that are accepted."""
        if "example" in self._media:
            return [self._media["example"]]
        return [each["value"] for each in self._media.get("examples", {}).values()]

    @property
    def answer(self) -> Any:
        """An example of a success; None if there is none."""
        responses = self.document["responses"]
        success = min(status for status in responses if status < "400")
        return responses[success].get("content", {}).get(_JSON, {}).get("example")

    @property
    def _media(self) -> Schema:
        found: Schema = self.document.get("requestBody", {}).get("content", {}).get(_JSON, {})
        return found


class Catalogue:
    """``operations`` of all families; ``document`` makes the OpenAPI document, once."""

    def __init__(
        self,
        shop: Shop,
        operations: Callable[[], Iterable[Operation[Any]]],
        document: Callable[[], Schema],
    ) -> None:
        self._shop = shop
        self._operations = operations
        self._document = document

    async def whole(self) -> Schema:
        """The OpenAPI document."""
        return await asyncio.to_thread(self._document)

    async def sold(self) -> list[PaidAddress]:
        """Every address where something is sold now."""
        document = await self.whole()
        found = (self._address(operation, document) for operation in self._operations())
        return [each for each in found if each is not None]

    async def at(self, path: str) -> PaidAddress | None:
        """The address of that path; None if nothing is sold there now."""
        return next((each for each in await self.sold() if each.path == path), None)

    def _address(self, operation: Operation[Any], document: Schema) -> PaidAddress | None:
        shop = self._shop
        sells = tuple(service for service in operation.sells if is_sold(shop, service))
        if operation.hidden or not sells:
            return None
        method = operation.methods.split()[0]
        described = document["paths"][operation.path][method.lower()]
        protocols = tuple(
            protocol
            for protocol in described["x-payment-info"]["protocols"]
            if protocol != HOLD or can_hold(shop.node)
        )
        prices = {service: lowest_price(shop, service) for service in sells}
        return PaidAddress(method, operation.path, sells, prices, protocols, described)
