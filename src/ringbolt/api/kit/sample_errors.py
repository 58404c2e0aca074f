"""An error for each status, as examples for the OpenAPI document."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ringbolt.core.errors import (
    Conflict,
    DestinationRefused,
    Forbidden,
    InvalidInput,
    NodeUnavailable,
    NotFound,
    RateLimited,
    Unauthorized,
)
from ringbolt.http_body import BodyTooLarge
from ringbolt.store.ledger import InsufficientFunds

SAMPLES: Final = MappingProxyType(
    {
        each.status: each
        for each in (
            InvalidInput(
                "A field is missing.", code="MISSING_FIELD", field="message", suggestion="Send it."
            ),
            Unauthorized("This key is not known.", suggestion="Send the key as it was made."),
            InsufficientFunds(
                "This order costs 1,000 sats, and 300 can be spent.",
                suggestion="Top the balance up by POST /fund.",
            ),
            Forbidden("This key may not spend.", suggestion="Use another key."),
            NotFound("There is no such thing.", suggestion="Use the id as it was answered."),
            Conflict("It is too early for that.", suggestion="Try again in 2 minutes."),
            BodyTooLarge(
                "The body is too large.",
                suggestion="Send only the documented fields.",
            ),
            DestinationRefused(
                "This is a premium number, which is not called.",
                suggestion="Use an ordinary fixed or mobile number.",
            ),
            RateLimited(
                "Too many requests from your address.",
                suggestion="Wait a little, then repeat the request.",
                retry_after_s=3,
            ),
            NodeUnavailable(
                "The Lightning node does not answer.",
                suggestion="Try again in a few seconds. Nothing was charged.",
            ),
        )
    }
)
