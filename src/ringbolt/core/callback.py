"""HTTP callbacks: how a far end tells a part what happened, if it does not keep a connection.

A part that needs them says so by ``SupportsCallbacks``, which is asked for at start-up. The shop
serves its routes under an address that nobody can guess, and checks nothing else: a far end that
signs its requests is checked by the part.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """``url``: as the far end was told to call it, with its query; signatures are made over it.
    ``params``: what stands for the ``{names}`` in the route's path. ``headers``: by lower-case
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
"""Answers once what the request tells is committed (``core.sink``). What it raises is answered 503
(``Unavailable``: the sink could not commit, or nobody follows the part) or 500, upon which far ends
call again."""


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
        """Where the part wants to be called: asked once, before it is asked for anything else.

        ``base_url`` is what the paths follow, as the far end reaches it. It stays the same as long
        as the shop's secret, public URL and the part's name do.
        """
        ...
