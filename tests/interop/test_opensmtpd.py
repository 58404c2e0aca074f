"""Mail through OpenSMTPD, a relay that nobody here wrote, to a sink on aiosmtpd: what a relay hop
leaves of a message, of its signature and of its envelope. Signatures are checked by dkimpy's own
verifier, whose RSA is its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ringbolt.mail.bounce import Bounce, read_bounce
from ringbolt.mail.mailer import Accepted
from ringbolt.mail.smtp.dkim import PrivateKey, load_key, public_part
from support.contracts.mail import BOB, a_mail
from support.rigs.smtp import relay_url, smtp_mailer
from support.servers.mail_sink import MailSink, mail_sink
from support.servers.opensmtpd import NoOpenSmtpdError, OpenSmtpd, opensmtpd
from support.waiting import until

HARD = "Grüße 🙂\n.\n..two dots\nFrom here: " + "long " * 300 + "\n\n   \ttrailing  \nend"


@pytest.fixture
async def sink() -> AsyncIterator[MailSink]:
    async with mail_sink() as running:
        yield running


@pytest.fixture
async def relay(sink: MailSink) -> AsyncIterator[OpenSmtpd]:
    try:
        async with opensmtpd(sink.port) as running:
            yield running
    except NoOpenSmtpdError as error:
        pytest.skip(f"no OpenSMTPD: {error}")


def rsa() -> PrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


KEYS: dict[str, Callable[[], PrivateKey]] = {"rsa": rsa, "ed25519": Ed25519PrivateKey.generate}


@pytest.mark.parametrize("kind", KEYS)
async def test_a_signature_outlives_the_relay_and_a_change_does_not(
    relay: OpenSmtpd, sink: MailSink, tmp_path: Path, kind: str
) -> None:
    pem = tmp_path / "dkim.pem"
    pem.write_bytes(KEYS[kind]().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    mailer = smtp_mailer(url=relay_url(relay.port), dkim_key=str(pem), dkim_selector="ring")
    assert isinstance(await mailer.send(a_mail(text=HARD, subject="Für Bob: 您好")), Accepted)
    await mailer.close()
    await until(lambda: sink.arrived)

    [mail] = sink.mailbox(BOB)
    assert b"Received: from" in mail.raw, "it went through the relay"
    assert mail.text.startswith(HARD.rstrip())
    record = f"v=DKIM1; k={kind}; p={public_part(load_key(pem))}".encode()
    assert verified(mail.raw, record) == "ring._domainkey.shop.example."
    signed = mail.raw.partition(b"h=")[2].partition(b";")[0].replace(b"\r\n", b"")
    for header in (b"from", b"subject", b"list-unsubscribe", b"list-unsubscribe-post"):
        assert header in signed.replace(b" ", b"").split(b":")
    for changed in (
        mail.raw.replace(b"two dots", b"ten dots"),
        mail.raw.replace(b"From: Ringbolt", b"From: Another"),
        mail.raw.replace(b"List-Unsubscribe: <https://shop", b"List-Unsubscribe: <https://evil"),
    ):
        assert changed != mail.raw
        assert verified(changed, record) == ""


def verified(raw: bytes, record: bytes) -> str:
    """The name whose key the signature was checked with; '' if it is wrong."""
    asked: list[str] = []

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name.decode())
        return record

    try:
        return asked[0] if dkim.DKIM(raw).verify(dnsfunc=look_up) else ""
    except dkim.ValidationError:
        return ""


async def test_a_refusal_behind_the_relay_bounces_to_the_address_of_this_mail_alone(
    relay: OpenSmtpd, sink: MailSink
) -> None:
    sink.refusals["gone@wallet.example"] = "550 5.1.1 no such user"
    mailer = smtp_mailer(url=relay_url(relay.port))
    mail = a_mail("gone@wallet.example")
    assert isinstance(await mailer.send(mail), Accepted), "the relay took it"
    await mailer.close()
    await until(lambda: sink.arrived)

    [bounce] = sink.arrived
    assert (bounce.sender, bounce.to) == ("<>", f"bounce+{mail.ref}@shop.example")
    assert read_bounce(bounce.raw) == Bounce(mail.ref, "5.1.1")
