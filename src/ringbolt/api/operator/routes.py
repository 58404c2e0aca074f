"""The addresses behind the operator's commands; their token is derived from the shop's secret."""

from __future__ import annotations

import hmac
import time
from typing import Annotated, Any, Final

import msgspec

from ringbolt.api.kit import http
from ringbolt.api.kit.family import Family
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.limits import RateGuard
from ringbolt.api.kit.operation import Handler, Operation, P
from ringbolt.api.kit.plain import PlainDialect, plain_family
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.schema import Line, about
from ringbolt.api.operator.terms import add_terms
from ringbolt.app.accounts.keys import (
    DEFAULT_SCOPES,
    create_key,
    key_document,
    list_keys,
    replace_key,
    revoke_key,
)
from ringbolt.app.operator import import_numbers, own_numbers, sign_in, suppressions
from ringbolt.app.operator.acknowledge import acknowledge
from ringbolt.app.operator.audit_report import Difference
from ringbolt.app.operator.dead_jobs import retry_job
from ringbolt.app.operator.test_part import begin_test, look_at_test
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.resend_webhook import resend_webhook
from ringbolt.app.webhooks.webhook_list import LIMIT, list_webhooks
from ringbolt.core.errors import NotFound, Unauthorized
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning.bolt11_fields import MAX_AMOUNT_MSAT

PREFIX: Final = "/v1/operator"
CREATED: Final = 201
_MOST_DIGITS: Final = 16

Label = Annotated[Line, about("", max_length=100)]


def operator_token(keyring: Keyring) -> str:
    """The token that proves that a caller can read the shop's secret."""
    return keyring.derive("operator token").hex()


class OperatorDialect(PlainDialect):
    """Every request needs the operator's token."""

    def __init__(self, keyring: Keyring) -> None:
        self._expected = f"Bearer {operator_token(keyring)}".encode()

    async def admit(self, request: Request[Any], operation: Operation[Any]) -> None:
        """Raises ``Unauthorized``."""
        shown = request.header(b"authorization").encode()
        if not hmac.compare_digest(shown, self._expected):
            raise Unauthorized("Only the operator may do this.")


def scopes_of(fields: Fields, name: str) -> list[str]:
    """A list of texts."""
    value = fields.get(name)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise fields.wrong_kind(name, "a list of texts", "Send a list of scopes.")
    return value


class NewKey(msgspec.Struct):
    """A key to be made."""

    label: Label = ""
    scopes: Annotated[list[str] | None, about("", read=scopes_of)] = None


class OwnNumber(msgspec.Struct):
    """A number of the operator's own."""

    number: Annotated[Line, about("", max_length=32)]
    country: Label = ""
    label: Label = ""


class NumberTable(msgspec.Struct):
    """Many numbers of the operator's own, as CSV."""

    csv: Annotated[str, about("", max_length=import_numbers.MOST_CHARS)]


class Suppression(msgspec.Struct):
    """A receiver that is to get no messages."""

    to: Annotated[Line, about("", max_length=320)]
    why: Annotated[Line, about("", max_length=200)] = "by the operator"


class Bounced(msgspec.Struct):
    """An e-mail that came back: our reference of it, and the mail server's status code."""

    ref: Annotated[Line, about("", max_length=64)]
    status: Annotated[Line, about("", max_length=20)]


class Explained(msgspec.Struct):
    """A difference of the audit, explained. ``sentence`` and ``amount_msat`` as the audit says."""

    sentence: Annotated[Line, about("", max_length=1000)]
    reason: Annotated[Line, about("", max_length=500)]
    by: Annotated[Line, about("", max_length=200)]
    amount_msat: Annotated[int, about("", ge=-MAX_AMOUNT_MSAT, le=MAX_AMOUNT_MSAT)] = 0


class PartTest(msgspec.Struct):
    """A test call, text or e-mail to the operator's own number or address."""

    name: Annotated[Line, about("", max_length=80)]
    to: Annotated[Line, about("", max_length=320)]


class TestQuery(msgspec.Struct):
    """``ids``: the carrier's own ids of a text, separated by commas."""

    ids: Annotated[Line, about("", max_length=2000)] = ""


class WebhookQuery(msgspec.Struct):
    """Which webhooks are listed."""

    order_id: Line = ""
    failed: bool = False
    cursor: Line = ""
    limit: Annotated[int, about("", ge=1, le=1000)] = LIMIT


def int_in_path(request: Request[Any], name: str) -> int:
    """A number in the address. Raises ``NotFound`` for what is none."""
    text = request.in_path(name)
    if not (text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS):
        raise NotFound(f"{text[:40]!r} is no number of one.")
    return int(text)


class OperatorCommands:
    """Keys, webhooks, own numbers, and receivers that get no messages."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._db = shop.db

    async def new_link(self, request: Request[Nothing]) -> dict[str, Any]:
        """A link to the operator's pages."""
        base = http.base_url(request.scope, self._shop.settings.public_url)
        secret = await self._db.tx(sign_in.new_link)
        return {"url": f"{base}/operator/sign-in/{secret}", "seconds": sign_in.LINK_MS // 1000}

    async def sign_out(self, _: Request[Nothing]) -> dict[str, Any]:
        """End every session on the pages."""
        await self._db.tx(sign_in.end_sessions)
        return {"signed_out": True}

    async def create_key(self, request: Request[NewKey]) -> dict[str, Any]:
        scopes = request.params.scopes
        key = await create_key(
            self._db, request.params.label, DEFAULT_SCOPES if scopes is None else frozenset(scopes)
        )
        return {"id": key.id, "key": key.key, "scopes": sorted(key.scopes)}

    async def keys(self, _: Request[Nothing]) -> list[dict[str, Any]]:
        return [key_document(key, balance_msat) for key, balance_msat in await list_keys(self._db)]

    async def replace_key(self, request: Request[Nothing]) -> dict[str, Any]:
        key = await replace_key(self._db, request.in_path("key_id"))
        return {"id": key.id, "key": key.key, "scopes": sorted(key.scopes)}

    async def revoke_key(self, request: Request[Nothing]) -> dict[str, Any]:
        key_id = request.in_path("key_id")
        await revoke_key(self._db, key_id)
        return {"id": key_id, "revoked": True}

    async def acknowledge(self, request: Request[Explained]) -> dict[str, Any]:
        told = request.params
        difference = Difference(told.sentence, told.amount_msat)
        await self._db.tx(acknowledge, difference, told.reason, told.by)
        return {"id": difference.id, "acknowledged": True}

    async def webhooks(self, request: Request[WebhookQuery]) -> dict[str, Any]:
        query = request.params
        return await self._db.read(
            list_webhooks, query.order_id, query.failed, query.cursor, query.limit
        )

    async def resend_webhook(self, request: Request[Nothing]) -> dict[str, Any]:
        webhook_id = request.in_path("webhook_id")
        await resend_webhook(self._shop, webhook_id)
        return {"id": webhook_id, "resent": True}

    async def add_number(self, request: Request[OwnNumber]) -> dict[str, Any]:
        own = request.params
        return await self._db.tx(own_numbers.add_number, own.number, own.country, own.label)

    async def import_numbers(self, request: Request[NumberTable]) -> dict[str, Any]:
        return await self._db.tx(import_numbers.import_numbers, request.params.csv)

    async def numbers(self, _: Request[Nothing]) -> list[dict[str, Any]]:
        return await self._db.read(own_numbers.list_numbers)

    async def doubtful_numbers(self, _: Request[Nothing]) -> list[dict[str, Any]]:
        return await self._db.read(own_numbers.list_doubtful)

    async def remove_number(self, request: Request[OwnNumber]) -> dict[str, Any]:
        number = request.params.number
        await self._db.tx(own_numbers.remove_number, number)
        return {"number": number, "removed": True}

    async def suppress(self, request: Request[Suppression]) -> dict[str, Any]:
        receiver, keyring = request.params, self._shop.keyring
        return await self._db.tx(suppressions.suppress, keyring, receiver.to, receiver.why)

    async def bounced(self, request: Request[Bounced]) -> dict[str, Any]:
        bounce = request.params
        return await self._db.tx(suppressions.record_bounce, bounce.ref, bounce.status)

    async def suppressed(self, _: Request[Nothing]) -> list[dict[str, Any]]:
        return await self._db.read(suppressions.list_suppressed)

    async def allow_again(self, request: Request[Suppression]) -> dict[str, Any]:
        keyring = self._shop.keyring
        return await self._db.tx(suppressions.allow_again, keyring, request.params.to)

    async def retry_job(self, request: Request[Nothing]) -> dict[str, Any]:
        job_id = int_in_path(request, "job_id")
        await self._db.tx(retry_job, job_id)
        return {"id": job_id, "due": True}

    async def begin_test(self, request: Request[PartTest]) -> dict[str, Any]:
        return await begin_test(self._shop, request.params.name, request.params.to)

    async def look_at_test(self, request: Request[TestQuery]) -> dict[str, Any]:
        area, name, ref = (request.in_path(each) for each in ("area", "name", "ref"))
        ids = tuple(each for each in request.params.ids.split(",") if each)
        return await look_at_test(self._shop, area, name, ref, ids)


def operator_api(shop: Shop) -> Family:
    """The operator's addresses; none is in the OpenAPI document."""
    family, commands = plain_family(OperatorDialect(shop.keyring)), OperatorCommands(shop)

    def add(method: str, path: str, handler: Handler[P], takes: type[P], status: int = 200) -> None:
        family.add(method, PREFIX + path, handler, takes, status=status, hidden=True, cost="")

    add("POST", "/links", commands.new_link, Nothing, CREATED)
    add("POST", "/sign-out", commands.sign_out, Nothing)
    add("POST", "/keys", commands.create_key, NewKey, CREATED)
    add("GET", "/keys", commands.keys, Nothing)
    add("POST", "/keys/{key_id}/replace", commands.replace_key, Nothing, CREATED)
    add("DELETE", "/keys/{key_id}", commands.revoke_key, Nothing)
    add("POST", "/acknowledgements", commands.acknowledge, Explained, CREATED)
    add("GET", "/webhooks", commands.webhooks, WebhookQuery)
    add("POST", "/webhooks/{webhook_id}/resend", commands.resend_webhook, Nothing)
    add("POST", "/numbers", commands.add_number, OwnNumber, CREATED)
    add("POST", "/numbers/import", commands.import_numbers, NumberTable)
    add("GET", "/numbers", commands.numbers, Nothing)
    add("GET", "/numbers/doubtful", commands.doubtful_numbers, Nothing)
    add("POST", "/numbers/remove", commands.remove_number, OwnNumber)
    add("POST", "/jobs/{job_id}/retry", commands.retry_job, Nothing)
    add("POST", "/parts/test", commands.begin_test, PartTest)
    add("GET", "/parts/test/{area}/{name}/{ref}", commands.look_at_test, TestQuery)
    add("POST", "/suppressions", commands.suppress, Suppression, CREATED)
    add("POST", "/suppressions/bounced", commands.bounced, Bounced)
    add("GET", "/suppressions", commands.suppressed, Nothing)
    add("POST", "/suppressions/remove", commands.allow_again, Suppression)
    add_terms(family, PREFIX, shop)
    return family


def add_play_keys(family: Family, shop: Shop) -> None:
    """``POST /simulator/keys``: a new key for anyone; only while a part is simulated."""
    sandbox = shop.settings.sandbox
    most = sandbox.keys_per_minute
    guard = RateGuard(most, 5 * most, time.monotonic) if sandbox.open else None

    async def create(request: Request[Nothing]) -> dict[str, str]:
        if guard is not None:
            guard.check(request.client)
        key = await create_key(shop.db, "made by the simulator")
        return {"key": key.key, "id": key.id}

    family.add("POST", "/simulator/keys", create, Nothing, status=CREATED, hidden=True, cost="")
