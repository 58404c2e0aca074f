"""How the family reads and answers: fields in JSON, forms or queries, errors as sms4sats' are."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Final

from ringbolt.api.kit.dialect import PLAIN, Dialect, error_headers, json_response, status_of
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.json_body import BYTE_ORDER_MARK, read_object
from ringbolt.api.kit.limits import Guards
from ringbolt.api.kit.names import Names
from ringbolt.api.kit.operation import Operation
from ringbolt.api.kit.query import read_pairs
from ringbolt.api.kit.request import Request
from ringbolt.api.kit.response import Response
from ringbolt.api.kit.style import Sentence
from ringbolt.api.orders.documents import OrderError
from ringbolt.api.orders.words import WORDS
from ringbolt.app.accounts.keys import recognise
from ringbolt.app.shop import Shop
from ringbolt.core.errors import InvalidInput, RingboltError, Unauthorized
from ringbolt.store.keys import ApiKey

MAX_KEY_CHARS: Final = 256
STYLE: Final = replace(
    PLAIN,
    missing=Sentence(
        "is missing. {why}",
        "MISSING_FIELD",
        "Send {name} in the JSON body, or as a parameter. Nothing was charged.",
    ),
    text=Sentence("must be a text, not {kind}.", "INVALID_TYPE", "Put {name} in quotes."),
    boolean=Sentence(
        "must be true or false, not {value}.",
        "INVALID_TYPE",
        "Send true or false, or leave {name} out.",
    ),
    number=Sentence(
        "must be a whole number, not {value}.",
        "INVALID_TYPE",
        "Write it without quotes, point or unit, for example {example}.",
    ),
    out_of_range=Sentence(
        "must be between {least} and {most}, not {value}.",
        "OUT_OF_RANGE",
        "Send a whole number from {least} to {most}.",
    ),
    too_long=Sentence(
        "has {size} characters; at most {most} are taken.", "TOO_LONG", "Shorten it."
    ),
    control=Sentence(
        "holds control characters, which cannot be sent.",
        "INVALID_TEXT",
        "Remove them; line breaks are allowed in messages.",
    ),
    quoted_digits=18,
    fractions="never",
)
_FORM: Final = "application/x-www-form-urlencoded"
_JSON_BEGINS: Final = b'{["'


class OrdersDialect(Dialect):
    """Every field may be in a query, a form or JSON; the body wins over the query.

    sms4sats answers every error with 500; clients that count on it get it
    (``compat.errors_as_500``).
    """

    style = STYLE
    words = WORDS
    max_body_bytes = 256 * 1024

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        abuse = shop.settings.abuse
        self._guards = Guards(
            {"order": abuse.orders_per_minute, "read": abuse.reads_per_minute}, enabled=shop.limits
        )
        self._as_500 = shop.settings.compat.errors_as_500

    async def admit(self, request: Request[Any], operation: Operation[Any]) -> None:
        """Raises ``InvalidInput``, ``RateLimited``, ``Unauthorized``, ``Forbidden``."""
        shown = shown_key(request)
        if len(shown) > MAX_KEY_CHARS:
            raise InvalidInput(
                f"X-API-Key is over {MAX_KEY_CHARS} characters.",
                field="X-API-Key",
                suggestion="Send the key alone, as it was made.",
            )
        self._guards.check(operation.cost, request.client)
        request.limited = partial(self._guards.standing, operation.cost, request.client)
        if shown:
            self._guards.check(operation.cost, f"key:{shown}")
        if operation.right:
            request.key = await api_key(self._shop, request, operation.right)

    def read(self, request: Request[Any], operation: Operation[Any], names: Names) -> Fields:
        """Fields of a query or form are texts; those of a JSON body have a type."""
        texts: dict[str, Any] = read_pairs(request.query)
        body = b"" if operation.ignores_body else request.body
        body = body.removeprefix(BYTE_ORDER_MARK).strip()
        typed: dict[str, Any] = {}
        if body:
            _refuse_encoded(request)
            if _is_form(request, body):
                texts = {**texts, **read_pairs(body, "form", "INVALID_BODY")}
            else:
                typed = read_object(body, empty=self.no_body, or_else=f", or a form as {_FORM}")
                names.check_count(typed)
        request.document = {**texts, **typed}
        given = {name: value for name, value in typed.items() if value is not None}
        only_text = frozenset(texts.keys() - given.keys())
        return Fields(self.style, {**texts, **given}, texts=only_text)

    def error(self, request: Request[Any], error: RingboltError) -> Response:
        worded = self.word(request, error)
        document = OrderError(
            reason=worded.named,
            error_code=error.code,
            suggestion=worded.suggestion,
            field=worded.field,
        )
        status = 500 if self._as_500 else status_of(error)
        return json_response(status, document, error_headers(error))


def shown_key(request: Request[Any]) -> str:
    """The X-API-Key as it was shown, '' without."""
    return request.header(b"x-api-key").strip()


def required_key(request: Request[Any]) -> str:
    """The X-API-Key as it was shown. Raises ``Unauthorized`` if there is none."""
    shown = shown_key(request)
    if not shown:
        raise Unauthorized(
            "X-API-Key is missing.", suggestion="Send your API key in the header X-API-Key."
        )
    return shown


async def api_key(shop: Shop, request: Request[Any], right: str) -> ApiKey:
    """The key that was shown. Raises ``Unauthorized`` and ``Forbidden``."""
    return await shop.db.read(recognise, required_key(request), right)


def _refuse_encoded(request: Request[Any]) -> None:
    encoding = request.header(b"content-encoding")
    if encoding.strip().lower() not in ("", "identity"):
        raise InvalidInput(
            f"The body is compressed (Content-Encoding: {encoding[:20]}), which is not read here.",
            code="INVALID_BODY",
            suggestion="Send it uncompressed.",
        )


def _is_form(request: Request[Any], body: bytes) -> bool:
    """``curl -d '{...}'`` calls its JSON a form; some clients send no Content-Type."""
    kind = request.header(b"content-type").partition(";")[0].strip().lower()
    if kind in (_FORM, "") and body[:1] not in _JSON_BEGINS:
        return True
    if kind == "multipart/form-data":
        raise InvalidInput(
            "The body is multipart/form-data, which is not read here.",
            code="INVALID_BODY",
            suggestion=f"Send a JSON object, or {_FORM}.",
        )
    return False
