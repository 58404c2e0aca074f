"""TLS and passwords between the shop and a relay: what is encrypted, and what is never sent."""

from __future__ import annotations

import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiosmtplib import SMTP

from ringbolt.core.outcome import Rejected
from ringbolt.mail.mailer import Accepted, MailResult
from ringbolt.mail.smtp.connection import Endpoint, Terms, TlsPolicy, _authenticate
from ringbolt.mail.smtp.replies import NotSentError
from ringbolt.registry.types import PartUnusable
from support.contracts.mail import a_mail
from support.rigs.smtp import relay_url, smtp_mailer
from support.servers.mail_sink import MailSink, mail_sink
from support.servers.scripted_smtp import scripted_smtp
from support.servers.sites import self_signed

# The sinks here ask for a password without TLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")


async def send(**options: Any) -> MailResult:
    mailer = smtp_mailer(**options)
    try:
        return await mailer.send(a_mail())
    finally:
        await mailer.close()


def refused(result: MailResult, sink: MailSink) -> str:
    """Why it was not sent, which is no fault of the mail."""
    assert isinstance(result, Rejected)
    assert not result.permanent
    assert sink.arrived == []
    return result.reason


async def test_a_relay_with_a_certificate_of_our_authority_gets_it_encrypted(
    tmp_path: Path,
) -> None:
    async with mail_sink(self_signed(tmp_path)) as sink:
        ca = str(tmp_path / "server.pem")
        result = await send(url=relay_url(sink.port), tls="required", ca_file=ca)
    assert isinstance(result, Accepted)
    assert sink.encrypted == [True]


async def test_smtps_is_encrypted_from_the_first_byte(tmp_path: Path) -> None:
    async with mail_sink(self_signed(tmp_path), implicit=True) as sink:
        url, ca = relay_url(sink.port, scheme="smtps"), str(tmp_path / "server.pem")
        assert isinstance(await send(url=url, ca_file=ca), Accepted)
        assert len(sink.arrived) == 1
        sink.arrived.clear()
        assert "certificate is not valid" in refused(await send(url=url), sink)


async def test_an_unknown_authority_or_another_name_gets_nothing_if_tls_is_required(
    tmp_path: Path,
) -> None:
    async with mail_sink(self_signed(tmp_path)) as sink:
        url = relay_url(sink.port)
        why = refused(await send(url=url, tls="required"), sink)
        assert "its certificate is not valid" in why
        named = url.replace("127.0.0.1", "localhost")
        ca = str(tmp_path / "server.pem")
        why = refused(await send(url=named, tls="required", ca_file=ca), sink)
        assert "localhost" in why and "certificate" in why


async def test_a_relay_that_offers_no_tls_gets_nothing_if_it_is_required() -> None:
    async with mail_sink() as sink:
        why = refused(await send(url=relay_url(sink.port), tls="required"), sink)
    assert "offers no TLS" in why


@pytest.mark.parametrize("tls", ["auto", "opportunistic"])
async def test_a_relay_on_this_machine_gets_it_as_well_encrypted_as_it_can(
    tmp_path: Path, tls: str
) -> None:
    async with mail_sink(self_signed(tmp_path)) as sink, mail_sink() as plain:
        assert isinstance(await send(url=relay_url(sink.port), tls=tls), Accepted)
        assert isinstance(await send(url=relay_url(plain.port), tls=tls), Accepted)
    assert (sink.encrypted, plain.encrypted) == ([True], [False])


async def test_tls_that_breaks_off_is_done_without_only_if_it_is_optional() -> None:
    broken = {"EHLO": b"250-relay.example\r\n250 STARTTLS\r\n", "STARTTLS": b"220 Go\r\nnonsense"}
    async with scripted_smtp(broken) as server:
        url = relay_url(server.port)
        assert isinstance(await send(url=url, tls="opportunistic", timeout_s=60), Accepted)
        assert server.asked.count("STARTTLS") == 1
        strict = await send(url=url, tls="required", timeout_s=60)
        assert isinstance(strict, Rejected) and not strict.permanent
    assert len(server.messages) == 1


async def test_without_tls_nothing_is_encrypted_even_if_it_could_be(tmp_path: Path) -> None:
    async with mail_sink(self_signed(tmp_path)) as sink:
        assert isinstance(await send(url=relay_url(sink.port), tls="none"), Accepted)
    assert sink.encrypted == [False]


@pytest.mark.parametrize(
    "login",
    [
        {"url": "ann%40shop.example:p%20%2F%25w"},
        {"username": "ann@shop.example", "password": "p /%w"},
    ],
)
async def test_the_user_name_and_password_of_the_settings_are_shown(login: dict[str, str]) -> None:
    async with mail_sink(login=("ann@shop.example", "p /%w")) as sink:
        url = relay_url(sink.port, login.get("url", ""))
        result = await send(**{**login, "url": url})
    assert isinstance(result, Accepted)
    assert sink.logins == 1


async def test_wrong_credentials_are_no_fault_of_the_mail() -> None:
    async with mail_sink(login=("ann", "right")) as sink:
        why = refused(await send(url=relay_url(sink.port, "ann:wrong")), sink)
        assert "does not accept the user name and password: 535" in why
        assert "wrong" not in why
        why = refused(await send(url=relay_url(sink.port)), sink)
        assert "530" in why


async def test_a_relay_without_passwords_is_told_none() -> None:
    async with scripted_smtp() as server:
        result = await send(url=relay_url(server.port, "ann:secret"))
    assert isinstance(result, Rejected) and not result.permanent
    assert server.asked == ["connect", "EHLO"]


async def test_no_password_goes_unencrypted_to_another_machine() -> None:
    shown = {"sslcontext": None, "peername": ("192.0.2.7", 587)}
    client = cast(SMTP, SimpleNamespace(get_transport_info=shown.__getitem__))  # without login()
    terms = Terms(TlsPolicy.OPPORTUNISTIC, ssl.create_default_context(), username="a", password="b")
    with pytest.raises(NotSentError, match="the password is not sent"):
        await _authenticate(client, Endpoint("relay.example", ("192.0.2.7",), 587), terms)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "url is missing"),
        ({"url": "smtp://relay.example", "direct": True}, "either url or direct"),
        ({"url": "smtp://ann@relay.example"}, "needs a password"),
        ({"url": "smtps://relay.example", "tls": "none"}, "always encrypted"),
        ({"url": "smtp://relay.example", "ca_file": "/nowhere.pem"}, "ca_file cannot be read"),
        ({"url": "smtp://relay.example", "dkim_key": "/nowhere.pem"}, "dkim_selector"),
        (
            {"url": "smtp://relay.example", "dkim_key": "/nowhere", "dkim_selector": "s"},
            "dkim_key cannot be read: /nowhere",
        ),
    ],
)
def test_settings_that_cannot_work_are_told_at_the_start(options: Any, why: str) -> None:
    with pytest.raises(PartUnusable, match=why):
        smtp_mailer(**options)
