"""What ``ringbolt doctor`` finds when it reaches out to parts: every fault with its remedy."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ringbolt.api.callbacks import callback_prefixes
from ringbolt.cli.check_result import CheckResult
from ringbolt.cli.commands import doctor_reach
from ringbolt.clock import SystemClock
from ringbolt.core.callback import CallbackRoute
from ringbolt.core.errors import Unavailable
from ringbolt.core.keys import Keyring
from ringbolt.core.outcome import Recovery
from ringbolt.core.part_checks import Finding
from ringbolt.core.pricing.amount import Amount
from ringbolt.registry.settings import VoiceCarrierSettings
from ringbolt.registry.types import PartType
from ringbolt.settings import Settings
from ringbolt.voice.memory.carrier import MemoryCarrier
from ringbolt.voice.types import CARRIERS

GOOD = Finding("ok", "credentials", "they are taken")


class Checked(MemoryCarrier):
    """``findings``: of the check, or what it raises; ``left``: the balance."""

    def __init__(self) -> None:
        super().__init__(Recovery.NONE, SystemClock(), "trunk")
        self.findings: Sequence[Finding] | Exception = [GOOD]
        self.left: Amount | None = Amount(12_340_000, "USD")
        self.fault: Unavailable | None = None
        self.is_silent = False

    async def check(self) -> Sequence[Finding]:
        if self.is_silent:
            await asyncio.Event().wait()
        if isinstance(self.findings, Exception):
            raise self.findings
        return self.findings

    async def balance(self) -> Amount | None:
        if self.fault is not None:
            raise self.fault
        return self.left


class CalledBack(Checked):
    """``told``: where it is called."""

    told = ""

    def callback_routes(self, base_url: str) -> Sequence[CallbackRoute]:
        self.told = base_url
        return ()


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> Checked:
    return plug(monkeypatch, Checked())


def plug(monkeypatch: pytest.MonkeyPatch, part: Checked) -> Checked:
    made: PartType[Any, Any, Any] = PartType(VoiceCarrierSettings, lambda *_: part)
    monkeypatch.setitem(CARRIERS._loaded, "checked", made)
    return part


async def found(folder: Path, **options: Any) -> list[CheckResult]:
    carriers = {"carriers": [{"type": "checked", "name": "trunk"}]}
    told = {"data_dir": folder, "simulator": {"url": "http://127.0.0.1:9"}, **options}
    return await doctor_reach.reach(Settings.model_validate({"calls": carriers, **told}))


async def test_what_a_part_says_of_itself_and_its_balance(part: Checked, tmp_path: Path) -> None:
    results = await found(tmp_path, costs={"sats_per": {"USD": 1100}})
    assert [(each.part, each.kind, each.state, each.detail) for each in results] == [
        ("voice carrier", "real", "ok", "credentials: they are taken"),
        ("voice carrier", "real", "ok", "balance: 12.34 USD is left"),
    ]


@pytest.mark.parametrize(
    ("findings", "left", "said"),
    [
        (Unavailable("HTTP 503", suggestion="Ask its operator."), None, "far end: HTTP 503"),
        (
            [Finding("wrong", "credentials", "refused", "Set auth_token.")],
            None,
            "credentials: refused",
        ),
        ([], Amount(0, "USD"), "balance: 0.00 USD is left"),
    ],
)
async def test_each_fault_has_its_remedy(
    part: Checked,
    tmp_path: Path,
    findings: Sequence[Finding] | Exception,
    left: Amount | None,
    said: str,
) -> None:
    part.findings, part.left = findings, left
    [wrong] = [each for each in await found(tmp_path) if each.state == "wrong"]
    assert wrong.detail == said
    assert wrong.fix


async def test_a_balance_in_a_currency_without_a_rate_is_told(
    part: Checked, tmp_path: Path
) -> None:
    [note] = [each for each in await found(tmp_path) if each.state == "note"]
    assert note.detail.startswith("costs: what a USD is worth in sats is not set")
    assert note.fix.startswith("Set RINGBOLT_COSTS_SATS_PER=USD=")


async def test_a_fault_is_told_once(part: Checked, tmp_path: Path) -> None:
    part.findings = [Finding("wrong", "account", "HTTP 404", "Correct base_url.")]
    part.fault = Unavailable("HTTP 404")
    [wrong] = [each for each in await found(tmp_path) if each.state == "wrong"]
    assert (wrong.detail, wrong.fix) == ("account: HTTP 404", "Correct base_url.")


async def test_a_silent_part_does_not_hold_the_doctor_up(
    part: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part.is_silent = True
    monkeypatch.setattr(doctor_reach, "_WITHIN_S", 0.01)
    [wrong] = await found(tmp_path)
    assert (wrong.state, wrong.detail) == ("wrong", "far end: no answer within 0 s")


@pytest.mark.parametrize(
    ("url", "state", "said"),
    [
        ("", "note", "no public URL is set"),
        ("http://127.0.0.1:8402", "note", "leads to 127.0.0.1, which only this network reaches"),
        ("https://192.0.2.7", "note", "leads to 192.0.2.7"),
        ("https://8.8.8.8", "note", "was not tried: the shop does not run"),
    ],
)
async def test_whether_the_far_end_reaches_the_shop(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, state: str, said: str
) -> None:
    plug(monkeypatch, CalledBack())
    *_, callbacks = await found(tmp_path, public_url=url)
    assert callbacks.state == state
    assert said in callbacks.detail
    assert callbacks.fix


async def test_a_part_is_told_where_the_shop_would_be_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    part = CalledBack()
    plug(monkeypatch, part)

    await found(tmp_path, public_url="http://127.0.0.1:9", secret="5e" * 32)

    keyring = Keyring([bytes.fromhex("5e" * 32)])
    [prefix] = callback_prefixes(keyring, "voice", "trunk")
    assert part.told == f"http://127.0.0.1:9{prefix}"
