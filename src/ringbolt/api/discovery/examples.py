"""Examples of what is answered, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

_BASE: Final = "https://shop.example"
_BODY: Final = {"phone_number": "+12025550123", "message": "Hello"}
LINKS: Final = {
    "services": f"{_BASE}/.well-known/l402-services",
    "llms": f"{_BASE}/llms.txt",
    "openapi": f"{_BASE}/openapi.json",
}
SERVICE: Final[dict[str, Any]] = {
    "id": "place_call",
    "name": "Call a number and speak a text or play a file",
    "description": "Without a credential the answer is 402 with an invoice.",
    "endpoint": "/api/l402/place-call",
    "url": f"{_BASE}/api/l402/place-call",
    "method": "POST",
    "sells": ["call"],
    "protocols": ["L402", "MPP"],
    "pricing": [{"service": "call", "currency": "sat", "minimum": 50, "unit": "started minute"}],
    "request_schema": {
        "phone_number": {
            "type": "string",
            "required": True,
            "description": "The number to call, E.164.",
            "example": "+12025550123",
        }
    },
    "input_schema": {"type": "object", "properties": {"phone_number": {"type": "string"}}},
    "examples": [_BODY],
    "estimate": f"{_BASE}/api/estimate-cost?service=call",
}
DESCRIPTION: Final = {"service": SERVICE, "links": LINKS}
MATCHES: Final = {
    "query": "call a phone",
    "services": [{"score": 2, "service": SERVICE}],
    "links": LINKS,
}
_ABOUT: Final = "Phone calls, paid over Bitcoin Lightning."
MANIFEST: Final[dict[str, Any]] = {
    "version": "1",
    "name": "Ringbolt",
    "description": _ABOUT,
    "homepage": f"{_BASE}/",
    "protocol": "L402",
    "protocols": ["L402", "MPP"],
    "payment_network": "lightning",
    "service": {"name": "Ringbolt", "description": _ABOUT},
    "payment_methods": [{"type": "lightning", "backend": "BOLT11"}],
    "services": [SERVICE],
    "routes": [
        {
            "path": "/api/l402/place-call",
            "method": "POST",
            "price": {"type": "dynamic", "amount_msat": 50000},
            "caveats_required": ["services", "valid_until", "request", "body", "amount_msat"],
            "macaroon_timeout_secs": 86400,
            "rate_limit": {"max_requests": 120, "window_secs": 60},
        }
    ],
    "other_services": [],
    "links": LINKS,
}
