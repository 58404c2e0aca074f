"""Nonsense in any setting is refused in plain words that name the setting as its user writes it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ringbolt.bootstrap.cards import load_prices, load_rate_card, load_text_costs
from ringbolt.settings import Settings, SettingsError, load_settings
from ringbolt.settings.secret import load_keyring
from unit.test_settings import every_option, options_of

LIBRARY = re.compile(
    r"value error|input should|extra inputs|field required|pydantic|validation|unable to|parsing"
    r"|errno|codec|expected|instance|dictionary|traceback|EnvSettingsSource|type=|literal|integer"
    r"|greater than or equal|less than or equal|unrecognized|NoneType|<class|urlsplit|ip_?v?4"
    r"|invalid ipv6|port out of|cast to|tuple",
    re.IGNORECASE,
)
"""What libraries say, and nobody else would."""
WORDS = ["nonsense", "-1", "1e400", "nan", "[", '["x"]', "☃", " ", "http://[::1"]
VALUES = [
    *('"nonsense"', "-1", "nan", "true", '["x", 3]', "[[1]]", "{ x = 1 }", '"\\u0000"'),
    *("1979-05-27", "99999999999999999999", '"http://a:b"'),
]
FREE_TEXT = {
    "data_dir", "mail.subject", "lnd.macaroon", "lnd.tls_cert", "abuse.denied_words", "host",
    "prices.table", "calls.rate_card", "sms.cost_card", "secret", "former_secrets", "web.shop_name",
    "fiat.path",
}  # fmt: skip
"""Settings in which any word has a meaning until it is used: it is checked when the shop opens."""
OPTIONS = every_option()
SECTIONS = list(dict.fromkeys(section for section, _, _ in OPTIONS if section))
READ_AT_OPENING: dict[str, Callable[[Settings], object]] = {
    "table": load_prices,
    "cost_card": load_text_costs,
    "rate_card": load_rate_card,
    "secret": lambda settings: load_keyring(settings, create=True),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in os.environ:
        if name.startswith("RINGBOLT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def open_what_is_named(*names: str) -> None:
    """Read the settings, and the file that one of them names, as a shop does that opens."""
    settings = load_settings()
    for named, read in READ_AT_OPENING.items():
        if any(named in name.lower() for name in names):
            read(settings)


def refusals(*names: str) -> list[str]:
    """What is said, line by line; none if the settings can be used. Every line is plain, names one
    of ``names`` and ends as a sentence does."""
    try:
        open_what_is_named(*names)
    except SettingsError as error:
        lines = str(error).splitlines()
        for line in lines:
            assert not LIBRARY.search(line), line
            assert any(name in line for name in names), line
            assert len(line) < 400
        return lines
    return []


def _key(section: str, option: str) -> str:
    return f"{section}.{option}" if section else option


@pytest.mark.parametrize(("section", "option", "variable"), OPTIONS, ids=str)
def test_nonsense_in_a_variable_is_refused_by_its_name(
    section: str, option: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {}
    for word in WORDS:
        monkeypatch.setenv(variable, word)
        said[word] = refusals(variable)
    assert said["☃"] or _key(section, option) in FREE_TEXT, "a snowman is a value of this setting"


@pytest.mark.parametrize(("section", "option", "variable"), OPTIONS, ids=str)
def test_nonsense_in_the_file_is_refused_by_its_name(
    section: str, option: str, variable: str, folder: Path
) -> None:
    key = _key(section, option)
    said = {}
    for value in VALUES:
        head = f"[{section}]\n" if section else ""
        (folder / "ringbolt.toml").write_text(f"{head}{option} = {value}\n")
        said[value] = refusals(key, variable)
    assert said["[[1]]"], "a list of lists is a value of this setting"
    assert said['"\\u0000"'], "NUL is a value of this setting"


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("value", ["3", '"x"', "[]", "[[1]]", "true"])
def test_a_section_that_is_none_is_refused(section: str, value: str, folder: Path) -> None:
    (folder / "ringbolt.toml").write_text(f"{section} = {value}\n")

    assert refusals(section)


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("value", ["3", "x", "[", "https://127.0.0.1:8080"])
def test_a_variable_of_a_whole_section_is_explained(
    section: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"RINGBOLT_{section.upper()}", value)

    assert refusals(f"RINGBOLT_{section.upper()}")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("RINGBOLT_ABUSE_DENIED_SERVICES", "tg, whatsap",
         "there is no service 'whatsap'; did you mean wa (WhatsApp)?"),
        ("RINGBOLT_SPEECH_DEFAULT_VOICE", "Joana", "no voice 'Joana'; did you mean Joanna?"),
        ("RINGBOLT_TRUSTED_PROXIES", "10.0.0.1, proxy.local", "'proxy.local' is not an address or"),
        ("RINGBOLT_SMS_SENDERS", "Ringbolt, A name that is too long", "is not a sender"),
        ("RINGBOLT_MAIL_SENDER", "nobody", "write one address"),
        ("RINGBOLT_ABUSE_QUIET_HOURS", "XX 21:00-08:00", "there is no country XX"),
        ("RINGBOLT_PORT", "70000", "port (RINGBOLT_PORT): it must be 65535 or less"),
        ("RINGBOLT_LIMITS", "of", "write 'on' or 'off'"),
        ("RINGBOLT_DATABASE_URL", "mysql://x", "write sqlite:///PATH, or postgresql://"),
        ("RINGBOLT_SIMULATOR_SPEED", "inf", "write a number"),
        ("RINGBOLT_CALLS_RATE_CARD", "/nowhere.csv", "/nowhere.csv cannot be read (No such file"),
        ("RINGBOLT_PRICES_TABLE", "/", "/ cannot be read (Is a directory)"),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_said_and_the_nearest_offered(
    variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    (line,) = refusals(variable)

    assert said in line


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RINGBOLT_TRUSTED_PROXIES", "10.0.0.0/8, ::1,192.0.2.1"),
        ("RINGBOLT_TRUSTED_PROXIES", "*"),
        ("RINGBOLT_SMS_SENDERS", "Ringbolt, +12025550177, 12345, My Shop 24"),
        ("RINGBOLT_MAIL_SENDER", "Zoë & Söhne <post@shop.example>"),
        ("RINGBOLT_ABUSE_DENIED_SERVICES", "WhatsApp, tg, sim-slow"),
        ("RINGBOLT_ABUSE_QUIET_HOURS", "21:00-08:00, DE 22:00-06:00"),
        ("RINGBOLT_SPEECH_DEFAULT_VOICE", "Polly.Joanna-Neural"),
        ("RINGBOLT_HOST", "::1"),
        ("RINGBOLT_DATABASE_URL", "postgresql://host/name"),
    ],
)
def test_what_makes_sense_is_taken(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    assert refusals(variable) == []


def test_a_secret_that_is_nonsense_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBOLT_SECRET", "5ec2e7-nonsense")

    (line,) = refusals("RINGBOLT_SECRET")

    assert "5ec2e7" not in line


def longest(section: str, name: str) -> object:
    """The upper bound of a setting, None without one."""
    field = options_of(section)[name] if section else Settings.model_fields[name]
    return next((each.le for each in field.metadata if hasattr(each, "le")), None)


@pytest.mark.parametrize(
    ("section", "name"),
    [(section, name) for section, name, _ in OPTIONS if name.endswith(("_s", "_ms", "_days"))],
)
def test_every_length_of_time_has_an_upper_bound(section: str, name: str) -> None:
    # A time that no calendar reaches would pass here, and break every request that adds it to now.
    assert longest(section, name) is not None
