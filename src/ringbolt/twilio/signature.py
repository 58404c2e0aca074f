"""The signatures of callbacks: https://www.twilio.com/docs/usage/webhooks/webhooks-security."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SETTINGS_HEADER: Final = "x-twilio-webhooks-signature-settings"
"""``key=...,algorithm=HMAC_SHA256``: signed with a shared key instead of the auth token."""
_HASHES: Final = {"hmac_sha1": hashlib.sha1, "hmac_sha256": hashlib.sha256}
_OLDEST_MS: Final = 300_000
"""How old a signed time may be: Telnyx's own libraries advise five minutes."""
_MOST_DIGITS: Final = 12
_PORTS: Final = {"https": 443, "http": 80}


def sign(key: str, url: str, form: Iterable[tuple[str, str]], algorithm: str = "hmac_sha1") -> str:
    """The signature of a callback to ``url`` with ``form``. Raises ``KeyError`` for an algorithm
    that is not known."""
    # Twilio's validators sort by name, then by value, and drop repeated pairs.
    told = url + "".join(name + value for name, value in sorted(set(form)))
    digest = hmac.new(key.encode(), told.encode("utf-8", "surrogatepass"), _HASHES[algorithm])
    return b64encode(digest.digest()).decode()


def is_signed(
    key: str,
    url: str,
    form: Iterable[tuple[str, str]],
    signature: str,
    settings: str = "",
) -> bool:
    """Whether ``signature`` is that of a callback to ``url``, with or without its port: vendors
    disagree. ``settings``: the value of ``SETTINGS_HEADER``."""
    algorithm = _algorithm(settings)
    if not key or algorithm not in _HASHES:
        return False
    pairs = tuple(form)
    given = signature.encode()
    return any(
        hmac.compare_digest(sign(key, each, pairs, algorithm).encode(), given)
        for each in _with_and_without_port(url)
    )


def _algorithm(settings: str) -> str:
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().lower()
    return "hmac_sha1"


def _with_and_without_port(url: str) -> tuple[str, ...]:
    parts = urlsplit(url)
    host, _, port = parts.netloc.rpartition(":")
    if not host or not port.isdigit():
        host, port = parts.netloc, str(_PORTS.get(parts.scheme, 80))
    return _at(parts, host), _at(parts, f"{host}:{port}")


def _at(parts: SplitResult, netloc: str) -> str:
    return parts._replace(netloc=netloc).geturl()


def ed25519_key(public_key: str) -> Ed25519PublicKey:
    """The verifier of an Ed25519 public key in base64 (Telnyx). Raises ``ValueError``."""
    try:
        return Ed25519PublicKey.from_public_bytes(b64decode(public_key, validate=True))
    except Base64Error as error:
        raise ValueError(str(error)) from error


def is_signed_ed25519(key: Ed25519PublicKey, timestamp: str, body: bytes, signature: str) -> bool:
    """Whether ``signature`` (base64) is that of ``timestamp|body``, as Telnyx signs."""
    try:
        key.verify(b64decode(signature, validate=True), timestamp.encode() + b"|" + body)
    except (InvalidSignature, ValueError):
        return False
    return True


def is_recent(timestamp: str, now_ms: int) -> bool:
    """Whether a signed time (Unix seconds) is not so old that the callback may be a replay. One
    from the future is no replay: the clock of this machine is slow."""
    is_whole = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _MOST_DIGITS
    return is_whole and int(timestamp) * 1000 >= now_ms - _OLDEST_MS
