"""What ``ringbolt doctor`` says of several parts: what each is for, and which cannot be opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest

from ringbolt.cli.banner import print_banner
from ringbolt.cli.check_result import CheckResult
from ringbolt.cli.commands.doctor_parts import carriers
from ringbolt.registry.types import PartUnusable
from ringbolt.settings import Settings
from ringbolt.voice.types import CARRIERS

PLUGINS = Path(__file__).parents[1] / "plugins"
TRUNK = {"type": "example", "name": "trunk", "url": "http://10.0.0.7", "prefixes": ["+44", "+33"]}
TWILIO = {"type": "twilio", "account_sid": "AC1", "auth_token": "a token"}
OURS = {"caller_ids": ["+442079460000"]}


@pytest.fixture(autouse=True)
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(PLUGINS))


def settings_of(**sections: dict[str, Any]) -> Settings:
    return Settings.model_validate(sections)


async def details(settings: Settings) -> dict[str, str]:
    return {found.part: found.detail for found in await carriers(settings)}


async def test_each_part_is_listed_with_its_name_type_destinations_and_cost() -> None:
    said = await details(
        settings_of(
            calls={"carriers": [{**TRUNK, "cost": 0.02}, {"type": "memory"}]},
            sms={"carriers": [{"type": "simulated", "name": "gb", "prefixes": ["+44"]}]},
            numbers={"providers": [{"type": "pool"}, {"type": "simulated", "countries": ["US"]}]},
            mail={
                "servers": [{"type": "simulated", "domains": [f"{n}.example" for n in "abcdefghi"]}]
            },
        )
    )

    assert said == {
        "voice carrier trunk": "trunk (type example), for +44, +33, cost 0.02",
        "voice carrier memory": "memory, for all numbers",
        "SMS carrier": "gb (type simulated), for +44: texts reach phones of the simulated world",
        "number provider pool": "pool, for all countries",
        "number provider simulated": "simulated, for USA: numbers are leased "
        "from the simulated world",
        "mailer": "simulated, for a.example, b.example, c.example, d.example, e.example, "
        "f.example, g.example, h.example and 1 more: e-mails reach mailboxes of the simulated "
        "world",
    }


async def test_a_real_carrier_whose_calls_come_from_nobody_is_noted() -> None:
    def noted(found: list[CheckResult]) -> list[str]:
        return [each.fix for each in found if "nobody's number" in each.detail]

    named = {"carriers": [TWILIO], "caller_id": "+442079460000"}

    assert noted(await carriers(settings_of(calls={"carriers": [TWILIO]})))
    assert not noted(await carriers(settings_of(calls=named)))
    assert not noted(await carriers(settings_of(calls={"carriers": [{**TWILIO, **OURS}]})))
    assert not noted(await carriers(settings_of()))


@pytest.mark.parametrize(
    ("options", "rates", "said"),
    [
        ({"daily_spend": 5}, {}, "no cost_card"),
        ({"daily_spend": 5, "cost_card": "card.csv"}, {}, "in USD, of which no rate is set"),
        ({"daily_spend": 5, "cost_card": "card.csv"}, {"USD": 1100}, ""),
        ({}, {}, ""),
    ],
)
async def test_a_limit_of_costs_that_nobody_knows_is_noted(
    tmp_path: Path, options: dict[str, Any], rates: dict[str, float], said: str
) -> None:
    (tmp_path / "card.csv").write_text("prefix,cost,currency\n1,0.0085,USD\n,3,SAT\n")
    relay = {"type": "smtp", "url": "smtp://relay.example", **options}
    settings = settings_of(mail={"servers": [relay]}, costs={"sats_per": rates})
    notes = [each for each in await carriers(settings) if "cost_card" in each.detail]
    assert [said in each.detail and bool(each.fix) for each in notes] == [True] * bool(said)


async def test_a_part_that_the_shop_could_not_open_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise PartUnusable("url must begin with http")

    monkeypatch.setattr(CARRIERS, "open", refuse)

    [found, *_] = await carriers(settings_of(calls={"carriers": [TRUNK]}))

    assert (found.part, found.state) == ("voice carrier", "wrong")
    assert found.detail == "trunk (type example): url must begin with http"
    assert found.fix


def test_the_banner_names_the_real_carriers_among_simulated_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_banner(
        settings_of(calls={"carriers": [TRUNK, {"type": "simulated"}]}), "http://127.0.0.1:8402"
    )

    said = "(play money; simulated phones (real: trunk), numbers, texts and mail)"
    assert said in capsys.readouterr().err


def test_the_banner_counts_a_vendors_account_in_the_simulated_world_as_simulated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = "http://127.0.0.1:8403"
    there = {**TWILIO, **OURS, "base_url": f"{world}/simulator/twilio"}

    print_banner(
        settings_of(calls={"carriers": [there]}, simulator={"url": world}), "http://127.0.0.1:8402"
    )

    said = capsys.readouterr().err
    assert "(play money; simulated phones, numbers, texts and mail)" in said
    assert "+1234567890" in said
