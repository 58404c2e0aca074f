"""One request to an address of a family, as its handler reads it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from msgspec import Struct

from ringbolt.api.kit import http
from ringbolt.api.kit.fields import Fields
from ringbolt.core.errors import Unauthorized
from ringbolt.http_body import Scope, header
from ringbolt.store.keys import ApiKey

P = TypeVar("P", bound=Struct)


class Nothing(Struct):
    """The parameters of an address that reads nothing but its path."""


@dataclass(slots=True, eq=False)
class Request(Generic[P]):
    """``path`` is the address in its documented form, ``path_parameters`` its parts by name;
    ``client`` is where the request came from (for rate limits), ``body`` what came with it, and
    ``arrived_s`` when, by the monotonic clock.

    ``document`` is the body or query as it was decoded, ``fields`` the same under canonical names;
    both are empty until they are read. ``params`` is the struct that the address takes.
    ``limited`` makes the RateLimit headers of a success, where requests are counted.
    """

    scope: Scope
    path: str
    fields: Fields
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    method: str = field(init=False)
    client: str = field(init=False)
    body: bytes = b""
    document: dict[str, Any] = field(default_factory=dict)
    params: P = field(init=False)
    arrived_s: float = field(default_factory=time.monotonic)
    limited: Callable[[], list[http.Header]] | None = None
    _key: ApiKey | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.method = self.scope["method"]
        self.client = http.client_address(self.scope)

    def header(self, name: bytes) -> str:
        """The first header of that (lower-case) name, or ''."""
        return header(self.scope, name)

    def in_path(self, name: str) -> str:
        """The part of the path at ``{name}``."""
        return self.path_parameters[name]

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
