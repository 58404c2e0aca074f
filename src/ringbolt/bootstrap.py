"""The only place that knows which concrete parts a shop is made of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute

from ringbolt.api.renderers import renderers
from ringbolt.api.server import Server
from ringbolt.app.operator import sweep
from ringbolt.app.payments import expire_order
from ringbolt.app.shop import Shop
from ringbolt.clock import Clock, SystemClock
from ringbolt.core.errors import NodeUnavailable
from ringbolt.core.keys import Keyring
from ringbolt.core.pricing import costs
from ringbolt.core.pricing.costs import TextCostError, TextCosts
from ringbolt.core.pricing.prices import PriceList, PriceListError, parse_prices_csv
from ringbolt.core.pricing.rates import RateCard, RateCardError, parse_csv, parse_toml
from ringbolt.lightning.lnd.node import LndNode, load_macaroon
from ringbolt.lightning.node import LightningNode
from ringbolt.lightning.simulated.addresses import SimulatedAddresses
from ringbolt.mail.simulated.mailer import SimulatedMailer
from ringbolt.numbers.pool import PoolProvider
from ringbolt.numbers.simulated.provider import SimulatedNumberProvider
from ringbolt.registry.parts import Part, Parts, parts_of
from ringbolt.settings import Settings, SettingsError
from ringbolt.settings.secret import load_keyring
from ringbolt.simulator.clock.follow_clock import follow_clock
from ringbolt.sms.simulated.carrier import SimulatedSmsCarrier
from ringbolt.speech.speaker import LocalSpeaker
from ringbolt.store import jobs
from ringbolt.store.engine.db import Database
from ringbolt.store.engine.opening import open_database
from ringbolt.store.pool import DatabasePool
from ringbolt.upstream.fetch.safe import SafeFetcher
from ringbolt.upstream.fetch.webhook_client import WebhookClient
from ringbolt.voice.audio.decoder import AudioDecoder
from ringbolt.voice.audio.source import AudioLimits, AudioSource
from ringbolt.voice.simulated.carrier import SimulatedCarrier
from ringbolt.worker.handlers import handlers
from ringbolt.worker.hold_watcher import hold_watcher
from ringbolt.worker.loop import Worker
from ringbolt.worker.message_watcher import sms_watcher
from ringbolt.worker.text_watcher import text_watcher
from ringbolt.worker.watchers import Watcher, carrier_watcher, node_watcher

if TYPE_CHECKING:
    from ringbolt.simulator.world import World

USER_AGENT = "Ringbolt/0.1 (+audio for a phone call)"
CALLER_NAME = "Ringbolt/0.1 (+webhook)"
_NODE_TIMEOUT_S = 6.0  # a buyer waits for the challenge no longer than this
_ANY_MACAROON = "00"  # the simulated node takes any


@dataclass(slots=True)
class OpenShop:
    """A shop with its doors open: serve ``server``, and run ``work`` beside it."""

    shop: Shop
    server: Server
    world: World | None
    world_url: str
    clock: SystemClock | None  # to be kept at the world's time, if it is another process's
    worker: Worker | None = None
    watchers: list[Watcher] = field(default_factory=list)

    async def work(self) -> None:
        """Jobs, watchers and the clock, until cancelled."""
        async with asyncio.TaskGroup() as group:
            if self.worker is not None:
                await self.shop.db.tx(sweep.schedule)
                await self.shop.db.tx(expire_order.schedule)
                group.create_task(self.worker.run())
            for watcher in self.watchers:
                group.create_task(watcher.run())
            if self.clock is not None:
                group.create_task(follow_clock(self.world_url, self.clock, self._time_jumped))
            elif self.world is not None:
                group.create_task(self._poke_on_advance(self.world))

    async def _poke_on_advance(self, world: World) -> None:
        offset_ms = world.clock.offset_ms
        while True:
            changed = await world.clock.wait_change(offset_ms, 30)
            if changed != offset_ms:
                offset_ms = changed
                self._time_jumped()

    def _time_jumped(self) -> None:
        if self.worker is not None:
            self.worker.poke()

    async def hang_up(self) -> None:
        """End every stream that others have with us, or stopping would wait for them."""
        self.server.hang_up()
        if self.world is not None:
            await self.world.close()

    def connected(self) -> dict[str, bool]:
        return {watcher.name: watcher.connected for watcher in self.watchers}


class _NodeFacts:
    """The node's network, asked once and remembered."""

    def __init__(self, node: LightningNode, known: str = "") -> None:
        self._node = node
        self._network = known

    async def network(self) -> str:
        if not self._network:
            self._network = (await self._node.info()).network
        return self._network


@asynccontextmanager
async def open_shop(
    settings: Settings, own_url: str, *, with_worker: bool = True
) -> AsyncIterator[OpenShop]:
    """Open everything that ``settings`` name; ``own_url`` is where this process listens.

    Raises ``SettingsError`` for what is configured wrongly, and ``RingboltError`` for a store
    that cannot be opened.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        world = await _open_world(settings, stack)
        follows = settings.node_is_simulated and world is None
        clock: Clock = SystemClock()
        if world is not None and settings.node_is_simulated:
            clock = world.clock
        keyring = load_keyring(settings, create=True)
        db = await open_database(settings.database, clock)
        stack.push_async_callback(db.close)
        if db.dialect == "sqlite":
            # We hold the only lock on this file: whoever held these jobs is gone.
            await db.tx(jobs.release_all)
        world_url = settings.simulator.url.rstrip("/") or own_url
        node = open_node(settings, world_url)
        stack.push_async_callback(node.close)
        facts = _NodeFacts(node, "regtest" if settings.node_is_simulated else "")
        await refuse_unlimited_real_money(settings, node)
        shop = await _open_parts(
            settings, stack, clock, keyring, db, node, world_url, own_url or world_url
        )
        opened = OpenShop(
            shop=shop,
            server=Server(
                shop,
                network=facts.network,
                connected=lambda: opened.connected(),  # noqa: PLW0108 - it does not exist yet
                extra_routes=_world_routes(world),
                play=True,
            ),
            world=world,
            world_url=world_url,
            clock=clock if follows and isinstance(clock, SystemClock) else None,
        )
        if with_worker:
            opened.worker = Worker(shop, handlers())
            opened.watchers = _watchers(shop)
        yield opened


def _watchers(shop: Shop) -> list[Watcher]:
    """One for each part that tells what happens outside."""
    watchers = [
        node_watcher(shop),
        hold_watcher(shop),
        *(carrier_watcher(shop, carrier) for carrier in shop.carriers),
        *(sms_watcher(shop, carrier) for carrier in shop.sms_carriers),
        *(text_watcher(shop, provider) for provider in shop.number_providers),
    ]
    return [watcher for watcher in watchers if watcher is not None]


async def _open_parts(
    settings: Settings,
    stack: AsyncExitStack,
    clock: Clock,
    keyring: Keyring,
    db: Database,
    node: LndNode,
    world_url: str,
    own_url: str,
) -> Shop:
    speaker = open_speaker(settings)
    stack.push_async_callback(speaker.close)
    carrier = SimulatedCarrier(world_url)
    stack.push_async_callback(carrier.close)
    audio = _open_audio(settings, stack)
    sms = SimulatedSmsCarrier(world_url)
    stack.push_async_callback(sms.close)
    numbers = SimulatedNumberProvider(world_url)
    stack.push_async_callback(numbers.close)
    mailer = SimulatedMailer(world_url, clock)
    stack.push_async_callback(mailer.close)
    caller = WebhookClient(
        settings.fetch.allow_origins,
        allow_http=settings.webhooks.allow_http,
        per_receiver=settings.webhooks.per_host,
        per_machine=_webhooks_per_machine(settings),
        user_agent=CALLER_NAME,
    )
    stack.push_async_callback(caller.close)
    addresses = None
    if settings.node_is_simulated:
        addresses = SimulatedAddresses(world_url, clock)
        stack.push_async_callback(addresses.close)
    return Shop(
        settings=settings,
        db=db,
        clock=clock,
        keyring=keyring,
        rates=load_rate_card(settings),
        nodes=Parts([_node_part(settings, node)], clock.now_ms),
        carriers=parts_of(carrier, now_ms=clock.now_ms, is_simulated=True),
        speaker=speaker,
        audio=audio,
        sms_carriers=parts_of(sms, now_ms=clock.now_ms, is_simulated=True),
        number_providers=parts_of(numbers, now_ms=clock.now_ms, is_simulated=True),
        own_numbers=PoolProvider(DatabasePool(db)),
        mailers=parts_of(mailer, now_ms=clock.now_ms, is_simulated=True),
        prices=load_prices(settings),
        text_costs=load_text_costs(settings),
        addresses=addresses,
        caller=caller,
        base_url=settings.public_url.rstrip("/") or own_url,
        renderers=renderers(settings),
    )


def _node_part(settings: Settings, node: LndNode) -> Part[LightningNode]:
    if settings.node_is_simulated:
        return Part("simulated", node, is_simulated=True)
    return Part("lnd", node)


def _webhooks_per_machine(settings: Settings) -> int:
    """To all receivers of one machine together, so that it does not take every slot."""
    per_receiver = settings.webhooks.per_host
    return max(per_receiver, min(8 * per_receiver, settings.worker.webhook_slots // 2))


def _open_audio(settings: Settings, stack: AsyncExitStack) -> AudioSource:
    """Audio behind URLs: fetched with care, decoded in processes of their own."""
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


def open_speaker(settings: Settings) -> LocalSpeaker:
    """Text to speech on this machine; nothing is loaded before the first text."""
    speech = settings.speech
    return LocalSpeaker(
        cache_dir=settings.data_dir / "speech",
        max_cache_bytes=speech.cache_max_mb * 1_000_000,
        ttl_s=speech.cache_ttl_s,
        workers=speech.workers,
        default_voice=speech.default_voice,
        timeout_s=speech.timeout_s,
    )


async def _open_world(settings: Settings, stack: AsyncExitStack) -> World | None:
    """The simulated world inside this process, unless another one is named."""
    if settings.simulator.url:
        return None
    from ringbolt.simulator.world import World  # noqa: PLC0415 - not needed beside a real one

    world = await World.open(settings.data_dir, settings.simulator.speed)
    stack.push_async_callback(world.close)
    return world


def _world_routes(world: World | None) -> Sequence[BaseRoute]:
    if world is None:
        return ()
    from ringbolt.simulator.app import routes  # noqa: PLC0415

    return routes(world)


def open_node(settings: Settings, world_url: str) -> LndNode:
    """The configured node, or the simulated one in the world at ``world_url``."""
    if settings.node_is_simulated:
        url = f"{world_url}/simulator/node"
        return LndNode(url, _ANY_MACAROON, None, timeout_s=_NODE_TIMEOUT_S)
    lnd = settings.lnd
    macaroon = lnd.macaroon.get_secret_value()
    if not macaroon:
        raise SettingsError("RINGBOLT_LND_URL is set, but RINGBOLT_LND_MACAROON is not.")
    cert = Path(lnd.tls_cert) if lnd.tls_cert else None
    return LndNode(lnd.url, load_macaroon(macaroon), cert, timeout_s=_NODE_TIMEOUT_S)


async def refuse_unlimited_real_money(settings: Settings, node: LightningNode) -> None:
    if settings.limits == "on" or settings.node_is_simulated:
        return
    try:
        info = await node.info()
    except NodeUnavailable as error:
        raise SettingsError(
            f"RINGBOLT_LIMITS=off needs a node without real money, and {error.message}"
        ) from None
    if info.holds_real_money:
        raise SettingsError("RINGBOLT_LIMITS=off is refused: this node holds real money.")


def load_prices(settings: Settings) -> PriceList:
    """The operator's prices. Raises ``SettingsError``."""
    prices = settings.prices
    try:
        text = Path(prices.table).read_text(encoding="utf-8") if prices.table else ""
        return PriceList(
            receive=prices.receive,
            send=prices.send,
            rent=prices.rent,
            s4s=prices.s4s,
            table=parse_prices_csv(text) if text else (),
        )
    except (OSError, UnicodeError, PriceListError) as error:
        raise SettingsError(f"The prices {prices.table} cannot be used: {error}") from None


def load_text_costs(settings: Settings) -> TextCosts:
    """The operator's costs of texts, or those shipped. Raises ``SettingsError``."""
    named = settings.sms.cost_card
    try:
        if not named:
            shipped = resources.files("ringbolt.core.pricing").joinpath("costs.csv")
            return costs.parse_csv(shipped.read_text(encoding="utf-8"))
        return costs.parse_csv(Path(named).read_text(encoding="utf-8"))
    except (OSError, UnicodeError, TextCostError) as error:
        raise SettingsError(f"The costs of texts {named} cannot be used: {error}") from None


def load_rate_card(settings: Settings) -> RateCard:
    """The operator's rate card, or the one shipped. Raises ``SettingsError``."""
    named = settings.calls.rate_card
    try:
        if not named:
            shipped = resources.files("ringbolt.core.pricing").joinpath("rate_card.csv")
            return parse_csv(shipped.read_text(encoding="utf-8"))
        text = Path(named).read_text(encoding="utf-8")
        return parse_toml(text) if named.endswith(".toml") else parse_csv(text)
    except (OSError, UnicodeError, RateCardError) as error:
        raise SettingsError(
            f"The rate card {named or '(shipped)'} cannot be used: {error}"
        ) from None
