"""Figures for Prometheus: counters in memory, and what is read from the store at a scrape."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from ringbolt.app.operator.gone_parts import gone_parts, known_parts
from ringbolt.app.shop import Shop
from ringbolt.core.pricing.money import MSAT_PER_SAT
from ringbolt.speech.engine import SupportsWarmUp
from ringbolt.store import figures, part_states, spends

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def speech_memory(shop: Shop) -> int:
    """The memory of the processes that speak, bytes; 0 while no voice is loaded."""
    return shop.speaker.memory_bytes() if isinstance(shop.speaker, SupportsWarmUp) else 0


class Metrics:
    """One registry a shop. ``answers`` counts the paid URL's answers by status and error code."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._known = known_parts(shop)
        self._registry = CollectorRegistry()
        self.answers = Counter(
            "ringbolt_place_call_answers",
            "Answers of the paid URLs (POST /api/l402/place-call, send-sms, send-email)",
            ["status", "code"],
            registry=self._registry,
        )
        self._answers_of: dict[tuple[int, str], Counter] = {}
        self._orders = self._gauge("ringbolt_orders", "Orders by state", "state")
        self._jobs = self._gauge(
            "ringbolt_jobs", "Jobs by lane and whether they are due", "lane", "state"
        )
        self._oldest = self._gauge("ringbolt_oldest_due_job_seconds", "Age of the oldest due job")
        self._aside = self._gauge(
            "ringbolt_events_put_aside",
            "Outside events of the last 30 days that could not be taken",
        )
        self._gone = self._gauge(
            "ringbolt_waiting_for_gone_part",
            "Open orders that wait for a part which is gone from the settings",
            "area",
            "part",
        )
        self._left_alone = self._gauge(
            "ringbolt_part_left_alone",
            "1 while a part keeps failing and is left alone",
            "area",
            "part",
        )
        self._cost_today = self._gauge(
            "ringbolt_part_cost_today_sats", "What a part has cost today (UTC)", "area", "part"
        )
        self._speech = self._gauge(
            "ringbolt_speech_memory_bytes", "Memory of the processes that speak; 0: none is loaded"
        )
        self._connected = self._gauge("ringbolt_connected", "1 while the far end answers", "part")

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=self._registry)

    def count(self, status: int, code: str) -> None:
        """One answer of the paid URL."""
        counter = self._answers_of.get((status, code))
        if counter is None:  # ``labels`` costs more than counting
            counter = self.answers.labels(str(status), code)
            self._answers_of[status, code] = counter
        counter.inc()

    async def exposition(self, connected: dict[str, bool]) -> bytes:
        """The text of a scrape."""
        now = await self._shop.db.read(figures.snapshot)
        gone = await self._shop.db.read(gone_parts, self._known)
        for state, count in now.orders.items():
            self._orders.labels(state).set(count)
        self._jobs.clear()  # otherwise states that are gone would keep their last figure
        for (lane, state), count in now.jobs.items():
            self._jobs.labels(lane, state).set(count)
        self._oldest.set(now.oldest_due_ms / 1000)
        self._aside.set(now.dead_letters)
        self._gone.clear()
        for each in gone:
            self._gone.labels(each.area, each.name).set(each.count)
        await self._set_parts()
        self._speech.set(speech_memory(self._shop))
        for part, is_connected in connected.items():
            self._connected.labels(part).set(is_connected)
        return generate_latest(self._registry)

    async def _set_parts(self) -> None:
        for area, name, is_alone in await self._shop.db.read(part_states.left_alone):
            self._left_alone.labels(area, name).set(is_alone)
        self._cost_today.clear()
        for part, cost_msat in await self._shop.db.read(spends.costs_today):
            area, _, name = part.partition(":")
            self._cost_today.labels(area, name).set(cost_msat / MSAT_PER_SAT)
