"""The world's HTTP API: everything under ``/simulator``, inside a shop or in its own process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from ringbolt.core.errors import RingboltError
from ringbolt.simulator.clock import clock_api
from ringbolt.simulator.guarded_route import MAX_BODY_BYTES, guard
from ringbolt.simulator.lightning import addresses_api, node_api, wallet_api
from ringbolt.simulator.mail import mailbox_api, server_api
from ringbolt.simulator.numbers import handler_api, inbound_api, provider_api
from ringbolt.simulator.sms import carrier_api as sms_carrier_api
from ringbolt.simulator.smsgate import app_api as smsgate_api
from ringbolt.simulator.twilio import calls_api as twilio_calls_api
from ringbolt.simulator.twilio import messages_api as twilio_messages_api
from ringbolt.simulator.voice import carrier_api as voice_carrier_api
from ringbolt.simulator.voice import phones_api
from ringbolt.simulator.voice.clips import MAX_CLIP_BYTES
from ringbolt.simulator.world import World


class Area(StrEnum):
    """A part of the world that a shop may or may not use; each has routes of its own.

    ``POST /simulator/keys`` is none of them: it writes to the shop's database, so the shop serves
    it.
    """

    NODE = "node"
    """The shop's node, and the Lightning Addresses that it pays."""
    WALLET = "wallet"
    """The payer with play money."""
    PHONES = "phones"
    """The carrier of calls."""
    SMS = "sms"
    """The carrier of texts."""
    SMSGATE = "smsgate"
    """Phones with the app SMSGate. They report to any address, so that only ``ringbolt simulator``
    has them, and no shop that strangers reach."""
    NUMBERS = "numbers"
    """The provider of numbers, and the texts that strangers send to them."""
    MAIL = "mail"
    CLOCK = "clock"
    TWILIO = "twilio"
    """The Twilio-compatible API. It fetches what it is told to, so no shop serves it itself."""


CLIPS: Final = f"{voice_carrier_api.PREFIX}/clips/{{sha256}}"
_ROUTES: Final = MappingProxyType[Area, Callable[[World], list[Route]]](
    {
        Area.NODE: lambda world: [
            *node_api.routes(world.lightning),
            *addresses_api.routes(world.addresses),
        ],
        Area.WALLET: lambda world: wallet_api.routes(world.lightning),
        Area.PHONES: lambda world: voice_carrier_api.routes(world.phones),
        Area.SMS: lambda world: sms_carrier_api.routes(world.sms),
        Area.SMSGATE: lambda world: smsgate_api.routes(world.smsgate, world.clock),
        Area.NUMBERS: lambda world: [
            *provider_api.routes(world.numbers),
            *inbound_api.routes(world.numbers),
        ],
        Area.MAIL: lambda world: [
            *server_api.routes(world.mailboxes),
            *mailbox_api.routes(world.mailboxes),
        ],
        Area.CLOCK: lambda world: clock_api.routes(world.clock),
        Area.TWILIO: lambda world: [
            *twilio_messages_api.routes(world.twilio_messages, world.twilio.accounts),
            *twilio_calls_api.routes(world.twilio.calls, world.twilio.accounts),
        ],
    }
)
_PHONE_AREAS: Final = frozenset({Area.PHONES, Area.SMS})
_OWN_TOKENS: Final = frozenset({Area.NODE, Area.WALLET, Area.TWILIO})


def routes(
    world: World,
    areas: Collection[Area] = frozenset(Area),
    token: str = "",
    *,
    guards_play_money: bool = False,
) -> list[BaseRoute]:
    """The routes of ``world`` for ``areas`` only.

    ``token``: what callers must show, '' if anyone may call. Play money needs none: real wallets
    use it, which send a macaroon; the Twilio-compatible API has accounts with tokens. A phone shows
    its calls and its texts, so the phones are included with either carrier. ``guards_play_money``:
    the node and the wallet ask for the token, too.
    """
    found: list[BaseRoute] = []
    open_areas = {Area.TWILIO} if guards_play_money else _OWN_TOKENS
    for area in Area:
        if area in areas:
            needed = "" if area in open_areas else token
            found += _guarded(_ROUTES[area](world), needed)
    if Area.NUMBERS in areas:  # its callers show an API key instead of a token
        found += _guarded(
            handler_api.routes(world.numbers, world.number_accounts, world.clock, token), ""
        )
        found += _guarded(handler_api.control_routes(world.number_accounts), token)
    if Area.TWILIO in areas:
        world.twilio.accounts.token = token
        found += _guarded(twilio_calls_api.control_routes(world.twilio.accounts), token)
    if not _PHONE_AREAS.isdisjoint(areas):
        found += _guarded(phones_api.routes(world.phones, world.sms), token)
    return found


def _guarded(found: Iterable[Route], token: str) -> list[Route]:
    return [
        guard(route, token, MAX_CLIP_BYTES if route.path == CLIPS else MAX_BODY_BYTES)
        for route in found
    ]


def create_app(world: World, token: str = "") -> Starlette:
    """The whole world as an application, for ``ringbolt simulator``. ``token``: what callers must
    show, except for play money."""

    async def healthz(request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "now_ms": world.clock.now_ms()})

    return Starlette(
        routes=[*routes(world, token=token), Route("/healthz", healthz)],
        exception_handlers={
            HTTPException: _http_error,
            RingboltError: _ringbolt_error,
            Exception: _unexpected,
        },
    )


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse(
        {"error": "HTTP", "message": error.detail}, error.status_code, headers=error.headers
    )


async def _ringbolt_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RingboltError)
    return JSONResponse({"error": error.code, "message": error.message}, error.status)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": "INTERNAL", "message": "The simulated world stumbled."}, 500)
