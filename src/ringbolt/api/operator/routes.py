"""What the operator's own commands ask of a running shop, with a token derived from its secret."""

from __future__ import annotations

import hmac
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from pydantic import BaseModel, Field

from ringbolt.app.accounts.keys import (
    DEFAULT_SCOPES,
    create_key,
    key_document,
    list_keys,
    revoke_key,
)
from ringbolt.app.operator import own_numbers, suppressions
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.resend_webhook import resend_webhook
from ringbolt.app.webhooks.webhook_list import LIMIT, list_webhooks
from ringbolt.core.errors import Unauthorized
from ringbolt.core.keys import Keyring

PREFIX = "/v1/operator"


def operator_token(keyring: Keyring) -> str:
    """What proves that a caller can read the shop's secret."""
    return keyring.derive("operator token").hex()


class KeyRequest(BaseModel):
    label: str = Field("", max_length=100)
    scopes: list[str] = Field(default_factory=lambda: sorted(DEFAULT_SCOPES))


class NumberRequest(BaseModel):
    number: str = Field(max_length=32)
    country: str = Field("", max_length=100)
    label: str = Field("", max_length=100)


class SuppressionRequest(BaseModel):
    to: str = Field(max_length=320)
    why: str = Field("by the operator", max_length=200)


def router(shop: Shop) -> APIRouter:
    expected = f"Bearer {operator_token(shop.keyring)}"

    async def operator(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), expected.encode()):
            raise Unauthorized("Only the operator may do this.")

    routes = APIRouter(prefix=PREFIX, dependencies=[Depends(operator)], include_in_schema=False)

    @routes.post("/keys", status_code=201)
    async def create(wish: KeyRequest) -> dict[str, Any]:
        key = await create_key(shop.db, wish.label, frozenset(wish.scopes))
        return {"id": key.id, "key": key.key, "scopes": sorted(key.scopes)}

    @routes.get("/keys")
    async def listing() -> list[dict[str, Any]]:
        return [key_document(key, balance_msat) for key, balance_msat in await list_keys(shop.db)]

    @routes.delete("/keys/{key_id}")
    async def revoke(key_id: str) -> dict[str, Any]:
        await revoke_key(shop.db, key_id)
        return {"id": key_id, "revoked": True}

    @routes.get("/webhooks")
    async def webhooks(
        order_id: str = "",
        failed: bool = False,
        cursor: str = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = LIMIT,
    ) -> dict[str, Any]:
        return await shop.db.read(list_webhooks, order_id, failed, cursor, limit)

    @routes.post("/webhooks/{webhook_id}/resend")
    async def resend(webhook_id: str) -> dict[str, Any]:
        await resend_webhook(shop, webhook_id)
        return {"id": webhook_id, "resent": True}

    _add_by_hand(routes, shop)
    return routes


def _add_by_hand(routes: APIRouter, shop: Shop) -> None:
    """Own numbers, and who gets no messages."""

    @routes.post("/numbers", status_code=201)
    async def add_number(wish: NumberRequest) -> dict[str, Any]:
        return await shop.db.tx(own_numbers.add_number, wish.number, wish.country, wish.label)

    @routes.get("/numbers")
    async def numbers() -> list[dict[str, Any]]:
        return await shop.db.read(own_numbers.list_numbers)

    @routes.get("/numbers/doubtful")
    async def doubtful() -> list[dict[str, Any]]:
        return await shop.db.read(own_numbers.list_doubtful)

    @routes.post("/numbers/remove")
    async def remove_number(wish: NumberRequest) -> dict[str, Any]:
        await shop.db.tx(own_numbers.remove_number, wish.number)
        return {"number": wish.number, "removed": True}

    @routes.post("/suppressions", status_code=201)
    async def suppress(wish: SuppressionRequest) -> dict[str, Any]:
        return await shop.db.tx(suppressions.suppress, shop.keyring, wish.to, wish.why)

    @routes.get("/suppressions")
    async def suppressed() -> list[dict[str, Any]]:
        return await shop.db.read(suppressions.list_suppressed)

    @routes.post("/suppressions/remove")
    async def allow(wish: SuppressionRequest) -> dict[str, Any]:
        return await shop.db.tx(suppressions.allow_again, shop.keyring, wish.to)


def play_keys(shop: Shop) -> APIRouter:
    """``POST /simulator/keys``: a fresh key for whoever plays; only while a part is simulated."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/simulator/keys", status_code=201)
    async def create() -> dict[str, str]:
        key = await create_key(shop.db, "made by the simulator")
        return {"key": key.key, "id": key.id}

    return routes
