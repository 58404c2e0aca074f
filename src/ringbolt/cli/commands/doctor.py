"""``ringbolt doctor``: what is real, what is simulated, what is wrong, and how to fix it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ringbolt.bootstrap import context_of, load_rate_card, open_node, open_speaker
from ringbolt.cli.check_result import Check, CheckResult
from ringbolt.cli.commands import doctor_orders, doctor_parts, doctor_place, doctor_reach
from ringbolt.cli.commands.doctor_subject import subject
from ringbolt.cli.exit_codes import EXIT_FAILED, EXIT_OK
from ringbolt.cli.operator_access import is_new, sqlite_file, world_url
from ringbolt.cli.output import is_terminal, print_json, shown
from ringbolt.clock import SystemClock
from ringbolt.core.errors import RingboltError
from ringbolt.core.humanise import counted
from ringbolt.settings import Settings, SettingsError
from ringbolt.settings.secret import FILE_NAME
from ringbolt.speech.engine import SpeechRequest
from ringbolt.store import figures
from ringbolt.store.engine.opening import check_damage, open_database

_CHECK_S: Final = 60.0
"""How long a SQLite file is checked for damage (400 MB/s)."""


async def doctor() -> int:
    """Look at every part; the exit code is 1 if any is wrong."""
    results = await _python()
    settings, found = await subject()
    results += found
    if settings is not None:
        with _writable(settings) as scratch:
            for check in CHECKS:
                if check.reads_store and (is_new(settings) or _is_wrong("store", results)):
                    continue
                results += await _look(check, scratch if check.writes else settings)
    _show(results)
    return EXIT_FAILED if any(found.state == "wrong" for found in results) else EXIT_OK


async def _look(check: Check, settings: Settings) -> list[CheckResult]:
    """What a check found; whatever goes wrong with it is a finding, so that the others are seen."""
    try:
        return await check.look(settings)
    except (RingboltError, SettingsError) as error:
        fix = getattr(error, "suggestion", "") or check.fix
        return [CheckResult(check.part, "-", "wrong", str(error), fix)]
    except Exception as error:  # noqa: BLE001 - a doctor that stumbles says nothing of the rest
        said = f"{type(error).__name__}: {error}".partition("\n")[0]
        return [CheckResult(check.part, "-", "wrong", said, check.fix)]


def _is_wrong(part: str, results: list[CheckResult]) -> bool:
    return any(found.part == part and found.state == "wrong" for found in results)


@contextmanager
def _writable(settings: Settings) -> Iterator[Settings]:
    """Settings for checks that write: with a folder for the moment where there is no shop yet or
    its folder cannot be written, since looking at a shop must not make one."""
    if not is_new(settings) and doctor_place.fault(settings.data_dir) is None:
        yield settings
        return
    with TemporaryDirectory(prefix="ringbolt-doctor-") as folder:
        yield settings.model_copy(update={"data_dir": Path(folder)})


def _show(results: list[CheckResult]) -> None:
    """Lines that a terminal may wrap, but that are whole when they are copied."""
    if not is_terminal():
        print_json([{name: getattr(f, name) for name in CheckResult.__slots__} for f in results])
        return
    part, kind = (max(len(getattr(f, name)) for f in results) for name in ("part", "kind"))
    for f in results:
        print(f"{f.state:5}  {f.part:{part}}  {f.kind:{kind}}  {shown(f.detail)}")
        if f.fix:
            print(f"{'':5}  {'':{part}}  {'':{kind}}  -> {shown(f.fix)}")


async def _python() -> list[CheckResult]:
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


async def _store(settings: Settings) -> list[CheckResult]:
    kind = "embedded" if settings.database.startswith("sqlite") else "real"
    file = sqlite_file(settings)
    if file is not None and not file.exists():
        if not settings.database_url and not (settings.data_dir / FILE_NAME).exists():
            return [CheckResult("store", kind, "note", "SQLite; made at the first start")]
        return [CheckResult("store", kind, "wrong", f"there is no database at {file}",
                            "Restore it from a backup (docs/operating.md) before the shop is "
                            "started: it would make an empty one.")]  # fmt: skip
    damage = await _damage(settings)
    if damage.state == "wrong":
        return [damage]
    db = await open_database(settings.database, SystemClock(), readonly=True)
    try:
        now = await db.read(figures.snapshot)
    finally:
        await db.close()
    dead = sum(count for (_, state), count in now.jobs.items() if state == "dead")
    detail = f"{db.dialect}, {counted(sum(now.orders.values()), 'order')} under way"
    found = [CheckResult("store", kind, "ok", detail + damage.detail)]
    if dead:
        found.append(CheckResult("jobs", "-", "wrong", f"{dead} jobs were given up",
                             "Their cause is in the log and in job.last_error."))  # fmt: skip
    if now.dead_letters:
        events = counted(now.dead_letters, "outside event")
        found.append(CheckResult("outside events", "-", "note", f"{events} could not be stored: "
                             "they are dead letters", "The log names them and the fault; ringbolt "
                             "audit says whether money is concerned."))  # fmt: skip
    return found


async def _damage(settings: Settings) -> CheckResult:
    """Whether the file of the store is damaged; the detail is what follows the store's own."""
    checked = await asyncio.to_thread(check_damage, settings.database, _CHECK_S)
    if checked is None:
        return CheckResult("store", "real", "ok", "")
    if checked.damage:
        fix = "Stop the shop and restore the file from a backup; nothing written to it is safe."
        return CheckResult("store", "embedded", "wrong", f"damaged: {checked.damage}", fix)
    seen = "no damage" if checked.is_complete else f"no damage found within {_CHECK_S:.0f} s"
    return CheckResult("store", "embedded", "ok", f", {seen}")


async def check_node(settings: Settings) -> list[CheckResult]:
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


async def _speech(settings: Settings) -> list[CheckResult]:
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


_MAKE_ROOM: Final = (
    "Look whether the database can be read and the disk has room; else restore a backup "
    "(docs/operating.md)."
)
CHECKS: Final = (
    Check("rate card", _settings, "Correct the file that calls.rate_card names."),
    Check("data folder", doctor_place.data_folder, _MAKE_ROOM),
    Check(
        "secret",
        doctor_place.secret,
        "Put this shop's own secret back from its backup: a new one would void what was paid.",
    ),
    Check("store", _store, _MAKE_ROOM),
    Check(
        "Lightning node",
        check_node,
        "Look whether the node runs, and at the settings of [node].",
        writes=True,
    ),
    Check("parts", doctor_parts.carriers, "Correct the settings of the parts."),
    Check(
        "reach",
        doctor_reach.reach,
        "Look at the settings of the parts, and at this machine's network.",
        writes=True,
    ),
    Check("gone parts", doctor_parts.gone, _MAKE_ROOM, reads_store=True),
    Check("prices", doctor_orders.prices, "Correct the file that prices.table names."),
    Check("text costs", doctor_orders.text_costs, "Correct the file that sms.cost_card names."),
    Check("own numbers", doctor_orders.own_numbers, _MAKE_ROOM, reads_store=True),
    Check("public_url", doctor_orders.public_url, "Correct RINGBOLT_PUBLIC_URL."),
    Check(
        "speech",
        _speech,
        "Install Ringbolt anew (make install), or read docs/operating.md.",
        writes=True,
    ),
    Check("audio_url", _audio, "Correct RINGBOLT_FETCH_ALLOW_ORIGINS."),
)
