"""Settings: where they come from, who wins, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ringbolt.settings import Settings, SettingsError, load_settings
from ringbolt.settings.parts import OfTypes


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import os

    for name in os.environ:
        if name.startswith("RINGBOLT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def error_of(**overrides: object) -> str:
    with pytest.raises(SettingsError) as wrong:
        load_settings(**overrides)
    return str(wrong.value)


def options_of(name: str) -> dict[str, FieldInfo]:
    """The options of a section; of a part's those of its default type; {} for a single option."""
    field = Settings.model_fields[name]
    of_types = [each for each in field.metadata if isinstance(each, OfTypes)]
    section = type(of_types[0].default_part()) if of_types else field.annotation
    if isinstance(section, type) and issubclass(section, BaseModel):
        return section.model_fields
    return {}


def every_option() -> list[tuple[str, str, str]]:
    """Section, option and variable of all options."""
    found = []
    for name in Settings.model_fields:
        if options := options_of(name):
            found += [(name, option, f"RINGBOLT_{name}_{option}".upper()) for option in options]
        else:
            found.append(("", name, f"RINGBOLT_{name}".upper()))
    return found


def test_without_any_configuration_everything_is_simulated() -> None:
    settings = load_settings()

    assert all(part.simulated for part in settings.parts)
    assert (settings.host, settings.port) == ("127.0.0.1", 8402)
    assert settings.database == f"sqlite:///{Path('ringbolt-data').absolute() / 'ringbolt.db'}"


def test_every_option_is_described() -> None:
    undescribed = [
        name
        for section, name, _ in every_option()
        if not (options_of(section)[name] if section else Settings.model_fields[name]).description
    ]

    assert undescribed == []


@pytest.mark.parametrize(
    ("section", "option", "variable"), [each for each in every_option() if each[1] != "type"]
)
def test_every_option_has_its_variable(
    section: str, option: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {
        "limits": "off",
        "charge_on": "placed",
        "level": "debug",
        "format": "json",
        "allow_http": "false",
        "public_url": "https://calls.example",
        "caller_id": "+442079460000",
        "allow_origins": "http://127.0.0.1:1",
        "host": "::1",
        "database_url": "sqlite:///x.db",
        "database_listen_url": "postgresql://host/x",
        "trusted_proxies": "10.0.0.1",
        "url": "http://127.0.0.1:1",
        "default_voice": "Joanna",
        "sender": "Shop <post@shop.example>",
        "denied_services": "tg",
        "denied_links": "x.example",
        "quiet_hours": "21:00-08:00",
        "carriers": "[]",
        "providers": "[]",
        "servers": "[]",
        "smtp_url": "smtp://relay.example:25",
        "sats_per": "USD=1100",
        "warm_up": "false",
        "token": "0123456789abcdef",
        "contact": "help@shop.example",
        "security_contact": "https://shop.example/security",
        "security_expires": "2027-06-30",
        "currency": "CHF",
    }
    texts = {
        "data_dir", "secret", "former_secrets", "macaroon", "tls_cert", "rate_card", "name", "path",
    }  # fmt: skip
    before = load_settings()
    value = values.get(option, "some-text" if option in texts else "")
    candidates = (
        [value] if value else ["7", "70", "700", "7000", "true", "false", "string", "delivered"]
    )

    if value == "false":
        candidates.append("true")
    for candidate in candidates:
        monkeypatch.setenv(variable, candidate)
        try:
            after = load_settings()
        except SettingsError as error:  # out of this option's range; its name must be told
            assert variable in str(error)
            continue
        if after != before:
            return
    pytest.fail(f"{variable} has no effect")


@pytest.mark.parametrize(
    ("variable", "value", "where", "expected"),
    [
        ("RINGBOLT_SIMULATOR_SPEED", "5", "simulator.speed", 5.0),
        ("RINGBOLT_CALLS_RING_TIMEOUT_S", "20", "calls.ring_timeout_s", 20),
        ("RINGBOLT_L402_REDEEM_S", "7200", "l402.redeem_s", 7200),
        ("RINGBOLT_FETCH_ALLOW_ORIGINS", "http://a:1, http://b:2,", "fetch.allow_origins",
         ("http://a:1", "http://b:2")),
        ("RINGBOLT_FETCH_ALLOW_ORIGINS", "", "fetch.allow_origins", ()),
        ("RINGBOLT_DATA_DIR", "/x", "data_dir", Path("/x")),
        ("RINGBOLT_LIMITS", "off", "limits", "off"),
        ("RINGBOLT_LND_URL", "https://127.0.0.1:8080", "node.simulated", False),
        ("ringbolt_port", "9000", "port", 9000),
    ],
)  # fmt: skip
def test_variable_is_read(
    variable: str, value: str, where: str, expected: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    found: object = load_settings()
    for part in where.split("."):
        found = getattr(found, part)

    assert found == expected


def test_file_in_the_working_directory_is_read(empty_folder: Path) -> None:
    (empty_folder / "ringbolt.toml").write_text(
        'port = 9000\n[calls]\ncharge_on = "placed"\n[fetch]\nallow_origins = ["http://a:1"]\n'
    )

    settings = load_settings()

    assert (settings.port, settings.calls.charge_on) == (9000, "placed")
    assert settings.fetch.allow_origins == ("http://a:1",)


def test_named_file_is_read(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_folder / "other.toml").write_text("port = 9001\n")
    monkeypatch.setenv("RINGBOLT_CONFIG", "other.toml")

    assert load_settings().port == 9001


def test_variables_win_over_the_file_one_option_at_a_time(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / "ringbolt.toml").write_text(
        "port = 9000\n[calls]\nring_timeout_s = 40\nlinger_s = 1.5\n"
    )
    monkeypatch.setenv("RINGBOLT_CALLS_RING_TIMEOUT_S", "20")

    settings = load_settings(port=9002)

    assert settings.port == 9002
    assert (settings.calls.ring_timeout_s, settings.calls.linger_s) == (20, 1.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", "prot: there is no such setting; did you mean port?"),
        (
            "[calls]\nring_timout_s = 3",
            "calls.ring_timout_s: there is no such setting; did you mean calls.ring_timeout_s?",
        ),
        ("[x]", "x: there is no such setting."),
        ("[nod]", "nod: there is no such setting; did you mean node?"),
        ("[node]\nurl = 3", "node.url: there is no such setting."),
    ],
)
def test_unknown_name_in_the_file_is_refused(text: str, said: str, empty_folder: Path) -> None:
    (empty_folder / "ringbolt.toml").write_text(text)

    assert error_of() == said


@pytest.mark.parametrize(
    ("variable", "near"),
    [
        ("RINGBOLT_CALLS_RING_TIMOUT_S", "RINGBOLT_CALLS_RING_TIMEOUT_S"),
        ("RINGBOLT_CALL_RING_TIMEOUT_S", "RINGBOLT_CALLS_RING_TIMEOUT_S"),
        ("RINGBOLT_PROT", "RINGBOLT_PORT"),
        ("RINGBOLT_DATADIR", "RINGBOLT_DATA_DIR"),
        ("RINGBOLT_SECRETS", "RINGBOLT_SECRET"),
        ("RINGBOLT_CONFG", "RINGBOLT_CONFIG"),
        ("RINGBOLT_SPEECH_WORKER", "RINGBOLT_SPEECH_WORKERS"),
        ("RINGBOLT_LND_MACARON", "RINGBOLT_LND_MACAROON"),
        ("RINGBOLT_CALLS_CARRIER", "RINGBOLT_CALLS_CARRIERS"),
        ("ringbolt_prot", "RINGBOLT_PORT"),
    ],
)
def test_unknown_variable_is_refused_and_the_nearest_named(
    variable: str, near: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "0xDEADBEEF")

    reported = error_of()

    assert reported.lower() == f"{variable}: there is no such setting; did you mean {near}?".lower()


def test_unknown_variable_that_is_like_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBOLT_XYZZY", "1")

    assert error_of() == "RINGBOLT_XYZZY: there is no such setting."


def test_variables_of_the_tests_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBOLT_TEST_LND_URL", "http://127.0.0.1:1")

    assert load_settings() == Settings()


def test_everything_that_is_wrong_is_reported_at_once(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / "ringbolt.toml").write_text("[calls]\nring_timout_s = 3")
    monkeypatch.setenv("RINGBOLT_PROT", "1")
    monkeypatch.setenv("RINGBOLT_PORT", "x")

    names = [line.split(":")[0] for line in error_of().splitlines()]

    assert names == ["RINGBOLT_PROT", "port (RINGBOLT_PORT)", "calls.ring_timout_s"]


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("RINGBOLT_PORT", "http", "write a whole number"),
        ("RINGBOLT_PORT", "70000", "must be 65535 or less"),
        ("RINGBOLT_LIMITS", "of", "'on' or 'off'"),
        ("RINGBOLT_CALLS_CHARGE_ON", "ring", "'answered' or 'placed'"),
        ("RINGBOLT_L402_REDEEM_S", "5", "must be 600 or more"),
        ("RINGBOLT_SIMULATOR_SPEED", "0", "must be more than 0"),
    ],
)
def test_wrong_value_is_named_with_its_variable(
    variable: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    message = error_of()

    assert f"({variable}): " in message
    assert words in message
    assert "\n" not in message


def test_every_wrong_value_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBOLT_PORT", "x")
    monkeypatch.setenv("RINGBOLT_LOG_LEVEL", "loud")

    assert len(error_of().splitlines()) == 2


def test_file_that_is_not_toml_is_named(empty_folder: Path) -> None:
    (empty_folder / "ringbolt.toml").write_text("port: 9000")

    assert error_of().startswith("ringbolt.toml is not TOML: ")


def test_file_that_is_not_text_is_refused(empty_folder: Path) -> None:
    (empty_folder / "ringbolt.toml").write_bytes(b"\xff\xfe")

    assert error_of()


def test_named_file_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBOLT_CONFIG", "nowhere.toml")

    assert error_of() == "RINGBOLT_CONFIG names nowhere.toml, which is not a file."


def test_section_given_as_one_variable_must_be_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBOLT_LND", "https://127.0.0.1:8080")

    assert error_of() == (
        "RINGBOLT_LND: it is a section; set its options one by one, as RINGBOLT_LND_URL."
    )


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBOLT_SECRET", "5ec2e7" * 11)
    monkeypatch.setenv("RINGBOLT_FORMER_SECRETS", f"{'aa' * 32}, {'bb' * 32}")
    monkeypatch.setenv("RINGBOLT_LND_MACAROON", "5ec2e7")

    settings = load_settings()

    assert "5ec2e7" not in repr(settings)
    assert "aaaa" not in repr(settings)
    assert [len(s.get_secret_value()) for s in settings.former_secrets] == [64, 64]


def test_settings_do_not_change_while_running() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(load_settings(), "port", 1)  # noqa: B010 - mypy knows it, too


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RINGBOLT_PUBLIC_URL", "calls.example"),
        ("RINGBOLT_CALLS_CALLER_ID", "bob"),
        ("RINGBOLT_FETCH_ALLOW_ORIGINS", "garbage"),
        ("RINGBOLT_FETCH_ALLOW_ORIGINS", "http://127.0.0.1:1/path"),
        ("RINGBOLT_FETCH_ALLOW_ORIGINS", "http://127.0.0.1:99999"),
        ("RINGBOLT_FETCH_ALLOW_ORIGINS", "http://me@127.0.0.1:1"),
    ],
)
def test_what_looks_like_a_value_and_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError, match=variable):
        load_settings()
