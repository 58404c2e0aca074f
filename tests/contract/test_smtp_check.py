"""What ``ringbolt doctor`` says of a mailer over SMTP: each fault with what to do about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ringbolt.core.part_checks import Finding, SupportsCheck
from ringbolt.mail.smtp.dkim import load_key, public_part
from support.rigs.smtp import relay_url, smtp_mailer
from support.servers.mail_names import MailNames, mail_name_server
from support.servers.mail_sink import mail_sink
from support.servers.scripted_smtp import SILENT, scripted_smtp
from support.servers.sites import self_signed

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")

DOMAIN = "shop.example"
URL = ("port", "login", "scheme")
RECORDS: dict[str, dict[str, list[str]]] = {
    DOMAIN: {
        "soa": ["ns.shop.example. me.shop.example. 1 2 3 4 5"],
        "mx": ["10 mx.shop.example."],
        "txt": ['"v=spf1 include:relay.example " "-all"', '"something else"'],
    },
    f"_dmarc.{DOMAIN}": {"txt": ['"v=DMARC1; p=quarantine"']},
    "mx.shop.example": {"a": ["127.0.0.1"]},
    "1.0.0.127.in-addr.arpa": {"ptr": ["mx.shop.example."]},
}


@pytest.fixture
async def names() -> AsyncIterator[MailNames]:
    async with mail_name_server(dict(RECORDS)) as server:
        yield server


async def found(names: MailNames, **options: Any) -> dict[str, Finding]:
    mailer = smtp_mailer(name_servers=[names.address], **options)
    assert isinstance(mailer, SupportsCheck)
    findings = await mailer.check()
    await mailer.close()
    for each in findings:
        assert bool(each.fix) == (each.state != "ok"), each
        assert each.detail.endswith(".") or each.subject in ("SPF", "DMARC"), each
    assert len({each.subject for each in findings}) == len(findings)
    return {each.subject: each for each in findings}


def key_file(folder: Path) -> Path:
    pem = folder / "dkim.pem"
    key = Ed25519PrivateKey.generate()
    pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    pem.chmod(0o600)
    return pem


async def test_a_key_that_others_read_or_of_another_domain(
    names: MailNames, tmp_path: Path
) -> None:
    pem = key_file(tmp_path)
    signing = {"dkim_key": str(pem), "dkim_selector": "ring"}
    async with mail_sink() as sink:
        told = await found(names, url=relay_url(sink.port), dkim_domain="relay.example", **signing)
        assert "DKIM key" not in told
        assert told["DKIM"].detail.startswith("Signatures by relay.example do not count")
        pem.chmod(0o644)
        told = await found(names, url=relay_url(sink.port), **signing)
    assert told["DKIM key"].fix == f"chmod 600 {pem}"
    assert "There is no key at ring._domainkey.shop.example" in told["DKIM"].detail


async def test_all_is_well(names: MailNames, tmp_path: Path) -> None:
    pem = key_file(tmp_path)
    record = f'"v=DKIM1; k=ed25519; p={public_part(load_key(pem))}"'
    names.records = {**RECORDS, f"ring._domainkey.{DOMAIN}": {"txt": [record]}}
    async with mail_sink(self_signed(tmp_path), login=("ann", "secret")) as sink:
        told = await found(
            names,
            url=relay_url(sink.port, "ann:secret"),
            tls="required",
            ca_file=str(tmp_path / "server.pem"),
            dkim_key=str(pem),
            dkim_selector="ring",
        )
    assert {each.state for each in told.values()} == {"ok"}, told
    assert list(told) == [
        "relay", "encryption", "sender domain", "SPF", "DKIM", "DMARC", "links to unsubscribe",
    ]  # fmt: skip
    assert "TLSv1.3" in told["encryption"].detail
    assert "secret" not in str(told)
    assert sink.arrived == [], "nothing was sent"


@pytest.mark.parametrize(
    ("options", "said", "fix"),
    [
        ({"login": "ann:wrong"}, "535", "user name and password"),
        ({"tls": "required"}, "offers no TLS", "587"),
        ({"port": 1}, "refused", "host and port"),
        ({}, "530", "Set username and password"),
        ({"scheme": "smtps"}, "no TLS connection", "smtp:// for others"),
    ],
)
async def test_a_relay_that_does_not_take_our_mail(
    names: MailNames, options: dict[str, Any], said: str, fix: str
) -> None:
    async with mail_sink(login=("ann", "secret")) as sink:
        options = {"port": sink.port, **options}
        url = relay_url(**{name: options.pop(name) for name in URL if name in options})
        told = await found(names, url=url, **options)
    assert told["relay"].state == "wrong"
    assert said in told["relay"].detail
    assert fix in told["relay"].fix
    assert told["SPF"].state == "ok", "the rest is looked at all the same"


async def test_a_certificate_of_nobody(names: MailNames, tmp_path: Path) -> None:
    async with mail_sink(self_signed(tmp_path)) as sink:
        told = await found(names, url=relay_url(sink.port), tls="required")
    assert "ca_file" in told["relay"].fix


async def test_a_sender_that_the_relay_refuses_and_a_silent_relay(names: MailNames) -> None:
    async with scripted_smtp({"MAIL": b"553 5.7.1 not yours\r\n"}) as server:
        told = await found(names, url=relay_url(server.port))
    assert "553 5.7.1 not yours" in told["relay"].detail
    assert "RINGBOLT_MAIL_SENDER" in told["relay"].fix
    async with scripted_smtp({"connect": SILENT}) as server:
        told = await found(names, url=relay_url(server.port), timeout_s=1)
    assert told["relay"].state == "wrong"


async def test_a_domain_without_records(names: MailNames) -> None:
    names.records = {DOMAIN: {"soa": RECORDS[DOMAIN]["soa"]}}
    async with mail_sink() as sink:
        told = await found(names, url=relay_url(sink.port), base_url="http://127.0.0.1:8402")
    states = {subject: each.state for subject, each in told.items()}
    assert states == {
        "relay": "ok",
        "encryption": "ok",
        "sender domain": "wrong",
        "SPF": "wrong",
        "DKIM": "note",
        "DMARC": "wrong",
        "links to unsubscribe": "note",
    }
    assert "v=spf1" in told["SPF"].fix and "v=DMARC1; p=quarantine" in told["DMARC"].fix


async def test_the_policy_of_the_registered_domain_holds_below_it(names: MailNames) -> None:
    names.records = {**RECORDS, "mail.shop.example": RECORDS[DOMAIN]}
    async with mail_sink() as sink:
        told = await found(names, url=relay_url(sink.port), sender="a@mail.shop.example")
    assert told["DMARC"].state == "ok"


async def test_the_example_of_the_settings_is_no_sender(names: MailNames) -> None:
    names.records = {}
    async with mail_sink() as sink:
        told = await found(names, url=relay_url(sink.port))
    assert "RINGBOLT_MAIL_SENDER" in told["sender domain"].fix
    assert "SPF" not in told


async def test_name_servers_that_fail_are_told_of_as_such(names: MailNames) -> None:
    names.broken.add(f"_dmarc.{DOMAIN}")
    async with mail_sink() as sink:
        told = await found(names, url=relay_url(sink.port))
    assert told["DMARC"].state == "note"
    assert "name servers" in told["DMARC"].fix


async def test_without_a_relay_port_25_and_the_reverse_name_are_looked_at(
    names: MailNames,
) -> None:
    async with mail_sink() as sink:
        direct: dict[str, Any] = {
            "direct": True,
            "mx_port": sink.port,
            "allow_private_mx": True,
            "helo": "mx.shop.example",
        }
        told = await found(names, **direct)
        assert (told["port 25"].state, told["reverse name"].state) == ("ok", "ok")
        names.records = {**RECORDS, "1.0.0.127.in-addr.arpa": {"ptr": ["host7.isp.example."]}}
        told = await found(names, **{**direct, "mx_port": 1})
    assert (told["port 25"].state, told["reverse name"].state) == ("wrong", "wrong")
    assert "host7.isp.example" in told["reverse name"].detail
    assert "use a relay" in told["port 25"].fix
