"""Types of parts: those shipped, and those of plug-ins that are found by their entry points."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ringbolt.clock import SystemClock
from ringbolt.lightning.types import NODES
from ringbolt.mail.types import MAILERS
from ringbolt.numbers.types import PROVIDERS
from ringbolt.registry.settings import PartSettings, VoiceCarrierSettings
from ringbolt.registry.terms import CardUnusable, PartTerms
from ringbolt.registry.types import Context, PartTypes, PartUnusable
from ringbolt.sms.types import SMS_CARRIERS
from ringbolt.speech.types import SPEAKERS
from ringbolt.voice.types import CARRIERS

AREAS = (CARRIERS, SMS_CARRIERS, PROVIDERS, MAILERS, NODES, SPEAKERS)


def plug_in(folder: Path, source: str, *entries: str, group: str = "ringbolt.voice") -> None:
    """A package with these entry points, found by a process that has ``folder`` on its path."""
    folder.joinpath("plugged_part.py").write_text(source)
    info = folder / "plugged_part-1.0.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: plugged-part\nVersion: 1\n")
    info.joinpath("entry_points.txt").write_text("\n".join([f"[{group}]", *entries, ""]))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "plugged_part", raising=False)
    return tmp_path


def carriers() -> PartTypes[Any, Any]:
    return PartTypes(CARRIERS.group, {"simulated": "ringbolt.voice.simulated.part:SIMULATED"})


@pytest.mark.parametrize("types", AREAS, ids=lambda types: str(types.group))
def test_every_shipped_type_can_be_loaded_and_is_described(types: PartTypes[Any, Any]) -> None:
    for name in types.shipped:
        found = types.find(name)
        assert found is not None
        assert issubclass(found.settings, PartSettings)
        assert found.settings.__doc__


def test_a_type_that_nobody_has_is_none() -> None:
    assert carriers().find("nobody") is None
    assert carriers().find("no such thing!") is None


def test_a_type_of_a_plug_in_is_found_by_its_entry_point(folder: Path) -> None:
    plug_in(
        folder,
        "from ringbolt.registry.settings import RoutedByPrefix\n"
        "from ringbolt.registry.types import PartType\n"
        "MINE = PartType(RoutedByPrefix, lambda settings, context: settings.name)\n",
        "mine = plugged_part:MINE",
    )
    types = carriers()

    found = types.find("mine")

    assert found is not None
    assert types.names == ("simulated", "mine")
    assert found.build(PartSettings(type="mine", name="x"), None) == "x"


def test_a_plug_in_cannot_take_the_place_of_a_shipped_type(folder: Path) -> None:
    plug_in(folder, "MINE = 1\n", "simulated = plugged_part:MINE")
    types = carriers()

    assert types.find("simulated") is CARRIERS.find("simulated")
    assert types.names == ("simulated",)


def test_a_plug_in_of_another_area_is_no_carrier(folder: Path) -> None:
    plug_in(folder, "MINE = 1\n", "mine = plugged_part:MINE", group="ringbolt.mail")

    assert carriers().find("mine") is None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("MINE = 1\n", "is not a ringbolt.registry.types.PartType"),
        ("OTHER = 1\n", "cannot be loaded from plugged_part:MINE"),
        ("raise RuntimeError('no licence')\n", "no licence"),
    ],
)
def test_a_plug_in_that_is_none_says_why(folder: Path, source: str, said: str) -> None:
    plug_in(folder, source, "mine = plugged_part:MINE")

    with pytest.raises(PartUnusable, match=said):
        carriers().find("mine")


@pytest.mark.parametrize(
    ("base_url", "is_simulated"),
    [
        ("http://127.0.0.1:8403/simulator/smsgate/+4915112345670", True),
        ("http://127.0.0.1:8403/stubs/handler_api.php", True),
        ("http://127.0.0.1:8403/simulator.example", False),
        ("http://127.0.0.1:8404/simulator/smsgate", False),
        ("https://api.sms-gate.app/3rdparty/v1", False),
    ],
)
async def test_an_ordinary_part_that_is_pointed_at_the_simulated_world_is_simulated(
    base_url: str, is_simulated: bool, tmp_path: Path
) -> None:
    found = SMS_CARRIERS.find("smsgate")
    assert found is not None
    settings = found.settings(type="smsgate", base_url=base_url, password="x", signing_key="y")
    world = "http://127.0.0.1:8403"
    context = Context(SystemClock(), tmp_path, world, world, lambda label: bytes(32))

    part = SMS_CARRIERS.open(settings, context)

    assert part.is_simulated is is_simulated
    await part.port.close()


def test_what_is_not_configured_is_not_loaded() -> None:
    program = (
        "import sys; from ringbolt.settings import Settings; Settings();"
        "print([name for name in sys.modules if 'lnd' in name or name == 'aiohttp'"
        " or name.endswith(('.carrier', '.mailer', '.provider')) and 'simulated' in name])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_a_cost_card_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    card = tmp_path / "card.csv"
    settings = VoiceCarrierSettings(type="memory", name="memory", cost_card=str(card))
    for content, said in (
        (None, "cannot be read (No such file or directory)"),
        ("prefix,cost\n1,7\n", "the first line of a cost card is prefix,cost,currency,per_seconds"),
        ("prefix,cost,currency\n1,-7,USD\n", "row 1: write the cost as a number"),
        ("prefix,cost,currency\n1,7,dollars\n", "row 1: write the cost as a number"),
        ("prefix,cost,currency\n1,7,USD\n1,8,USD\n", "prefix 1 stands twice"),
        ("prefix,cost,currency,per_seconds\n1,7,USD,0\n", "row 1: per_seconds"),
        ("prefix,cost,currency\nx,7,USD\n", "row 1: a prefix is up to 15 digits"),
    ):
        if content is not None:
            card.write_text(content)
        with pytest.raises(CardUnusable) as fault:
            PartTerms.of(settings)
        assert said in str(fault.value)
        assert str(card) in str(fault.value)
