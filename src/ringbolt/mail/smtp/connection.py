"""Opens SMTP connections: the socket, TLS as the policy wants it, and authentication."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from aiosmtplib import SMTP, SMTPException, SMTPHeloError, SMTPResponseException

from ringbolt.mail.smtp.replies import NotSentError, plain

_ONE_ADDRESS_S: Final = 10.0
"""How long one address of several may take to accept a connection."""


class TlsPolicy(StrEnum):
    """NONE: never. OPPORTUNISTIC: if the server can, whatever its certificate (RFC 7435).
    REQUIRED: always, with a certificate for the server's name."""

    NONE = "none"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A mail server. ``host`` is the name that its certificate must be for; ``addresses`` are
    tried in this order. ``is_tls``: TLS from the first byte."""

    host: str
    addresses: tuple[str, ...]
    port: int
    is_tls: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """How connections are made. ``helo``: our name, '' for the address of the connection.
    ``timeout_s``: for each step."""

    tls: TlsPolicy
    context: ssl.SSLContext = field(repr=False)
    helo: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 30.0


def tls_context(ca_file: str, policy: TlsPolicy) -> ssl.SSLContext:
    """``ca_file``: the trusted authorities, '' for those of this machine. Raises ``OSError`` if it
    cannot be read."""
    context = ssl.create_default_context(cafile=ca_file or None)
    if policy is not TlsPolicy.REQUIRED:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def open_connection(endpoint: Endpoint, terms: Terms) -> SMTP:
    """A connection that is ready for a mail. Raises ``NotSentError``."""
    try:
        return await _opened(endpoint, terms, terms.tls)
    except ssl.SSLError as error:
        can_do_without = terms.tls is TlsPolicy.OPPORTUNISTIC and not endpoint.is_tls
        if not can_do_without or terms.username:
            raise NotSentError(f"no TLS connection to {endpoint.host}: {_why(error)}") from error
    try:
        return await _opened(endpoint, terms, TlsPolicy.NONE)
    except ssl.SSLError as error:
        raise NotSentError(f"no TLS connection to {endpoint.host}: {_why(error)}") from error


async def _opened(endpoint: Endpoint, terms: Terms, policy: TlsPolicy) -> SMTP:
    """Raises ``NotSentError``, and ``ssl.SSLError`` for a failed handshake."""
    sock = await _connected(endpoint, terms.timeout_s)
    client = SMTP(
        hostname=endpoint.host,
        sock=sock,
        use_tls=endpoint.is_tls,
        start_tls=False,
        tls_context=terms.context,
        local_hostname=terms.helo or _literal(sock),
        timeout=terms.timeout_s,
    )
    try:
        await client.connect()
        await _greet(client)
        if not endpoint.is_tls and policy is not TlsPolicy.NONE:
            await _secure(client, endpoint.host, policy)
        if terms.username:
            await _authenticate(client, endpoint, terms)
    except BaseException as error:
        client.close()
        raise _told(error, endpoint.host) from error
    return client


def _told(error: BaseException, host: str) -> BaseException:
    """What ``open_connection`` raises for ``error``. The library wraps a failed handshake."""
    if isinstance(error.__cause__, ssl.SSLError):
        return error.__cause__
    if isinstance(error, ssl.SSLError | NotSentError):
        return error
    if isinstance(error, SMTPResponseException):
        words = plain(error.message)
        return NotSentError(f"{host} refuses the connection: {error.code} {words}", error.code)
    if isinstance(error, SMTPException | OSError):
        return NotSentError(f"no connection to {host}: {_why(error)}")
    return error


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "it does not answer"
    return plain(str(error)) or type(error).__name__


async def _greet(client: SMTP) -> None:
    try:
        await client.ehlo()
    except SMTPHeloError as error:
        if error.code < 500 or not client.is_connected:
            raise
        await client.helo()  # a server that knows no extensions (RFC 5321, 3.2)


async def _secure(client: SMTP, host: str, policy: TlsPolicy) -> None:
    if not client.supports_extension("starttls"):
        if policy is TlsPolicy.REQUIRED:
            raise NotSentError(f"{host} offers no TLS, which the settings require")
        return
    await client.starttls()
    await _greet(client)


async def _authenticate(client: SMTP, endpoint: Endpoint, terms: Terms) -> None:
    is_secret = client.get_transport_info("sslcontext") is not None
    if not is_secret and not ip_address(client.get_transport_info("peername")[0]).is_loopback:
        raise NotSentError(f"{endpoint.host} offers no TLS: the password is not sent")
    try:
        await client.login(terms.username, terms.password)
    except SMTPResponseException as error:
        words = plain(error.message)
        raise NotSentError(
            f"{endpoint.host} does not accept the user name and password: {error.code} {words}",
            error.code,
        ) from error


def _literal(sock: socket.socket) -> str:
    """Our address in the form for EHLO (RFC 5321, 4.1.3)."""
    address = str(sock.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


async def _connected(endpoint: Endpoint, timeout_s: float) -> socket.socket:
    """A connection to the first address that accepts one. Raises ``NotSentError``."""
    why = "it has no address"
    for address in endpoint.addresses:
        try:
            return await _to_address(address, endpoint.port, min(timeout_s, _ONE_ADDRESS_S))
        except TimeoutError:
            why = "it does not answer"
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else plain(str(error))
    raise NotSentError(f"no connection to {endpoint.host} port {endpoint.port}: {why}")


async def _to_address(address: str, port: int, timeout_s: float) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        async with asyncio.timeout(timeout_s):
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
        # Else a small write waits for the peer's delayed acknowledgement (40 ms).
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


async def addresses_of(host: str, timeout_s: float) -> tuple[str, ...]:
    """The addresses of a host that the operator named, as the system knows them (``/etc/hosts``
    included). Raises ``NotSentError``."""
    try:
        return (str(ip_address(host)),)
    except ValueError:
        pass
    try:
        async with asyncio.timeout(timeout_s):
            found: Sequence[tuple[object, ...]] = await asyncio.get_running_loop().getaddrinfo(
                host, None, type=socket.SOCK_STREAM
            )
    except TimeoutError:
        raise NotSentError(f"the name {host} cannot be looked up: no answer") from None
    except OSError as error:
        raise NotSentError(f"the name {host} is not known: {error.strerror or error}") from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))  # type: ignore[index]
