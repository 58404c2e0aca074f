"""One request to an address of a family, as its handler reads it."""

from __future__ import annotations

import time
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from ringbolt.api.kit import http
from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.http import Scope
from ringbolt.core.errors import Unauthorized
from ringbolt.store.keys import ApiKey

P = TypeVar("P", bound=Struct)

_NO_PARAMETERS: Final[dict[str, str]] = {}


class Nothing(Struct):
    """The parameters of an address of which nothing but its path is read."""


class Request(Generic[P]):
    """``path`` is the address in its documented form, ``client`` where the request came from (for
    rate limits), ``body`` what came with it; ``arrived_s`` is when, by the monotonic clock.

    ``document`` is the body or query as it was decoded, ``fields`` the same under canonical names;
    both are empty until they are read. ``params`` is the struct that the address takes.
    """

    __slots__ = (
        "_key",
        "_path_parameters",
        "arrived_s",
        "body",
        "client",
        "document",
        "fields",
        "method",
        "params",
        "path",
        "scope",
    )

    params: P

    def __init__(
        self,
        scope: Scope,
        path: str,
        fields: Fields,
        path_parameters: dict[str, str] = _NO_PARAMETERS,
    ) -> None:
        self.arrived_s = time.monotonic()
        self.scope = scope
        self.method: str = scope["method"]
        self.path = path
        self.client = http.client_address(scope)
        self.body = b""
        self.document: dict[str, Any] = {}
        self.fields = fields
        self._path_parameters = path_parameters
        self._key: ApiKey | None = None

    def header(self, name: bytes) -> str:
        """The first header of that (lower-case) name, or ''."""
        return http.header(self.scope, name)

    def in_path(self, name: str) -> str:
        """What stands in the path where the address has ``{name}``."""
        return self._path_parameters[name]

    @property
    def query(self) -> bytes:
        query: bytes = self.scope.get("query_string", b"")
        return query

    @property
    def key(self) -> ApiKey:
        """The API key that was shown. Raises ``Unauthorized`` where the address needs none."""
        if self._key is None:
            raise Unauthorized("This address needs no API key, and none was looked up.")
        return self._key

    @key.setter
    def key(self, key: ApiKey) -> None:
        self._key = key
