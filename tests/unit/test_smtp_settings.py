"""``[mail] smtp_url`` and ``[[mail.servers]]``: two ways to name a relay."""

from __future__ import annotations

from typing import Any

import pytest

from ringbolt.mail.smtp.address import parse_relay
from ringbolt.mail.smtp.part import SmtpSettings
from ringbolt.settings import Settings, SettingsError, load_settings

ENCODED = "p%40ss"
URL = f"smtp://ann:{ENCODED}@relay.example"


@pytest.mark.parametrize(
    ("url", "host", "port", "is_tls", "login"),
    [
        (URL, "relay.example", 587, False, ("ann", "p@ss")),
        ("smtps://relay.example", "relay.example", 465, True, ("", "")),
        ("SMTP://Relay.Example:2525/", "relay.example", 2525, False, ("", "")),
        ("smtp://[::1]:25", "::1", 25, False, ("", "")),
    ],
)
def test_a_relay_s_url(
    url: str, host: str, port: int, is_tls: bool, login: tuple[str, str]
) -> None:
    relay = parse_relay(url)
    assert (relay.host, relay.port, relay.is_tls) == (host, port, is_tls)
    assert (relay.username, relay.password) == login
    assert "p@ss" not in repr(relay)


@pytest.mark.parametrize(
    "url",
    [
        "relay.example", "relay.example:587", "http://relay.example", "smtp://", "smtp://:25",
        "smtp://relay.example:0", "smtp://relay.example:99999", "smtp://relay.example/path",
        "smtp://relay.example?tls=no", "smtp://rel ay.example", "smtp://relay.exämple",
    ],
)  # fmt: skip
def test_what_is_no_relay_s_url_is_told_with_both_names_of_the_setting(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGBOLT_MAIL_SMTP_URL", url)
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert "mail.smtp_url (RINGBOLT_MAIL_SMTP_URL): write it as smtp://host:587" in str(told.value)
    assert url not in str(told.value).replace("smtp://host", "")


def server(settings: Settings) -> SmtpSettings:
    [found] = settings.mail.servers
    assert isinstance(found, SmtpSettings)
    return found


def test_the_variable_is_short_for_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBOLT_MAIL_SMTP_URL", URL)
    by_variable = server(load_settings())
    assert (by_variable.type, by_variable.name) == ("smtp", "smtp")
    assert by_variable.url.get_secret_value() == URL
    assert "p%40ss" not in repr(by_variable)
    monkeypatch.delenv("RINGBOLT_MAIL_SMTP_URL")
    listed = Settings(mail={"servers": [{"type": "smtp", "url": URL}]})
    assert server(listed) == by_variable
    assert not by_variable.simulated


def test_nothing_set_is_the_simulated_server() -> None:
    for mail in ({}, {"smtp_url": ""}):
        [found] = Settings(mail=mail).mail.servers
        assert found.type == "simulated"


@pytest.mark.parametrize("others", [[{"type": "simulated"}], [{"type": "smtp", "url": URL + ":1"}]])
def test_both_ways_at_once_are_refused(
    others: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGBOLT_MAIL_SMTP_URL", URL)
    with pytest.raises(SettingsError, match="smtp_url or servers, not both"):
        load_settings(mail={"servers": others})
