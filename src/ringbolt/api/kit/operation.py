"""The description of an address: everything the kit needs to serve and to document it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from msgspec import Struct

from ringbolt.api.kit.request import Request

P = TypeVar("P", bound=Struct)

Handler = Callable[[Request[P]], Awaitable[Any]]
"""Answers a request: with a ``Response``, a ``Stream``, or a document that is sent as 200."""


@dataclass(frozen=True, slots=True)
class Operation(Generic[P]):
    """One address: ``methods`` (separated by spaces) of ``path`` are answered by ``handler``.

    ``takes`` is the struct that is read from the body or query, ``at_most`` the limits of its
    fields that are settings. ``answers`` is the struct of a success, or its media types; ``errors``
    are statuses beyond those that follow from the rest, ``error_structs`` their structs where they
    are not the family's, ``error_headers`` what headers they have. ``cost`` names the rate
    limit that a request counts for, ``right`` what its API key must be allowed. ``acts``: even a
    GET changes something, so that there is no HEAD. ``ignores_body``: a body is not read.
    ``status`` is that of a document. ``sells``: the services that can be bought here
    (``core.closed_sales.SERVICES``). ``cached``: who has the document is told that it is current
    (ETag).

    For the OpenAPI document alone: ``tag`` (the family's, if ''), ``headers`` (parameters),
    ``idempotent`` (it has an Idempotency-Key), ``examples`` of the body, ``answer`` (an example of
    a success, if it is not the family's), ``xml`` (a body, where it may be XML), ``id``, ``does``
    (the summary, where that is not the handler's first line), ``about`` (more than that,
    Markdown), ``more`` (members of the operation). What is ``hidden`` is not in it.
    """

    methods: str
    path: str
    handler: Handler[P]
    takes: type[P]
    answers: Any = None
    errors: tuple[int, ...] = ()
    error_structs: Mapping[int, type[Struct]] = field(default_factory=dict)
    error_headers: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    cost: str = "read"
    right: str = ""
    at_most: Mapping[str, int] = field(default_factory=dict)
    acts: bool = False
    ignores_body: bool = False
    status: int = 200
    sells: tuple[str, ...] = ()
    cached: bool = False
    tag: str = ""
    headers: tuple[Mapping[str, Any], ...] = ()
    idempotent: bool = False
    examples: Mapping[str, Any] = field(default_factory=dict)
    answer: Any = None
    xml: str = ""
    id: str = ""
    does: str = ""
    about: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    hidden: bool = False

    @property
    def summary(self) -> str:
        """What it does, in a line."""
        return (self.does or self.handler.__doc__ or "").partition("\n")[0].rstrip(".")
