"""``ringbolt doctor``: what is real, what is simulated, what is wrong, and how to fix it."""

from __future__ import annotations

import asyncio
import shutil
import stat
import sys
import time
from collections.abc import Awaitable, Callable

from ringbolt.bootstrap import (
    SecretDiffers,
    check_secret,
    context_of,
    load_rate_card,
    open_node,
    open_speaker,
)
from ringbolt.cli.check_result import CheckResult
from ringbolt.cli.commands import doctor_orders, doctor_parts
from ringbolt.cli.operator_access import running_shop, world_url
from ringbolt.cli.output import EXIT_FAILED, EXIT_OK, is_terminal, print_json, print_table
from ringbolt.clock import SystemClock
from ringbolt.core.errors import RingboltError
from ringbolt.core.humanise import counted
from ringbolt.settings import Settings, SettingsError
from ringbolt.settings.secret import load_keyring, secret_file, secret_source
from ringbolt.speech.engine import SpeechRequest
from ringbolt.store import figures
from ringbolt.store.engine.opening import check_damage, open_database

_LOW_DISK_BYTES = 500_000_000
_CHECK_S = 60.0
"""How long a SQLite file is checked for damage (400 MB/s)."""


async def doctor(settings: Settings) -> int:
    """Look at every part; the exit code is 1 if any is wrong."""
    checks: tuple[Callable[[Settings], Awaitable[list[CheckResult]]], ...] = (
        _python,
        _settings,
        _data_dir,
        _secret,
        _store,
        _node,
        doctor_parts.carriers,
        _gone_parts,
        doctor_orders.prices,
        doctor_orders.text_costs,
        _own_numbers,
        doctor_orders.public_url,
        _speech,
        _audio,
        _shop,
    )
    results: list[CheckResult] = []
    for check in checks:
        try:
            results += await check(settings)
        except (RingboltError, SettingsError) as error:
            fix = getattr(error, "suggestion", "")
            part = check.__name__.strip("_").replace("_", " ")
            results.append(CheckResult(part, "-", "wrong", str(error), fix))
    _show(results)
    return EXIT_FAILED if any(found.state == "wrong" for found in results) else EXIT_OK


def _show(results: list[CheckResult]) -> None:
    if not is_terminal():
        print_json([{name: getattr(f, name) for name in CheckResult.__slots__} for f in results])
        return
    print_table(
        "Ringbolt's parts",
        ("part", "kind", "state", "what was seen", "how to fix it"),
        [(f.part, f.kind, f.state, f.detail, f.fix) for f in results],
    )


async def _python(_: Settings) -> list[CheckResult]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    supported = (3, 11) <= sys.version_info[:2] <= (3, 14)
    state = "ok" if supported else "note"
    fix = "" if supported else "Use Python 3.11 to 3.14."
    return [CheckResult("python", "real", state, version, fix)]


async def _settings(settings: Settings) -> list[CheckResult]:
    found = []
    card = load_rate_card(settings)
    shipped = "" if settings.calls.rate_card else ", the one shipped"
    found.append(CheckResult("rate card", "-", "ok", f"{len(card)} prefixes{shipped}"))
    if settings.limits == "off":
        found.append(
            CheckResult("limits", "-", "note", "all limits are off", "Only for load tests.")
        )
    return found


async def _data_dir(settings: Settings) -> list[CheckResult]:
    path = settings.data_dir.absolute()
    if not path.exists():
        return [CheckResult("data folder", "-", "note", f"{path} is made at the first start")]
    found = []
    free = shutil.disk_usage(path).free
    low = free < _LOW_DISK_BYTES
    found.append(
        CheckResult("data folder", "real", "wrong" if low else "ok",
                f"{path}, {free // 1_000_000} MB free", "Make room." if low else "")
    )  # fmt: skip
    return found


async def _secret(settings: Settings) -> list[CheckResult]:
    """The master secret in use: where it is, and whether the database was made under it."""
    path = secret_file(settings)
    if path is not None and not path.exists() and _is_new(settings):
        return [CheckResult("secret", "-", "note", f"{path} is made at the first start")]
    keyring = load_keyring(settings, create=False)
    if not _is_new(settings):
        db = await open_database(settings.database, SystemClock(), readonly=True)
        try:
            await check_secret(settings, keyring, db)
        except SecretDiffers as error:
            return [CheckResult("secret", "real", "wrong", str(error), error.suggestion)]
        finally:
            await db.close()
    former = len(keyring.all()) - 1
    detail = f"{secret_source(settings)}, fingerprint {keyring.fingerprints()[0]}"
    detail += f"; {counted(former, 'former secret')} accepted too" if former else ""
    mode = stat.S_IMODE(path.stat().st_mode) if path is not None else 0
    if mode & 0o077:
        detail = f"{detail}; others may read it (mode {mode:o})"
        return [CheckResult("secret", "real", "wrong", detail, f"chmod 600 {path}")]
    return [CheckResult("secret", "real", "ok", detail)]


async def _store(settings: Settings) -> list[CheckResult]:
    kind = "embedded" if settings.database.startswith("sqlite") else "real"
    if _is_new(settings):
        return [CheckResult("store", kind, "note", "SQLite; made at the first start")]
    db = await open_database(settings.database, SystemClock(), readonly=True)
    try:
        now = await db.read(figures.snapshot)
    finally:
        await db.close()
    detail = f"{db.dialect}, {counted(sum(now.orders.values()), 'order')} under way"
    found = [await _sound(settings, detail)]
    dead = sum(count for (_, state), count in now.jobs.items() if state == "dead")
    if dead:
        found.append(CheckResult("jobs", "-", "wrong", f"{dead} jobs were given up",
                             "Their cause is in the log and in job.last_error."))  # fmt: skip
    if now.dead_letters:
        events = counted(now.dead_letters, "outside event")
        found.append(CheckResult("outside events", "-", "note", f"{events} could not be stored: "
                             "they are dead letters", "The log names them and the fault; ringbolt "
                             "audit says whether money is concerned."))  # fmt: skip
    return found


async def _sound(settings: Settings, detail: str) -> CheckResult:
    """The store, after a look for damage."""
    checked = await asyncio.to_thread(check_damage, settings.database, _CHECK_S)
    if checked is None:
        return CheckResult("store", "real", "ok", detail)
    if checked.damage:
        fix = "Stop the shop and restore the file from a backup; nothing written to it is safe."
        return CheckResult("store", "embedded", "wrong", f"damaged: {checked.damage}", fix)
    seen = "no damage" if checked.is_complete else f"no damage found within {_CHECK_S:.0f} s"
    return CheckResult("store", "embedded", "ok", f"{detail}, {seen}")


def _is_new(settings: Settings) -> bool:
    """Whether there is no store yet."""
    return not settings.database_url and not (settings.data_dir / "ringbolt.db").exists()


async def _own_numbers(settings: Settings) -> list[CheckResult]:
    return [] if _is_new(settings) else await doctor_orders.own_numbers(settings)


async def _node(settings: Settings) -> list[CheckResult]:
    kind = "simulated" if settings.node.simulated else "real"
    async with world_url(settings) as world:
        node = open_node(settings, context_of(settings, world))
        try:
            info = await node.info()
        finally:
            await node.close()
    if not info.synced:
        fault = f"{info.alias} is not synced to the chain"
        return [CheckResult("Lightning node", kind, "wrong", fault, "Wait until it is.")]
    money = "real money" if info.holds_real_money else "play money"
    detail = f"{info.alias}, {info.network} ({money}), block {info.block_height}, {info.version}"
    return [CheckResult("Lightning node", kind, "ok", detail)]


async def _gone_parts(settings: Settings) -> list[CheckResult]:
    return [] if _is_new(settings) else await doctor_parts.gone(settings)


async def _speech(settings: Settings) -> list[CheckResult]:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    speaker = open_speaker(settings, context_of(settings, ""))
    found = []
    try:
        for language, text in (("English", "Hello."), ("Arabic", "مرحبا.")):
            started = time.monotonic()
            speech = await speaker.speak(SpeechRequest(text))
            seconds = time.monotonic() - started
            detail = f"{language}: {speech.engine}, voice {speech.voice}, {seconds:.1f} s"
            found.append(CheckResult("speech", "real", "ok", detail))
    finally:
        await speaker.close()
    return found


async def _audio(settings: Settings) -> list[CheckResult]:
    if settings.fetch.allow_origins:
        return [CheckResult("audio_url", "real", "note",
                        f"also private: {', '.join(settings.fetch.allow_origins)}",
                        "Only for tests and closed networks.")]  # fmt: skip
    return [CheckResult("audio_url", "real", "ok", "public addresses only")]


async def _shop(settings: Settings) -> list[CheckResult]:
    running = await running_shop(settings)
    if running is None:
        return [CheckResult("shop", "-", "note", "not running", "ringbolt serve")]
    return [CheckResult("shop", "-", "ok", f"running at {running.url}, process {running.pid}")]
