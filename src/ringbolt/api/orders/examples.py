"""What is answered, as the OpenAPI document shows it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from ringbolt.api.orders import documents
from ringbolt.core.errors import RingboltError

_ORDER: Final = "14170cdb32a54345424d79e97c2b03b4beef5c2820e94bb397d9e6458618c4be"
_TEXT: Final = "Your verification code is 048010."


def shown_error(error: RingboltError) -> documents.OrderError:
    """An error as an example shows it."""
    return documents.OrderError(
        reason=error.message,
        error_code=error.code,
        suggestion=error.suggestion,
        field=error.field,
    )


ANSWERS: Final[MappingProxyType[type, Any]] = MappingProxyType(
    {
        documents.Created: {
            "status": "OK",
            "orderId": _ORDER,
            "payreq": "lnbc30u1p4su05zsp5ev9tant0u8gfnd97zgdlqrqp4ul0ktgxufzpf3v9eq...",
            "paymentHash": "31453df85200c61b9c1c4a46501300c2c116228a846fb81be921ec8473b37c4d",
            "price": 3000,
            "expiresAt": 1796096518000,
        },
        documents.OrderStatus: {
            "status": "OK",
            "paid": True,
            "code": "048010",
            "id": 1172271269,
            "number": 12025550144,
            "timestamp": 1796095619397,
            "country": "USA",
            "service": "vk",
            "state": "fulfilled",
            "codeText": "048010",
            "sms": _TEXT,
            "messages": [
                {"timestamp": 1796095619394, "text": _TEXT, "from": "VK", "code": "048010"}
            ],
            "isRental": False,
            "expiresAt": 1796096818394,
            "assignedAt": 1796095618396,
        },
        documents.Done: {"status": "OK"},
        documents.Balance: {"status": "OK", "balance": 10000},
        documents.History: {
            "status": "OK",
            "totalAmount": 10000,
            "orders": [
                {
                    "amount": 10000,
                    "createdAt": 1796095616224,
                    "desc": "fund account",
                    "description": "fund account",
                    "holdinvoice": True,
                    "preimage": "93085c713eed5778c861d9bbe730317d986dec89bd42ff9b1e8c177af78733c0",
                    "preimageHash": "95d8188c0b858eec1d3751a4062f8d1d4af9cce70ac29645257ab5b4d7dc46"
                    "6e",
                    "price": 10000,
                    "userId": "rb_...",
                }
            ],
        },
        documents.LedgerPage: {
            "status": "OK",
            "entries": [
                {
                    "id": f"ord:{_ORDER}",
                    "at": 1796095616276,
                    "kind": "reserve",
                    "amount": -3000,
                    "amount_msat": -3000000,
                    "reserved": 3000,
                    "state": "captured",
                    "orderId": _ORDER,
                    "resolvedAt": 1796095618810,
                }
            ],
        },
        documents.Prices: {"receive": 3000, "send": 1000, "rent": 15000, "s4s": 5000},
        documents.Price: {"price": 3000},
        documents.ServiceStatus: {
            "key": "vk",
            "text": "vk.com",
            "value": "vk",
            "count": "28",
            "image": {"avatar": True, "src": "/assets/saimages/vk0.png"},
        },
        documents.Service: {"code": "vk", "name": "vk.com"},
        documents.Country: {
            "id": 187,
            "eng": "USA",
            "visible": 1,
            "rent": True,
            "cc": 187,
            "country": "USA",
        },
        documents.RentalCountry: {"cc": 187, "country": "USA", "duration": "4", "price": 15000},
        documents.SuccessRates: {
            "status": "OK",
            "days": 30,
            "leastOrders": 20,
            "rates": [
                {
                    "cc": 187,
                    "country": "USA",
                    "service": "tg",
                    "name": "Telegram",
                    "orders": 212,
                    "successPercent": 93,
                }
            ],
        },
    }
)
"""By struct. Every one is checked against its struct by a test."""
