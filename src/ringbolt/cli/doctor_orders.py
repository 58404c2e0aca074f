"""What ``ringbolt doctor`` looks at for orders: texts, numbers, e-mail, and what they cost."""

from __future__ import annotations

from ringbolt.app.by_hand import list_doubtful
from ringbolt.bootstrap import load_prices, load_text_costs
from ringbolt.cli.finding import Finding
from ringbolt.clock import SystemClock
from ringbolt.core.plain_words import counted
from ringbolt.settings import Settings
from ringbolt.store import pool
from ringbolt.store.opening import open_database

_SIMULATED = (
    ("SMS carrier", "texts reach phones of the simulated world"),
    ("number provider", "numbers are lent by the simulated world"),
    ("mailer", "e-mails reach mailboxes of the simulated world"),
)


async def order_carriers(settings: Settings) -> list[Finding]:
    """Who carries texts, lends numbers and mails."""
    if settings.node_is_simulated:
        return [Finding(part, "simulated", "ok", detail) for part, detail in _SIMULATED]
    mend = "Do not open this shop to the public: buyers pay real money for it."
    return [Finding(part, "simulated", "note", detail, mend) for part, detail in _SIMULATED]


async def prices(settings: Settings) -> list[Finding]:
    """What orders cost. Raises ``SettingsError`` for a table that cannot be used."""
    load_prices(settings)
    said = settings.prices
    usual = f"receive {said.receive}, send {said.send}, rent {said.rent}, s4s {said.s4s} sats"
    table = f", and by {said.table}" if said.table else ""
    return [Finding("prices", "-", "ok", usual + table)]


async def text_costs(settings: Settings) -> list[Finding]:
    """What texts cost the shop. Raises ``SettingsError`` for a list that cannot be used."""
    shipped = "" if settings.sms.cost_card else ", the one shipped"
    known = counted(len(load_text_costs(settings)), "prefix")
    return [Finding("text costs", "-", "ok", f"{known}{shipped}")]


async def own_numbers(settings: Settings) -> list[Finding]:
    """The operator's own numbers, and lent ones that nobody knows of."""
    db = await open_database(settings.database, SystemClock(), readonly=True)
    try:
        found = len(await db.read(pool.listing))
        doubtful = len(await db.read(list_doubtful))
    finally:
        await db.close()
    if found:
        findings = [Finding("own numbers", "real", "ok", counted(found, "number"))]
    else:
        findings = [Finding("own numbers", "-", "ok", "none", "ringbolt numbers add, to lend some")]
    if doubtful:
        what = f"{counted(doubtful, 'number')} may have been lent without our knowing"
        mend = "ringbolt numbers doubtful; compare with the provider's account"
        findings.append(Finding("lent numbers", "-", "note", what, mend))
    return findings


async def public_url(settings: Settings) -> list[Finding]:
    """How strangers reach the shop: links in e-mails and answers begin with it."""
    if settings.public_url:
        return [Finding("public_url", "-", "ok", settings.public_url)]
    return [
        Finding(
            "public_url",
            "-",
            "note",
            "not set: links in answers name the Host that was asked for, links in e-mails this "
            "machine",
            "Set RINGBOLT_PUBLIC_URL before you open this shop to others.",
        )
    ]
