"""Parts in the settings: by sections of the file, by JSON in one variable, and what is said about
wrong ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ringbolt.lightning.lnd.part import LndNodeSettings
from ringbolt.lightning.types import NODES
from ringbolt.settings import Settings, SettingsError, all_simulated, load_settings
from ringbolt.voice.types import CARRIERS

PLUGINS = Path(__file__).parents[1] / "plugins"
LISTS = {
    "calls.carriers": "RINGBOLT_CALLS_CARRIERS",
    "sms.carriers": "RINGBOLT_SMS_CARRIERS",
    "numbers.providers": "RINGBOLT_NUMBERS_PROVIDERS",
    "mail.servers": "RINGBOLT_MAIL_SERVERS",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import os

    for name in os.environ:
        if name.startswith("RINGBOLT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(PLUGINS))
    return tmp_path


def listed(settings: Settings, where: str) -> Any:
    section, option = where.split(".")
    return getattr(getattr(settings, section), option)


def error_of() -> str:
    with pytest.raises(SettingsError) as wrong:
        load_settings()
    return str(wrong.value)


@pytest.mark.parametrize("where", LISTS)
def test_with_nothing_configured_there_is_one_simulated_part(where: str) -> None:
    [part] = listed(load_settings(), where)

    assert (part.type, part.name, part.simulated) == ("simulated", "simulated", True)


@pytest.mark.parametrize("where", LISTS)
def test_many_parts_stand_in_sections_of_the_file(where: str, folder: Path) -> None:
    folder.joinpath("ringbolt.toml").write_text(
        f'[[{where}]]\ntype = "simulated"\n[[{where}]]\ntype = "simulated"\nname = "b"\ncost = 2\n'
    )

    parts = listed(load_settings(), where)

    assert [(part.name, part.cost) for part in parts] == [("simulated", 0), ("b", 2)]


@pytest.mark.parametrize(("where", "variable"), LISTS.items())
def test_the_same_is_json_in_one_variable_which_wins(
    where: str, variable: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.joinpath("ringbolt.toml").write_text(f'[[{where}]]\ntype = "simulated"\n')
    monkeypatch.setenv(variable, json.dumps([{"type": "simulated", "name": "a"}] * 1))

    assert [part.name for part in listed(load_settings(), where)] == ["a"]


@pytest.mark.parametrize("value", ["[]", ""])
def test_an_empty_list_leaves_the_kind_out(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBOLT_CALLS_CARRIERS", value)

    settings = load_settings()

    assert settings.calls.carriers == ()
    assert settings.uses_world


def test_a_part_is_read_by_the_model_of_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [
        {"type": "simulated"},
        {"type": "example", "name": "trunk", "url": "http://10.0.0.7", "prefixes": ["+44"]},
    ]
    monkeypatch.setenv("RINGBOLT_CALLS_CARRIERS", json.dumps(wanted))

    first, second = load_settings().calls.carriers

    assert type(second).__module__ == "ringbolt_example.carrier"
    assert (second.name, second.simulated, getattr(second, "url", "")) == (
        "trunk", False, "http://10.0.0.7",
    )  # fmt: skip
    assert first.simulated


S3CRET = "hunter2"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([{"type": "exampel"}],
         "calls.carriers[exampel].type (RINGBOLT_CALLS_CARRIERS): there is no type exampel; did "
         "you mean example? There are {types}"),
        ([{"name": "trunk"}],
         "calls.carriers[trunk].type (RINGBOLT_CALLS_CARRIERS): it is missing; there are {types}"),
        ([{"type": f"{S3CRET}!"}],
         "calls.carriers[1].type (RINGBOLT_CALLS_CARRIERS): this is no type; there are {types}"),
        ([{"type": "example"}],
         "calls.carriers[example].url (RINGBOLT_CALLS_CARRIERS): it is missing"),
        ([{"type": "example", "name": "trunk", "url": [S3CRET]}],
         "calls.carriers[trunk].url (RINGBOLT_CALLS_CARRIERS): write text"),
        ([{"type": "example", "url": "x", "prefxes": [S3CRET]}],
         "calls.carriers[example].prefxes: there is no such setting; did you mean prefixes?"),
        ([{"type": "simulated", "prefixes": [S3CRET]}],
         "calls.carriers[simulated].prefixes (RINGBOLT_CALLS_CARRIERS): write prefixes in E.164 "
         "format: + and digits only"),
        ([{"type": "simulated", "name": f"{S3CRET}!"}],
         "calls.carriers[1].name (RINGBOLT_CALLS_CARRIERS): a name has small letters, digits, "
         "'.', '_' and '-', 40 at most"),
        ([{"type": "simulated"}, {"type": "simulated"}],
         "calls.carriers[simulated].name (RINGBOLT_CALLS_CARRIERS): two parts have this name; "
         "names must be unique, because orders record them"),
        ([S3CRET],
         "calls.carriers[1] (RINGBOLT_CALLS_CARRIERS): it must be a section with a type"),
        ({"type": "simulated"},
         "calls.carriers (RINGBOLT_CALLS_CARRIERS): it must be a list of sections, each with a "
         "type"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_reported_by_part_and_option_and_never_with_its_value(
    entries: object, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGBOLT_CALLS_CARRIERS", json.dumps(entries))

    reported = error_of()

    assert reported == said.replace("{types}", ", ".join(CARRIERS.names))
    assert S3CRET not in reported


def test_what_is_not_json_is_reported_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBOLT_SMS_CARRIERS", f'[{{"type": "simulated", "key": "{S3CRET}')

    assert error_of() == (
        "sms.carriers (RINGBOLT_SMS_CARRIERS): this is not JSON; write a list such as "
        '[{"type": "simulated"}]'
    )


def test_every_fault_of_every_part_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [{"type": "nobody"}, {"type": "simulated", "cost": -1, "colour": "red"}]
    monkeypatch.setenv("RINGBOLT_CALLS_CARRIERS", json.dumps(wrong))
    monkeypatch.setenv("RINGBOLT_MAIL_SERVERS", "[1]")

    assert [line.split(" ")[0].rstrip(":") for line in error_of().splitlines()] == [
        "calls.carriers[nobody].type",
        "calls.carriers[simulated].cost",
        "calls.carriers[simulated].colour",
        "mail.servers[1]",
    ]


def test_a_node_is_chosen_by_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBOLT_NODE_TYPE", "lnd")
    monkeypatch.setenv("RINGBOLT_NODE_NAME", "attic")
    monkeypatch.setenv("RINGBOLT_NODE_URL", "https://127.0.0.1:8080")
    monkeypatch.setenv("RINGBOLT_NODE_MACAROON", S3CRET)

    settings = load_settings()

    assert isinstance(settings.node, LndNodeSettings)
    assert (settings.node.name, settings.node.simulated) == ("attic", False)
    assert settings.node.macaroon.get_secret_value() == S3CRET
    assert S3CRET not in repr(settings)


def test_lnd_with_an_address_is_short_for_a_node_of_that_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RINGBOLT_LND_URL", "https://127.0.0.1:8080")
    monkeypatch.setenv("RINGBOLT_LND_MACAROON", "00")

    node = load_settings().node

    assert isinstance(node, LndNodeSettings)
    assert (node.name, node.url, node.macaroon.get_secret_value()) == (
        "lnd", "https://127.0.0.1:8080", "00",
    )  # fmt: skip


def test_what_the_node_section_says_itself_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBOLT_LND_URL", "https://127.0.0.1:1")
    monkeypatch.setenv("RINGBOLT_LND_MACAROON", "00")
    monkeypatch.setenv("RINGBOLT_NODE_URL", "https://127.0.0.1:2")
    monkeypatch.setenv("RINGBOLT_NODE_NAME", "attic")

    node = load_settings().node

    assert isinstance(node, LndNodeSettings)
    assert (node.name, node.url, node.macaroon.get_secret_value()) == (
        "attic", "https://127.0.0.1:2", "00",
    )  # fmt: skip
    monkeypatch.setenv("RINGBOLT_NODE_TYPE", "simulated")
    monkeypatch.delenv("RINGBOLT_NODE_URL")
    assert load_settings().node.simulated


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"TYPE": "lnd"}, "node.url (RINGBOLT_NODE_URL): it is missing"),
        ({"TYPE": "ldn"}, "node.type (RINGBOLT_NODE_TYPE): there is no type ldn; did you mean "
                          "lnd? There are {types}"),
        ({"TYPE": "lnd", "URL": "https://x.example", "MACARON": S3CRET},
         "RINGBOLT_NODE_MACARON: there is no such setting; did you mean RINGBOLT_NODE_MACAROON?"),
        ({"URL": S3CRET}, "RINGBOLT_NODE_URL: there is no such setting."),
    ],
)  # fmt: skip
def test_a_wrong_node_is_reported_by_its_option_and_variable(
    variables: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"RINGBOLT_NODE_{name}", value)

    assert error_of() == said.replace("{types}", ", ".join(NODES.names))


def test_speech_is_a_part_with_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBOLT_SPEECH_WORKERS", "3")
    monkeypatch.setenv("RINGBOLT_SPEECH_DEFAULT_VOICE", "Amy")

    speech = load_settings().speech

    assert (speech.type, speech.default_voice, getattr(speech, "workers", 0)) == (
        "local", "Amy", 3,
    )  # fmt: skip


def test_a_real_shops_settings_made_simulated_name_nothing_real() -> None:
    real = Settings.model_validate(
        {
            "lnd": {"url": "https://127.0.0.1:1"},
            "calls": {"carriers": [{"type": "example", "url": "x"}], "charge_on": "placed"},
            "numbers": {"providers": []},
        }
    )

    play = all_simulated(real)

    assert not all(part.simulated for part in real.parts)
    assert all(part.simulated for part in play.parts)
    assert len(play.parts) == 5
    assert play.calls.charge_on == "placed"


def test_no_other_part_is_called_as_the_pool_of_own_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would lease its numbers to orders that ask for numbers of real telephones."""
    providers = [{"type": "pool"}, {"type": "simulated"}]
    monkeypatch.setenv("RINGBOLT_NUMBERS_PROVIDERS", json.dumps(providers))
    assert [part.name for part in load_settings().numbers.providers] == ["pool", "simulated"]

    providers = [{"type": "simulated", "name": "pool"}]
    monkeypatch.setenv("RINGBOLT_NUMBERS_PROVIDERS", json.dumps(providers))
    assert "numbers.providers[pool].name (RINGBOLT_NUMBERS_PROVIDERS): only the part of" in (
        error_of()
    )
