"""What is answered: the manifest, descriptions, what a search finds, estimates."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from ringbolt.api.kit.schema import about


class Part(msgspec.Struct):
    """A part of an answer."""


class Pricing(Part, kw_only=True):
    """What a service costs at least."""

    service: Annotated[str, about("call, text, code, rent or email.", "call")]
    currency: str
    minimum: Annotated[int, about("The lowest price in satoshis.", 50)]
    unit: Annotated[str, about("What that is the price of.", "started minute")]


class FieldOfBody(Part, kw_only=True):
    """A field of a request, as indexes of L402 services read it."""

    type: str
    required: bool
    description: str
    example: Any | UnsetType = UNSET


class Service(Part, kw_only=True):
    """An address where something is sold now."""

    id: Annotated[str, about("Stable: the operationId in /openapi.json.", "place_call")]
    name: str
    description: Annotated[str, about("Markdown.")]
    endpoint: Annotated[str, about("The path.", "/api/l402/place-call")]
    url: str
    method: str
    sells: Annotated[list[str], about("call, text, code, rent or email.")]
    protocols: Annotated[list[str], about("How it can be paid: L402, MPP, hold invoice, ...")]
    pricing: list[Pricing]
    request_schema: Annotated[
        dict[str, FieldOfBody], about("The fields of the body, as 402index.io reads them.")
    ]
    input_schema: Annotated[dict[str, Any], about("The same as JSON Schema 2020-12.")]
    examples: Annotated[list[Any], about("Bodies that are accepted.")]
    answer: Annotated[Any, about("An example of a success.")] = UNSET
    estimate: Annotated[str, about("Where the exact price is, without an invoice.")]


class Description(Part, kw_only=True):
    """What is bought at an address, and how. Free."""

    service: Service
    links: Annotated[dict[str, str], about("Where to read on.")]


class ServiceOwner(Part, kw_only=True):
    """The shop, as ngx-l402's manifest describes a service."""

    name: str
    description: str
    contact: str | UnsetType = UNSET


class PaymentMethod(Part, kw_only=True):
    """As ngx-l402's manifest has them."""

    type: str
    backend: str


class RoutePrice(Part, kw_only=True):
    """``static``: the price of every request; ``dynamic``: the lowest price."""

    type: str
    amount_msat: int


class RouteLimit(Part, kw_only=True):
    """How many invoices one client may ask for."""

    max_requests: int
    window_secs: int


class Route(Part, kw_only=True):
    """A paid address, as ngx-l402's manifest has them."""

    path: str
    method: str
    price: RoutePrice
    caveats_required: Annotated[list[str], about("What the macaroon is bound to.")]
    macaroon_timeout_secs: int
    rate_limit: RouteLimit | UnsetType = UNSET


class Manifest(Part, kw_only=True):
    """Every address where something is sold now, in the forms of 402index.io, of ngx-l402, and of
    Sats4AI at once."""

    version: str
    name: str
    description: str
    homepage: str
    protocol: str
    protocols: list[str]
    payment_network: str
    service: ServiceOwner
    payment_methods: list[PaymentMethod]
    services: Annotated[list[Service], about("Those that answer 402 with an L402 challenge.")]
    routes: Annotated[list[Route], about("The same, as ngx-l402 lists them.")]
    other_services: Annotated[
        list[Service], about("Those that are paid by hold invoice or from a prepaid key.")
    ]
    links: Annotated[dict[str, str], about("Where to read on.")]
    sandbox: Annotated[bool, about("Whether it is a test shop with play money.")] = False


class Match(Part, kw_only=True):
    """A service that a search found."""

    score: Annotated[int, about("How many of the words describe it.")]
    service: Service


class Matches(Part, kw_only=True):
    """What is sold now that the words describe, the best first; all of it without words."""

    query: str
    services: list[Match]
    links: Annotated[dict[str, str], about("Where to read on.")]
