"""What the orders for numbers answer, as the OpenAPI document shows it."""

from __future__ import annotations

from typing import Any, Final

from ringbolt.api.l402.number_schema import RECEIVE, RENT, TYPES

_SHOP: Final = "https://shop.example"
ORDER_ID: Final = "7dc6e6b61d8c54dff6b8d6ea2e3f08b018e57963df81d493a6f9728c4dc83318"
STATUS_URL: Final = f"{_SHOP}/v2/l402/order/{ORDER_ID}"
ABOUT: Final[dict[str, Any]] = {
    "name": "Numbers by L402",
    "description": "Activation codes and rented numbers: one payment, one credential, as many "
    "polls as needed. What does not come is refunded.",
    "protocols": ["L402", "MPP"],
    "types": list(TYPES),
    "services": f"{_SHOP}/v2/l402/services",
    "catalog": f"{_SHOP}/v2/l402/catalog",
    "order": f"{_SHOP}/v2/l402/order",
    "status": f"{_SHOP}/v2/l402/order/{{orderId}}",
    "cancel": f"{_SHOP}/v2/l402/order/{{orderId}}/cancel",
    "flow": ["GET /v2/l402/catalog: choose a country and a service."],
    "credential_valid_seconds": 86400,
}
SERVICES: Final[dict[str, Any]] = {
    "country": 187,
    "services": [{"code": "vk", "name": "VK", "price_sats": 3000, "available": 28}],
}
CATALOG: Final[dict[str, Any]] = {
    "offers": [
        {
            "type": RECEIVE,
            "country": 187,
            "country_name": "USA",
            "service": "vk",
            "service_name": "VK",
            "price_sats": 3000,
            "available": 28,
        },
        {
            "type": RENT,
            "country": 187,
            "country_name": "USA",
            "service": "full",
            "service_name": "Full rent",
            "price_sats": 15000,
            "rentalHours": 4,
        },
    ],
    "countries": [12, 187],
}
ORDER: Final[dict[str, Any]] = {
    "orderId": ORDER_ID,
    "type": RECEIVE,
    "status": "received",
    "paid": True,
    "state": "settled",
    "number": 12025550147,
    "phone": "+12025550147",
    "code": "070051",
    "sms": "Your VK code is 070051",
    "messages": [
        {
            "timestamp": 1796135597000,
            "text": "Your VK code is 070051",
            "from": "VK",
            "code": "070051",
        }
    ],
    "messagesCount": 1,
    "country": "USA",
    "service": "VK",
    "timestamp": 1796135597000,
    "expiresAt": 1796136761000,
    "price_sats": 3000,
    "charged_sats": 3000,
}
PLACED: Final[dict[str, Any]] = {
    "success": True,
    "status": "queued",
    "orderId": ORDER_ID,
    "type": RECEIVE,
    "status_url": STATUS_URL,
    "cancel_url": f"{STATUS_URL}/cancel",
    "price_sats": 3000,
}
