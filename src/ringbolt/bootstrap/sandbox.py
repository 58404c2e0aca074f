"""A sandbox: a shop with play money that strangers may use (``ringbolt serve --sandbox``).

They may pay invoices from the world's wallet, have refunds paid to it, and follow what they hold
the hash of. Nothing else of the simulated world answers them: no list of anybody's payments, texts
or calls, no clock, no node, no telephone.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ringbolt.api.faucet import Faucet
from ringbolt.api.kit.http import client_address
from ringbolt.core.errors import InvalidInput
from ringbolt.http_body import read_body
from ringbolt.settings import Settings, SettingsError
from ringbolt.simulator.lightning import wallet_api
from ringbolt.simulator.world import World

_MAX_BODY: Final = 16 * 1024
_CLEARED_EVERY_S: Final = 600
_PREFIX: Final = wallet_api.PREFIX
_SEND: Final = f"{_PREFIX}/v2/router/send"
_OPEN: Final = frozenset(
    {
        ("POST", _SEND),
        ("GET", f"{_PREFIX}/v2/router/track/{{payment_hash:path}}"),
        ("POST", f"{_PREFIX}/v1/invoices"),
        ("GET", f"{_PREFIX}/v1/invoice/{{r_hash_str}}"),
        ("GET", f"{_PREFIX}/v1/payreq/{{pay_req}}"),
        ("GET", f"{_PREFIX}/v1/getinfo"),
        ("GET", f"{_PREFIX}/v1/balance/channels"),
    }
)
"""What strangers may use of the wallet, by method and path."""


def refuse_unfit(settings: Settings) -> None:
    """Raises ``SettingsError`` for a sandbox that could spend or ring anything real, or that
    strangers could exhaust."""
    if not settings.sandbox.open:
        return
    real = [part.name for part in settings.parts if not part.simulated]
    if real:
        raise SettingsError(
            f"A sandbox has simulated parts alone, and these are not: {', '.join(real)}. Open it "
            "without a settings file that names them, and with a RINGBOLT_DATA_DIR of its own."
        )
    if settings.simulator.url:
        raise SettingsError(
            "A sandbox has its simulated world inside: leave RINGBOLT_SIMULATOR_URL out."
        )
    if settings.limits == "off":
        raise SettingsError("A sandbox needs its limits: leave RINGBOLT_LIMITS=off out.")


async def clear_sounds(settings: Settings) -> None:
    """Remove what was said in calls, for ever: strangers could fill the disk with it."""
    folder, keep_s = settings.data_dir / "phones", settings.sandbox.keep_sounds_hours * 3600
    while True:
        await asyncio.to_thread(_remove_old, folder, time.time() - keep_s)
        await asyncio.sleep(_CLEARED_EVERY_S)


def _remove_old(folder: Path, before_s: float) -> None:
    for file in folder.glob("*/*"):
        with suppress(FileNotFoundError):  # the world may have removed it meanwhile
            if file.stat().st_mtime < before_s:
                file.unlink()


def open_wallet_routes(world: World, faucet: Faucet) -> list[Route]:
    """The routes of the play wallet that strangers may use, with their limits. They come before
    those that ask for the operator's token."""
    found = [
        route
        for route in wallet_api.routes(world.lightning)
        if any((method, route.path) in _OPEN for method in route.methods or ())
    ]
    for route in found:
        route.app = _Limited(route.app, world, faucet, pays=route.path == _SEND)
    return found


class _SendPayment(msgspec.Struct):
    """What is read of LND's request to pay. Amounts are strings or numbers, as JSON of protobuf
    allows."""

    payment_request: str = ""
    amt: int | str = 0
    amt_msat: int | str = 0


_read_payment = msgspec.json.Decoder(_SendPayment).decode


class _Limited:
    def __init__(self, app: ASGIApp, world: World, faucet: Faucet, *, pays: bool) -> None:
        self._app = app
        self._world = world
        self._faucet = faucet
        self._pays = pays

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = client_address(scope)
        self._faucet.check(client)
        body = await read_body(scope, receive, _MAX_BODY)
        if self._pays:
            wanted = _payment(body)
            self._faucet.take(client, wanted.payment_request, _amount_sats(wanted))
            await self._world.lightning.refill()
        await self._app(scope, _again(body, receive), send)


def _payment(body: bytes) -> _SendPayment:
    try:
        return _read_payment(body)
    except msgspec.MsgspecError as error:
        raise InvalidInput(f"This is not a request to pay: {error}.") from None


def _amount_sats(wanted: _SendPayment) -> int:
    try:
        sats, msat = int(wanted.amt or 0), int(wanted.amt_msat or 0)
    except ValueError:
        raise InvalidInput("amt and amt_msat are whole numbers.") from None
    return max(sats, -(-msat // 1000))


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read; then what comes after it."""
    given = False

    async def once() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once
