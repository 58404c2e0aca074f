"""``/.well-known/l402-services``: one document that every reader known today understands.

402index.io reads ``services`` (``endpoint``, ``method``, ``request_schema``), ngx-l402's clients
read ``service``, ``payment_methods`` and ``routes``, Sats4AI's read the members above them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import UNSET, UnsetType

from ringbolt.api.discovery import documents
from ringbolt.api.discovery.catalogue import L402, PaidAddress, Schema
from ringbolt.api.discovery.links import ESTIMATE, LLMS_FULL
from ringbolt.api.kit.plain import LINKS
from ringbolt.app.shop import Shop

VERSION: Final = "1"
ABOUT: Final = (
    "Phone calls, text messages, activation codes, rented numbers and e-mail, paid over Bitcoin "
    "Lightning, without an account. Nothing that was not delivered is charged."
)
_A_MINUTE: Final = 60


def manifest(shop: Shop, sold: list[PaidAddress], base: str) -> documents.Manifest:
    """The document of a shop that is reached at ``base``."""
    paid_at_once = [each for each in sold if L402 in each.protocols]
    others = [each for each in sold if L402 not in each.protocols]
    name, contact = shop.settings.web.shop_name, shop.settings.web.contact or UNSET
    return documents.Manifest(
        version=VERSION,
        name=name,
        description=ABOUT,
        homepage=f"{base}/",
        protocol=L402,
        protocols=list(dict.fromkeys(p for each in paid_at_once for p in each.protocols)),
        payment_network="lightning",
        service=documents.ServiceOwner(name=name, description=ABOUT, contact=contact),
        payment_methods=[documents.PaymentMethod(type="lightning", backend="BOLT11")],
        services=[service(each, base) for each in paid_at_once],
        routes=[_route(shop, each) for each in paid_at_once],
        other_services=[service(each, base) for each in others],
        links=links(base),
        sandbox=shop.settings.sandbox.open,
    )


def links(base: str) -> dict[str, str]:
    """Where to read on."""
    return {name: f"{base}{path}" for name, path in {**LINKS, "llms_full": LLMS_FULL}.items()}


def service(sold: PaidAddress, base: str) -> documents.Service:
    """One address."""
    return documents.Service(
        id=sold.id,
        name=sold.summary,
        description=sold.about or sold.summary,
        endpoint=sold.path,
        url=f"{base}{sold.path}",
        method=sold.method,
        sells=list(sold.sells),
        protocols=list(sold.protocols),
        pricing=[
            documents.Pricing(service=name, currency="sat", minimum=price.sats, unit=price.unit)
            for name, price in sold.prices.items()
        ],
        request_schema=dict(_fields(sold)),
        input_schema={**sold.schema},
        examples=sold.examples,
        answer=UNSET if sold.answer is None else sold.answer,
        estimate=f"{base}{ESTIMATE}?service={sold.sells[0]}",
    )


def _route(shop: Shop, sold: PaidAddress) -> documents.Route:
    terms = shop.settings.l402
    limit: documents.RouteLimit | UnsetType = UNSET
    if shop.limits:
        limit = documents.RouteLimit(
            max_requests=terms.challenges_per_minute, window_secs=_A_MINUTE
        )
    lowest = min(price.sats for price in sold.prices.values())
    return documents.Route(
        path=sold.path,
        method=sold.method,
        price=documents.RoutePrice(type="dynamic", amount_msat=lowest * 1000),
        caveats_required=["services", "valid_until", "request", "body", "amount_msat"],
        macaroon_timeout_secs=terms.redeem_s,
        rate_limit=limit,
    )


def _fields(sold: PaidAddress) -> Iterable[tuple[str, documents.FieldOfBody]]:
    required = sold.schema.get("required", ())
    example: Mapping[str, Any] = sold.examples[0] if sold.examples else {}
    for name, schema in sold.schema.get("properties", {}).items():
        value = example.get(name, next(iter(schema.get("examples", ())), UNSET))
        yield (
            name,
            documents.FieldOfBody(
                type=_type(schema),
                required=name in required,
                description=schema.get("description", ""),
                example=value,
            ),
        )


def _type(schema: Schema) -> str:
    """The first JSON type that a field may have."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0]
    if kind is None and "anyOf" in schema:
        kind = next((_type(each) for each in schema["anyOf"]), None)
    return kind if isinstance(kind, str) else "object"
