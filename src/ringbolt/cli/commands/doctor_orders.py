"""The checks of ``ringbolt doctor`` for orders: texts, numbers, e-mail, and what they cost."""

from __future__ import annotations

from ringbolt.app.operator.own_numbers import list_doubtful
from ringbolt.bootstrap import load_prices, load_text_costs
from ringbolt.cli.check_result import CheckResult
from ringbolt.clock import SystemClock
from ringbolt.core.humanise import counted
from ringbolt.settings import Settings
from ringbolt.store import pool
from ringbolt.store.engine.opening import open_database


async def prices(settings: Settings) -> list[CheckResult]:
    """What orders cost. Raises ``SettingsError`` for a table that cannot be used."""
    load_prices(settings)
    said = settings.prices
    usual = f"receive {said.receive}, send {said.send}, rent {said.rent}, s4s {said.s4s} sats"
    table = f", and by {said.table}" if said.table else ""
    return [CheckResult("prices", "-", "ok", usual + table)]


async def text_costs(settings: Settings) -> list[CheckResult]:
    """What texts cost the shop. Raises ``SettingsError`` for a list that cannot be used."""
    shipped = "" if settings.sms.cost_card else ", the one shipped"
    known = counted(len(load_text_costs(settings)), "prefix")
    return [CheckResult("text costs", "-", "ok", f"{known}{shipped}")]


async def own_numbers(settings: Settings) -> list[CheckResult]:
    """The operator's own numbers, and leases that may exist without our knowing."""
    db = await open_database(settings.database, SystemClock(), readonly=True)
    try:
        states = [state for _, state in await db.read(pool.states)]
        doubtful = len(await db.read(list_doubtful))
    finally:
        await db.close()
    if states:
        results = [CheckResult("own numbers", "real", "ok", counted(len(states), "number"))]
    else:
        results = [
            CheckResult("own numbers", "-", "ok", "none", "ringbolt numbers add, to offer some")
        ]
    if silent := states.count("silent"):
        what = f"the phones of {counted(silent, 'number')} give no sign of life"
        fix = (
            "ringbolt numbers list; look at the phones: power, network, the app (Settings, Ping), "
            "and at the log, which says if their events are refused"
        )
        results.append(CheckResult("own numbers", "real", "note", what, fix))
    if doubtful:
        what = f"{counted(doubtful, 'number')} may have been leased without our knowing"
        fix = "ringbolt numbers doubtful; compare with the provider's account"
        results.append(CheckResult("leased numbers", "-", "note", what, fix))
    return results


async def public_url(settings: Settings) -> list[CheckResult]:
    """The public URL of the shop, with which links in e-mails and answers begin."""
    if settings.public_url:
        return [CheckResult("public_url", "-", "ok", settings.public_url)]
    return [
        CheckResult(
            "public_url",
            "-",
            "note",
            "not set: links in answers name the Host that was asked for, links in e-mails this "
            "machine",
            "Set RINGBOLT_PUBLIC_URL before you open this shop to others.",
        )
    ]
