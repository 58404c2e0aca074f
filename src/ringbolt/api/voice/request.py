"""One request to the family, as its answers read it: JSON in the body, or a query."""

from __future__ import annotations

from json import JSONDecoder
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from ringbolt.api.kit import http
from ringbolt.api.kit.http import Scope
from ringbolt.api.voice.envelope import ClientId, client_id
from ringbolt.api.voice.fields import Fields
from ringbolt.api.voice.names import CLIENT_REQUEST_ID, MAX_FIELDS, Names, fold, read_names
from ringbolt.core.errors import InvalidInput, Unauthorized
from ringbolt.core.json_errors import json_error
from ringbolt.store.keys import ApiKey

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_CLIENT_ID: Final = fold(CLIENT_REQUEST_ID)
_decode = msgspec.json.Decoder().decode


class Asked:
    """``client`` is the address that it came from, ``body`` what came with it (a GET has none);
    ``client_request_id`` is echoed in the answer, whatever that is."""

    def __init__(self, scope: Scope, client: str, parameters: dict[str, str]) -> None:
        self.scope = scope
        self.client = client
        self.body = b""
        self.client_request_id: ClientId = client_id(_header_id(scope))
        self.fields = Fields()
        """Those that were read last: errors call them as the client did."""
        self._key: ApiKey | None = None
        self._parameters = parameters

    @property
    def key(self) -> ApiKey:
        """The API key that asks. Raises ``Unauthorized`` where the address needs none."""
        if self._key is None:
            raise Unauthorized("This address is asked without a key.")
        return self._key

    @key.setter
    def key(self, key: ApiKey) -> None:
        self._key = key

    def path(self, name: str) -> str:
        return self._parameters[name]

    def json(self, names: Names) -> Fields:
        """The fields of a JSON body. Raises ``InvalidInput``."""
        return self._read(decode_object(self.body), names)

    def query(self, names: Names) -> Fields:
        """The fields of the query. Raises ``InvalidInput``."""
        return self._read(_query(self.scope.get("query_string", b"")), names)

    def _read(self, document: dict[str, Any], names: Names) -> Fields:
        for name, value in document.items():
            if fold(name[:64]) == _CLIENT_ID:
                self.client_request_id = client_id(value) or self.client_request_id
        self.fields = read_names(document, names)
        return self.fields


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise InvalidInput(
                f"{key[:64]} stands twice in one object of the body.",
                code="DUPLICATE_FIELD",
                field=key[:64],
                suggestion="Send every field once.",
            )
        seen.add(key)


# msgspec keeps the last of two without a word. Numbers stay texts: only the keys are looked at.
_check_keys = JSONDecoder(object_pairs_hook=_refuse_repeated, parse_int=str, parse_float=str).decode


def decode_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises ``InvalidInput``."""
    body = body.removeprefix(_BYTE_ORDER_MARK).strip()
    if not body:
        raise InvalidInput(
            "The request has no body.", code="INVALID_JSON", suggestion="Send a JSON object."
        )
    try:
        document = _decode(body)
        _check_keys(body.decode())
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError) as error:
        raise InvalidInput(
            f"The body is not valid JSON: {json_error(error, body)}.",
            code="INVALID_JSON",
            suggestion="Send a JSON object, UTF-8, without NaN or comments.",
        ) from None
    if not isinstance(document, dict):
        raise InvalidInput(
            "The body must be a JSON object.",
            code="INVALID_JSON",
            suggestion="Wrap the fields in { }.",
        )
    return document


def _query(raw: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:  # UnicodeError is one
        raise InvalidInput(
            f"The query cannot be read: it is not UTF-8 in percent-encoding, or has more than "
            f"{MAX_FIELDS} fields.",
            code="INVALID_QUERY",
            suggestion="Encode it as application/x-www-form-urlencoded, UTF-8.",
        ) from None
    return dict(pairs)


def _header_id(scope: Scope) -> ClientId:
    """The client's name for its request, as a header: a number stays one."""
    for name in (b"clientrequestid", b"client-request-id", b"x-client-request-id"):
        value = http.header(scope, name).strip()
        if value:
            is_number = value.isascii() and value.isdigit() and len(value) <= 15
            return int(value) if is_number and str(int(value)) == value else value
    return 0
