"""``type = "smtp"``: e-mails go to a relay, or to the mail servers of their recipients' domains."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator

from ringbolt.mail.mailer import Mailer
from ringbolt.mail.smtp.address import Relay, parse_relay
from ringbolt.registry.settings import RoutedByDomain, listed
from ringbolt.registry.types import Context, PartType, PartUnusable

if TYPE_CHECKING:
    from ringbolt.mail.smtp.connection import Terms, TlsPolicy
    from ringbolt.mail.smtp.dkim import DkimSigner


class SmtpSettings(RoutedByDomain):
    """E-mails leave over SMTP ([how](howto-mail-relay.md))."""

    url: SecretStr = Field(
        SecretStr(""),
        description="The relay that sends our e-mails on: smtp://host:587 (STARTTLS) or "
        "smtps://host:465, with user:password@ before the host if needed (%40 for an @ in them).",
    )
    username: str = Field("", description="The user name at the relay, if it is not in the url.")
    password: SecretStr = Field(SecretStr(""), description="The password to it.")
    direct: bool = Field(
        False,
        description="Deliver to the mail servers of each recipient's domain (MX) instead of a "
        "relay. Needs port 25 outwards and a reverse name of this machine's address.",
    )
    tls: Literal["auto", "none", "opportunistic", "required"] = Field(
        "auto",
        description="required: only encrypted, to a server with a valid certificate. "
        "opportunistic: encrypted if the server can. auto: required, but opportunistic for a relay "
        "on this machine and for direct. smtps is always encrypted.",
    )
    ca_file: str = Field(
        "",
        description="The authorities that may have signed the server's certificate (PEM). Empty: "
        "those that this machine trusts.",
    )
    dkim_key: str = Field(
        "",
        description="A private key (PEM; RSA or Ed25519) that signs every e-mail (DKIM). Empty: "
        "the relay signs.",
    )
    dkim_selector: str = Field(
        "",
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9-]{1,63}){0,3})?$",
        description="The selector: the key's record is at SELECTOR._domainkey.DOMAIN.",
    )
    dkim_domain: str = Field(
        "", description="The domain that signs. Empty: that of the sender's address."
    )
    helo: str = Field(
        "",
        pattern=r"^[A-Za-z0-9.:\[\]-]{0,253}$",
        description="How the shop names itself to mail servers. Empty: the host of its public URL, "
        "or else its address.",
    )
    connections: int = Field(
        4,
        ge=1,
        le=100,
        description="Connections to the relay at the same time (direct: to one domain).",
    )
    timeout_s: float = Field(
        30.0, gt=0, le=300, description="How long a mail server may take for each step, seconds."
    )
    mx_port: int = Field(25, ge=1, le=65535, description="direct: the port of mail servers.")
    name_servers: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        (),
        description="Name servers that direct and ringbolt doctor ask, address:port. Empty: this "
        "machine's.",
    )
    allow_private_mx: bool = Field(
        False,
        description="direct: also deliver to private addresses, to which the records of anybody's "
        "domain may lead. Only for networks without Internet mail.",
    )

    @field_validator("url")
    @classmethod
    def _is_a_relay(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            parse_relay(value.get_secret_value())
        return value

    @field_validator("name_servers")
    @classmethod
    def _are_servers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value:
            from ringbolt.mail.smtp.exchangers import resolver_of  # noqa: PLC0415 - as configured

            resolver_of(value)
        return value


def _build(settings: SmtpSettings, context: Context) -> Mailer:
    from ringbolt.mail.letter import sender_domain  # noqa: PLC0415 - as configured
    from ringbolt.mail.smtp.check import SmtpCheck  # noqa: PLC0415
    from ringbolt.mail.smtp.exchangers import Exchangers, resolver_of  # noqa: PLC0415
    from ringbolt.mail.smtp.mailer import Delivery, Direct, SmtpMailer, ThroughRelay  # noqa: PLC0415
    from ringbolt.mail.smtp.sender_domain import SenderDomain  # noqa: PLC0415

    relay = relay_of(settings)
    terms = terms_of(settings, relay, context.base_url)
    signer = signer_of(settings)
    resolver = resolver_of(settings.name_servers)
    exchangers = Exchangers(
        resolver, settings.mx_port, settings.timeout_s, private_allowed=settings.allow_private_mx
    )
    sender = context.mail_sender
    domain = SenderDomain(sender_domain(sender) if sender else "", resolver)
    delivery: Delivery = Direct(exchangers, terms, settings.connections)
    if relay is not None:
        delivery = ThroughRelay(relay, terms, settings.connections)
    key_file = Path(settings.dkim_key) if signer is not None else None
    check = SmtpCheck(relay, terms, exchangers, domain, signer, sender, context.base_url, key_file)
    return SmtpMailer(settings.name, delivery, context.clock, signer, check)


def relay_of(settings: SmtpSettings) -> Relay | None:
    """The relay with the user name and password for it; None for direct delivery. Raises
    ``PartUnusable``."""
    url = settings.url.get_secret_value()
    if settings.direct == bool(url):
        said = "set either url or direct" if url else "url is missing: which relay sends the mail?"
        raise PartUnusable(said)
    if not url:
        return None
    found = parse_relay(url)
    username = settings.username or found.username
    password = settings.password.get_secret_value() or found.password
    if bool(username) != bool(password):
        raise PartUnusable("a user name needs a password, and a password a user name")
    return Relay(found.host, found.port, found.is_tls, username, password)


def terms_of(settings: SmtpSettings, relay: Relay | None, base_url: str) -> Terms:
    """How connections are made, to ``relay`` or to anybody's servers. Raises ``PartUnusable``."""
    from ringbolt.mail.smtp.connection import Terms, TlsPolicy, tls_context  # noqa: PLC0415

    policy = TlsPolicy(settings.tls) if settings.tls != "auto" else _usual(relay)
    if relay is not None and relay.is_tls:
        if settings.tls in ("none", "opportunistic"):
            raise PartUnusable("smtps:// is always encrypted: leave tls out")
        policy = TlsPolicy.REQUIRED
    try:
        context = tls_context(settings.ca_file, policy)
    except OSError as error:
        raise PartUnusable(f"ca_file cannot be read: {error.strerror or error}") from None
    return Terms(
        tls=policy,
        context=context,
        helo=settings.helo or _host_name(base_url),
        username=relay.username if relay else "",
        password=relay.password if relay else "",
        timeout_s=settings.timeout_s,
    )


def _usual(relay: Relay | None) -> TlsPolicy:
    from ringbolt.mail.smtp.connection import TlsPolicy  # noqa: PLC0415 - as configured

    is_relay_elsewhere = relay is not None and not relay.is_local
    return TlsPolicy.REQUIRED if is_relay_elsewhere else TlsPolicy.OPPORTUNISTIC


def signer_of(settings: SmtpSettings) -> DkimSigner | None:
    """What signs the mails; None without a key. Raises ``PartUnusable``."""
    if bool(settings.dkim_key) != bool(settings.dkim_selector):
        raise PartUnusable("DKIM needs both dkim_key and dkim_selector")
    if not settings.dkim_key:
        return None
    from ringbolt.mail.smtp.dkim import DkimSigner, load_key  # noqa: PLC0415 - as configured

    try:
        key = load_key(Path(settings.dkim_key))
    except OSError as error:
        why = f"{settings.dkim_key}: {error.strerror or error}"
        raise PartUnusable(f"dkim_key cannot be read: {why}") from None
    except ValueError as error:
        raise PartUnusable(f"dkim_key cannot be used: {error}") from None
    return DkimSigner(settings.dkim_domain, settings.dkim_selector, key)


def _host_name(base_url: str) -> str:
    """The host of the shop's URL, '' if that is an address or no name of a domain."""
    host = urlsplit(base_url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return host if "." in host else ""
    return ""


SMTP: Final = PartType(SmtpSettings, _build)
