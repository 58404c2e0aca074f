"""What the examples of BOLT 11 are made of."""

from __future__ import annotations

from ringbolt.core.lightning.bolt11 import RouteHop

SECRET = b"\x11" * 32
TIMESTAMP = 1496314658
ROUTE = (
    RouteHop(
        bytes.fromhex("029e03a901b85534ff1e92c43c74431f7ce72046060fcf7a95c37e148f78c77255"),
        0x0102030405060708,
        1,
        20,
        3,
    ),
    RouteHop(
        bytes.fromhex("039e03a901b85534ff1e92c43c74431f7ce72046060fcf7a95c37e148f78c77255"),
        0x030405060708090A,
        2,
        30,
        4,
    ),
)
