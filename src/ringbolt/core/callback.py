"""HTTP callbacks: how a far end reports events to a part without a permanent connection.

A part that needs them implements ``SupportsCallbacks``, which is checked at start-up. The shop
serves its routes under an address that cannot be guessed, and checks nothing else: the part itself
checks the signatures of a far end that signs its requests.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """``url``: the address that the far end calls, with its query; signatures cover it.
    ``params``: the values of the ``{names}`` in the route's path. ``headers``: by lower-case
    name. ``body``: whole, and not read yet."""

    method: str
    url: str
    params: Mapping[str, str]
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class CallbackResponse:
    status: int = 204
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


Handler = Callable[[CallbackRequest], Awaitable[CallbackResponse]]
"""Answers once the reported events are committed (``core.sink``). An error is answered with 503
(``Unavailable``: the sink could not commit, or no watcher follows the part) or 500, upon which far
ends call again."""


@dataclass(frozen=True, slots=True)
class CallbackRoute:
    """``path`` begins with ``/`` and may hold ``{names}``. Larger bodies are answered 413."""

    path: str
    handle: Handler = field(repr=False)
    methods: tuple[str, ...] = ("POST",)
    max_body_bytes: int = 64 * 1024


@runtime_checkable
class SupportsCallbacks(Protocol):
    def callback_routes(self, base_url: str) -> Sequence[CallbackRoute]:
        """The routes of the part: called once, before any other method.

        ``base_url`` comes before the paths, as the far end reaches it. It stays the same as long
        as the shop's secret, public URL and the part's name do.
        """
        ...
