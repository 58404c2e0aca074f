"""LNURL as text: LUD-01 bech32, LUD-17 schemes, Lightning Addresses (LUD-16) by their form, and
the LUD-03 document that lets a wallet withdraw. Nothing here opens a connection; the caller
that does must still vet the host's addresses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit, urlunsplit

from ringbolt.core.lightning import bech32

MAX_LENGTH = 4096
MAX_URL_LENGTH = 2048
MAX_NAME_LENGTH = 64
MAX_HOST_LENGTH = 253

_HRP = "lnurl"
_SCHEMES = frozenset({"lnurlc", "lnurlp", "lnurlw", "keyauth"})
_NAME = re.compile(r"[a-z0-9\-_.+]{1,64}")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TOP_LABEL = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}")
_URL_CHARACTERS = re.compile(r"[!-~]+")
_PRIVATE_SUFFIXES = (".localhost", ".local", ".localdomain", ".internal", ".home.arpa")


class LnurlError(ValueError):
    """Not an LNURL or Lightning Address that can be used; the message is a plain sentence."""


@dataclass(frozen=True, slots=True)
class LightningAddress:
    """``name@host``, both in lower case."""

    name: str
    host: str

    def __str__(self) -> str:
        return f"{self.name}@{self.host}"

    @property
    def url(self) -> str:
        """The URL of the address' payRequest document (LUD-16); onion hosts use plain http."""
        scheme = "http" if self.host.endswith(".onion") else "https"
        return f"{scheme}://{self.host}/.well-known/lnurlp/{self.name}"


def encode(url: str) -> str:
    """LUD-01 bech32 of a URL, in upper case because that makes the smaller QR code.

    Raises ``LnurlError`` for what is not an http(s) URL of printable ASCII.
    """
    _split_url(url)
    return bech32.encode(_HRP, bech32.to_symbols(url.encode("ascii"))).upper()


def decode(text: str, *, http_allowed: bool = False) -> str:
    """The URL behind ``lnurl1...`` (with or without ``lightning:``) or a LUD-17 ``lnurlw://...``.

    Only https, or http for onion hosts, unless ``http_allowed`` (closed networks).
    Raises ``LnurlError``.
    """
    if len(text) > MAX_LENGTH:
        raise LnurlError(f"This LNURL is longer than {MAX_LENGTH} characters.")
    text = text.strip()
    if text[:10].lower() == "lightning:":
        text = text[10:]
    scheme, separator, rest = text.partition("://")
    if separator:
        return _from_scheme(scheme.lower(), rest)
    try:
        hrp, symbols = bech32.decode(text, MAX_LENGTH)
        url = bech32.to_bytes(symbols).decode("ascii")
    except bech32.Bech32Error as error:
        raise LnurlError(f"This is not an LNURL: {error}.") from None
    except UnicodeDecodeError:
        raise LnurlError("This LNURL does not contain a URL.") from None
    if hrp != _HRP:
        raise LnurlError(f"An LNURL begins with lnurl1, this text begins with {hrp[:16]}1.")
    parts = _split_url(url)
    if parts.scheme == "http" and not (http_allowed or _is_onion(parts)):
        raise LnurlError("This LNURL leads to an unencrypted http address.")
    return url


def _from_scheme(scheme: str, rest: str) -> str:
    if scheme not in _SCHEMES:
        raise LnurlError(f"{scheme[:16]!r} is not an LNURL scheme, such as lnurlw or lnurlp.")
    parts = _split_url(f"https://{rest}")
    return urlunsplit(parts._replace(scheme="http")) if _is_onion(parts) else f"https://{rest}"


def _split_url(url: str) -> SplitResult:
    if len(url) > MAX_URL_LENGTH or not _URL_CHARACTERS.fullmatch(url):
        raise LnurlError(f"The URL must be printable ASCII of at most {MAX_URL_LENGTH} characters.")
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        raise LnurlError("The URL is malformed.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_valid:
        raise LnurlError("The URL must be an http or https address with a host.")
    if "@" in parts.netloc:
        raise LnurlError("The URL must not contain a user name.")
    return parts


def _is_onion(parts: SplitResult) -> bool:
    return (parts.hostname or "").endswith(".onion")


def parse_lightning_address(text: str) -> LightningAddress:
    """A Lightning Address by its form: a public host name, no IP address, no port.

    Upper case is taken as lower case: telephones capitalise. Raises ``LnurlError``.
    """
    if len(text) > MAX_NAME_LENGTH + MAX_HOST_LENGTH + 32:
        raise LnurlError("This is too long for a Lightning Address.")
    if not text.isascii():
        raise LnurlError("A Lightning Address has no letters beyond a-z; use the xn-- form.")
    address = text.strip().lower().removeprefix("lightning:")
    name, at, host = address.partition("@")
    if not at:
        raise LnurlError("A Lightning Address looks like an e-mail address: name@example.com.")
    if not _NAME.fullmatch(name) or not name.strip("."):
        raise LnurlError(
            "The part before @ must be 1 to 64 of the letters a-z, digits, and the signs - _ . +"
        )
    _check_public_host(host)
    return LightningAddress(name, host)


def _check_public_host(host: str) -> None:
    labels = host.split(".")
    if (
        len(host) > MAX_HOST_LENGTH
        or len(labels) < 2
        or not all(map(_LABEL.fullmatch, labels))
        # A last label of letters is no part of an IP address, in whatever notation.
        or not _TOP_LABEL.fullmatch(labels[-1])
    ):
        raise LnurlError("The part after @ must be a public host name, such as example.com.")
    if host.endswith(_PRIVATE_SUFFIXES):
        raise LnurlError("The part after @ is a name of a private network.")


def withdraw_request(
    callback: str, k1: str, min_msat: int, max_msat: int, description: str
) -> dict[str, str | int]:
    """The LUD-03 ``withdrawRequest`` document. Amounts in msat; ``k1`` is the single-use secret.

    Raises ``LnurlError`` for amounts that no wallet could serve.
    """
    if not 1 <= min_msat <= max_msat:
        raise LnurlError("The amounts must satisfy 1 <= min_msat <= max_msat.")
    return {
        "tag": "withdrawRequest",
        "callback": callback,
        "k1": k1,
        "minWithdrawable": min_msat,
        "maxWithdrawable": max_msat,
        "defaultDescription": description,
    }
