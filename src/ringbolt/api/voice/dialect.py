"""How the family reads and answers: CEQUENS' field names, their aliases, its reply envelope."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Final

from ringbolt.api.kit import http
from ringbolt.api.kit.dialect import PLAIN, Dialect, error_headers, json_response, status_of
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.limits import Guards
from ringbolt.api.kit.names import Names
from ringbolt.api.kit.operation import Operation
from ringbolt.api.kit.query import read_pairs
from ringbolt.api.kit.request import Request
from ringbolt.api.kit.response import Response
from ringbolt.api.kit.words import Worded
from ringbolt.api.voice import envelope
from ringbolt.api.voice.bearer import account_key
from ringbolt.api.voice.names import ALIASES, fold
from ringbolt.api.voice.words import word
from ringbolt.app.shop import Shop
from ringbolt.core.errors import RingboltError, Unauthorized

STYLE: Final = replace(
    PLAIN,
    container="request",
    too_many="Send only the documented ones: {names}.",
    aliases=ALIASES,
    fold=fold,
    misspelt=0.88,
)
_SPEECHES_PER_MINUTE: Final = 120
"""Previews cost processor time and nothing else."""
_CHALLENGE: Final = (b"www-authenticate", b'Bearer realm="voice"')
"""RFC 6750, section 3."""


class VoiceDialect(Dialect):
    """Everything but audio is in the envelope; requests count for a client and for an account."""

    style = STYLE
    body_hint = "Send only the documented fields; put audio behind audioUrl."
    unique_fields = True

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        settings = shop.settings
        self._guards = Guards(
            {
                "call": settings.voice.calls_per_minute,
                "read": settings.abuse.reads_per_minute,
                "sign-in": settings.abuse.orders_per_minute,
                "speech": _SPEECHES_PER_MINUTE,
            },
            enabled=shop.limits,
        )

    async def admit(self, request: Request[Any], operation: Operation[Any]) -> None:
        """Raises ``RateLimited``, ``Unauthorized``, ``Forbidden``."""
        self._guards.check(operation.cost, request.client)
        request.limited = partial(self._guards.standing, operation.cost, request.client)
        if operation.right:
            request.key = await account_key(self._shop, request, operation.right)
            account = f"key:{request.key.id}"
            self._guards.check(operation.cost, account, "Too many requests for this account.")

    def read(self, request: Request[Any], operation: Operation[Any], names: Names) -> Fields:
        """A plan may be the body itself: the other fields are then in the query."""
        if not (operation.xml and is_xml(request.body)):
            return super().read(request, operation, names)
        request.document = dict(read_pairs(request.query))
        fields = names.read(request.document)
        if fields.get("plan") is not None:
            raise fields.wrong(
                "plan",
                "is in the query and in the body.",
                "FIELDS_DISAGREE",
                "Send it in the body only.",
            )
        return fields.with_text("plan", request.body.decode("utf-8", "replace"))

    def word(self, request: Request[Any], error: RingboltError) -> Worded:
        return word(error, request.fields)

    def success(self, request: Request[Any], document: Any) -> bytes:
        now_ms = self._shop.clock.now_ms()
        return http.encode(envelope.success(document, envelope.client_id(request), now_ms))

    def error(self, request: Request[Any], error: RingboltError) -> Response:
        status, worded = status_of(error), self.word(request, error)
        suggestion = worded.suggestion or None
        inside = envelope.InternalError(error.code, worded.named, worded.field, suggestion)
        fault = envelope.Fault(status, error.title, [inside])
        now_ms = self._shop.clock.now_ms()
        document = envelope.failure(fault, envelope.client_id(request), now_ms)
        headers = error_headers(error)
        if isinstance(error, Unauthorized):
            headers.append(_CHALLENGE)
        return json_response(status, document, headers)


def is_xml(body: bytes) -> bool:
    """Whether a body is XML, by its first character."""
    return body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
