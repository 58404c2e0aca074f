"""Opens a shop: creates everything that the settings describe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import structlog
from starlette.routing import BaseRoute

from ringbolt.api.faucet import Faucet
from ringbolt.api.operator.routes import operator_token
from ringbolt.api.renderers import renderers
from ringbolt.api.server import Server
from ringbolt.app import part_costs
from ringbolt.app.calls.call_records import ShopCallRecords
from ringbolt.app.jobs import move_payouts
from ringbolt.app.operator import sweep
from ringbolt.app.payments import expire_order
from ringbolt.app.sales_terms import TermsUnusable
from ringbolt.app.shop import Shop
from ringbolt.bootstrap.called import called_routes
from ringbolt.bootstrap.cards import load_terms, load_text_costs
from ringbolt.bootstrap.parts import ShopParts, context_of, open_parts
from ringbolt.bootstrap.sandbox import clear_sounds, open_wallet_routes, refuse_unfit
from ringbolt.bootstrap.secret_check import keep_secret
from ringbolt.bootstrap.warm_up import warm_pages_when_idle, warm_up_when_idle
from ringbolt.clock import Clock, SystemClock
from ringbolt.core.callback import SupportsCallbacks
from ringbolt.core.errors import NodeUnavailable
from ringbolt.core.keys import Keyring
from ringbolt.lightning.node import LightningNode
from ringbolt.lightning.payout import SupportsAddresses
from ringbolt.mcp.endpoint import AgentEndpoint
from ringbolt.registry.types import Context
from ringbolt.settings import Settings, SettingsError
from ringbolt.settings.secret import load_keyring
from ringbolt.simulator.clock.follow_clock import follow_clock
from ringbolt.sms.carrier import SupportsSmsPolling
from ringbolt.store import jobs, money
from ringbolt.store.engine.db import Database
from ringbolt.store.engine.opening import open_database
from ringbolt.store.lease_book import DatabaseLeases
from ringbolt.store.pool import DatabasePool
from ringbolt.upstream.fetch.safe import SafeFetcher
from ringbolt.upstream.fetch.webhook_client import WebhookClient
from ringbolt.voice.audio.decoder import AudioDecoder
from ringbolt.voice.audio.source import AudioLimits, AudioSource
from ringbolt.voice.carrier import NeedsCallRecords
from ringbolt.web.app import Pages
from ringbolt.worker.follow_changes import follow_changes
from ringbolt.worker.handlers import handlers
from ringbolt.worker.hold_watcher import hold_watcher
from ringbolt.worker.inbound_watcher import inbound_watcher
from ringbolt.worker.loop import Worker
from ringbolt.worker.message_poller import sms_poller
from ringbolt.worker.message_watcher import sms_watcher
from ringbolt.worker.text_watcher import text_watcher
from ringbolt.worker.watchers import Watcher, carrier_watcher, node_watcher

if TYPE_CHECKING:
    from ringbolt.simulator.world import World

log = structlog.get_logger("ringbolt.parts")

USER_AGENT = "Ringbolt/0.1 (+audio for a phone call)"
CALLER_NAME = "Ringbolt/0.1 (+webhook)"


@dataclass(slots=True)
class OpenShop:
    """An open shop: serve ``server``, and run ``work`` at the same time."""

    shop: Shop
    server: Server
    world: World | None
    world_url: str
    world_token: str  # what the world asks for, '' if nothing
    clock: SystemClock | None  # must follow the world's time, if that is another process
    worker: Worker | None = None
    watchers: list[Watcher] = field(default_factory=list)

    async def work(self) -> None:
        """Run jobs, watchers and the clock until cancelled."""
        async with asyncio.TaskGroup() as group:
            if self.worker is not None:
                await self.shop.db.tx(move_payouts)
                await self.shop.db.tx(sweep.schedule)
                await self.shop.db.tx(part_costs.schedule)
                await self.shop.db.tx(expire_order.schedule)
                group.create_task(self.worker.run())
                group.create_task(warm_up_when_idle(self.shop.speaker))
            group.create_task(warm_pages_when_idle(self.server.warm_up))
            for watcher in self.watchers:
                group.create_task(watcher.run())
            group.create_task(follow_changes(self.shop))
            if self.shop.settings.sandbox.open:
                group.create_task(clear_sounds(self.shop.settings))
            if self.clock is not None:
                group.create_task(self._follow(self.clock))
            elif self.world is not None:
                group.create_task(self._poke_on_advance(self.world))

    async def _follow(self, clock: SystemClock) -> None:
        await follow_clock(self.world_url, clock, self._time_jumped, self.world_token)

    async def _poke_on_advance(self, world: World) -> None:
        offset_ms = world.clock.offset_ms
        while not world.clock.is_closed:  # then a wait returns at once, and lets nobody else run
            changed = await world.clock.wait_change(offset_ms, 30)
            if changed != offset_ms:
                offset_ms = changed
                self._time_jumped()

    def _time_jumped(self) -> None:
        if self.worker is not None:
            self.worker.poke()

    async def hang_up(self) -> None:
        """End all clients' streams; stopping would wait for them."""
        self.server.hang_up()
        if self.world is not None:
            await self.world.close()


async def _take_over_terms(shop: Shop) -> None:
    """Raises ``SettingsError`` for changes that cannot be read: a shop does not sell at prices that
    its operator replaced."""
    try:
        await shop.terms.refresh(shop.db)
    except TermsUnusable as error:
        raise SettingsError(f"{error.message} {error.suggestion}") from None


class _NodeFacts:
    """Caches the node's network."""

    def __init__(self, node: LightningNode, known: str = "") -> None:
        self._node = node
        self._network = known

    async def network(self) -> str:
        if not self._network:
            self._network = (await self._node.info()).network
        return self._network


@asynccontextmanager
async def open_shop(
    settings: Settings, own_url: str, *, with_worker: bool = True, accept_secret: bool = False
) -> AsyncIterator[OpenShop]:
    """Open everything that ``settings`` name; ``own_url`` is where this process listens.
    ``accept_secret``: go on with another master secret than the database was made under.

    Raises ``SettingsError`` for a wrong setting, and ``RingboltError`` if the store cannot be
    opened.
    """
    _refuse_open_world(settings)
    refuse_unfit(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        keyring = load_keyring(settings, create=True)
        world = await _open_world(settings, stack)
        play = settings.node.simulated
        # Only with a simulated node may the world's clock be moved.
        clock: Clock = world.clock if world is not None and play else SystemClock()
        db = await _open_store(settings, keyring, clock, stack, accept_secret=accept_secret)
        world_url = settings.simulator.url.rstrip("/") or own_url
        token = _world_token(settings, keyring)
        context = context_of(settings, world_url, own_url or world_url, clock, keyring, token)
        parts = open_parts(settings, context, DatabasePool(db), DatabaseLeases(db), stack)
        shop = _open_shop(settings, stack, keyring, db, context, parts)
        await _take_over_terms(shop)
        await refuse_unlimited_real_money(settings, shop.node)
        _warn_of_play_money(settings)
        watchers = _watchers(shop, only_called_back=not with_worker)
        follows = play and world is None
        yield OpenShop(
            shop=shop,
            server=_server(shop, world, world_url, token, watchers),
            world=world,
            world_url=world_url,
            world_token=token,
            clock=clock if follows and isinstance(clock, SystemClock) else None,
            worker=Worker(shop, handlers()) if with_worker else None,
            watchers=watchers,
        )


def _server(
    shop: Shop, world: World | None, world_url: str, token: str, watchers: Sequence[Watcher]
) -> Server:
    """``token``: what the world at ``world_url`` asks for."""
    play = shop.settings.node.simulated
    sandbox = shop.settings.sandbox
    faucet = Faucet(sandbox, shop.clock.now_ms) if sandbox.open else None
    return Server(
        shop,
        network=_NodeFacts(shop.node, "regtest" if play else "").network,
        connected=lambda: {watcher.name: watcher.connected for watcher in watchers},
        extra_routes=[*_world_routes(world, shop.settings, token, faucet), *called_routes(shop)],
        play=play,
        pages=Pages(shop, (world_url, token) if play else None, faucet),
        agents=AgentEndpoint(shop),
    )


async def _open_store(
    settings: Settings,
    keyring: Keyring,
    clock: Clock,
    stack: AsyncExitStack,
    *,
    accept_secret: bool,
) -> Database:
    """The database, once it is certain that it is this shop's. Raises ``SettingsError``."""
    db = await open_database(settings.database, clock, listen_url=settings.database_listen_url)
    stack.push_async_callback(db.close)
    await keep_secret(settings, keyring, db, accept=accept_secret)
    if db.dialect == "sqlite":
        # We hold the file's only lock, so the worker that claimed these jobs has ended.
        await db.tx(jobs.release_all)
    await _refuse_other_money(db, play=settings.node.simulated)
    return db


def _watchers(shop: Shop, *, only_called_back: bool) -> list[Watcher]:
    """One watcher per part that reports events. Without a worker, only for parts with callbacks:
    these arrive at this process and must be committed here."""

    def follows(part: object) -> bool:
        return not only_called_back or isinstance(part, SupportsCallbacks)

    watchers = [
        None if only_called_back else node_watcher(shop),
        None if only_called_back else hold_watcher(shop),
        *(carrier_watcher(shop, each) for each in shop.carriers if follows(each)),
        *(sms_watcher(shop, each) for each in shop.sms_carriers if follows(each)),
        *(inbound_watcher(shop, each) for each in shop.sms_carriers if follows(each)),
        *([] if only_called_back else _pollers(shop)),
        *(text_watcher(shop, each) for each in shop.number_providers if follows(each)),
    ]
    return [watcher for watcher in watchers if watcher is not None]


def _pollers(shop: Shop) -> list[Watcher]:
    """One for each carrier of texts that must be asked what became of them."""
    return [
        sms_poller(shop, each.name, each)
        for each in shop.sms_carriers
        if isinstance(each, SupportsSmsPolling)
    ]


def _open_shop(
    settings: Settings,
    stack: AsyncExitStack,
    keyring: Keyring,
    db: Database,
    context: Context,
    parts: ShopParts,
) -> Shop:
    caller = WebhookClient(
        settings.fetch.allow_origins,
        allow_http=settings.webhooks.allow_http,
        per_receiver=settings.webhooks.per_host,
        per_machine=_webhooks_per_machine(settings),
        user_agent=CALLER_NAME,
    )
    stack.push_async_callback(caller.close)
    for carrier in parts.carriers:
        if isinstance(carrier, NeedsCallRecords):
            carrier.read_records(ShopCallRecords(db, carrier.name))
    node = next(iter(parts.nodes))
    return Shop(
        settings=settings,
        db=db,
        clock=context.clock,
        keyring=keyring,
        nodes=parts.nodes,
        carriers=parts.carriers,
        speaker=parts.speaker,
        audio=_open_audio(settings, stack),
        sms_carriers=parts.sms_carriers,
        number_providers=parts.number_providers,
        own_numbers=parts.own_numbers,
        mailers=parts.mailers,
        terms=load_terms(settings),
        text_costs=load_text_costs(settings),
        addresses=node.addresses if isinstance(node, SupportsAddresses) else None,
        caller=caller,
        base_url=context.base_url,
        renderers=renderers(settings),
    )


def _webhooks_per_machine(settings: Settings) -> int:
    """The limit for all receivers on one machine, so that it cannot use every slot."""
    per_receiver = settings.webhooks.per_host
    return max(per_receiver, min(8 * per_receiver, settings.worker.webhook_slots // 2))


def _open_audio(settings: Settings, stack: AsyncExitStack) -> AudioSource:
    """The source of audio from untrusted URLs, which are decoded in separate processes."""
    work_dir = settings.data_dir / "work"
    work_dir.mkdir(mode=0o700, exist_ok=True)
    fetch = settings.fetch
    fetcher = SafeFetcher(
        allow_origins=frozenset(fetch.allow_origins),
        allow_http=fetch.allow_http,
        user_agent=USER_AGENT,
    )
    stack.push_async_callback(fetcher.close)
    limits = AudioLimits(
        probe_timeout_s=fetch.probe_timeout_s,
        max_bytes=fetch.max_bytes,
        fetch_timeout_s=fetch.timeout_s,
    )
    audio = AudioSource(fetcher, AudioDecoder(), work_dir, limits)
    stack.push_async_callback(audio.close)
    return audio


async def _open_world(settings: Settings, stack: AsyncExitStack) -> World | None:
    """The simulated world in this process; None if an external one is set or no part needs it."""
    if settings.simulator.url or not settings.uses_world:
        return None
    from ringbolt.simulator.world import World  # noqa: PLC0415 - only if needed

    world = await World.open(
        settings.data_dir, settings.simulator.speed, clock_moves=settings.node.simulated
    )
    stack.push_async_callback(world.close)
    return world


def _refuse_open_world(settings: Settings) -> None:
    """In a world without a token anyone could answer a phone or send a code, and so fulfil (or
    fail) an order that somebody pays with real money."""
    simulator = settings.simulator
    if simulator.url and settings.is_paid_for_simulation and not simulator.token.get_secret_value():
        raise SettingsError(
            "The node is real, and parts of the shop are simulated by the world at "
            f"{simulator.url}, which anyone who reaches it may steer. Set RINGBOLT_SIMULATOR_TOKEN "
            "for the shop and for 'ringbolt simulator', or run the world inside the shop (without "
            "RINGBOLT_SIMULATOR_URL)."
        )


def _world_token(settings: Settings, keyring: Keyring) -> str:
    """What the world asks for: that of a world apart, else the operator's beside a real node."""
    if settings.simulator.url:
        return settings.simulator.token.get_secret_value()
    is_guarded = settings.is_paid_for_simulation or settings.sandbox.open
    return operator_token(keyring) if is_guarded else ""


def _world_routes(
    world: World | None, settings: Settings, token: str, faucet: Faucet | None = None
) -> Sequence[BaseRoute]:
    """The world's routes for the parts that are simulated. The wallet with play money and the
    movable clock are served only with a simulated node; beside a real one, the others need the
    ``token``. In a sandbox strangers have the part of the wallet that pays from the ``faucet``."""
    if world is None:
        return ()
    from ringbolt.simulator.app import Area, routes  # noqa: PLC0415

    areas = {Area.NODE, Area.WALLET, Area.CLOCK} if settings.node.simulated else set()
    for area, parts in (
        (Area.PHONES, settings.calls.carriers),
        (Area.SMS, settings.sms.carriers),
        (Area.NUMBERS, settings.numbers.providers),
        (Area.MAIL, settings.mail.servers),
    ):
        if any(part.simulated for part in parts):
            areas.add(area)
    if faucet is None:
        return routes(world, areas, token)
    mine = routes(world, areas, token, guards_play_money=True)
    return [*open_wallet_routes(world, faucet), *mine]


def _warn_of_play_money(settings: Settings) -> None:
    real = [part.name for part in settings.parts if not settings.in_world(part)]
    if settings.node.simulated and real:
        log.warning(
            "the node has play money, but these parts are real: do not open this shop to others",
            parts=real,
        )


async def _refuse_other_money(db: Database, *, play: bool) -> None:
    """Balances, refunds and credentials of play money must never be worth real money, nor the other
    way round. A shop whose node was left out of its settings by mistake gets here too."""
    if await db.tx(partial(money.keep_books_in, play=play)):
        return
    booked, now = ("real", "play") if play else ("play", "real")
    raise SettingsError(
        f"The books of this shop are in {booked} money, and its Lightning node would have {now} "
        f"money: their balances and refunds must not mix. Configure the former node, or open the "
        "shop with another RINGBOLT_DATA_DIR (or RINGBOLT_DATABASE_URL)."
    )


async def refuse_unlimited_real_money(settings: Settings, node: LightningNode) -> None:
    if settings.limits == "on" or settings.node.simulated:
        return
    try:
        info = await node.info()
    except NodeUnavailable as error:
        raise SettingsError(
            f"RINGBOLT_LIMITS=off needs a node without real money, and {error.message}"
        ) from None
    if info.holds_real_money:
        raise SettingsError("RINGBOLT_LIMITS=off is refused: this node holds real money.")
