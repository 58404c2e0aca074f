"""Signs messages with DKIM (RFC 6376; Ed25519: RFC 8463)."""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import dkim
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

PrivateKey = RSAPrivateKey | Ed25519PrivateKey

_MIN_BITS: Final = 1024
"""Verifiers take no shorter RSA keys (RFC 8301, 3.2)."""
_SIGNED: Final = (
    *("from", "from", "to", "subject", "date", "message-id", "mime-version", "content-type"),
    *("content-transfer-encoding", "auto-submitted", "list-unsubscribe", "list-unsubscribe-post"),
)
"""RFC 8058, 4 wants the headers of the one click signed. From stands twice, so that nobody can add
a second one (RFC 6376, 8.15)."""
_RELAXED: Final = (b"relaxed", b"relaxed")
_ED25519: Final = b"ed25519-sha256"


def load_key(file: Path) -> PrivateKey:
    """The RSA or Ed25519 key in a PEM file, as openssl writes it. Raises ``OSError``, and
    ``ValueError`` in plain words."""
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("it holds no private key in PEM format without a password") from None
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("it holds neither an RSA key nor an Ed25519 key")
    if key.key_size < _MIN_BITS:
        raise ValueError(f"its RSA key is shorter than {_MIN_BITS} bits")
    return key


def kind_of(key: PrivateKey) -> str:
    """The ``k=`` of the key's DNS record."""
    return "ed25519" if isinstance(key, Ed25519PrivateKey) else "rsa"


def public_part(key: PrivateKey) -> str:
    """The ``p=`` of the key's DNS record."""
    if isinstance(key, Ed25519PrivateKey):
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    else:
        raw = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(raw).decode()


class DkimSigner:
    """Signs with the key that is published under ``selector`` of ``domain`` ('': of the domain of
    each mail's sender)."""

    def __init__(self, domain: str, selector: str, key: PrivateKey) -> None:
        self.domain = domain
        self.selector = selector
        self.key = key

    def signed(self, message: bytes, sender_domain: str) -> bytes:
        """The message with its signature before all other headers."""
        signer: dkim.DKIM
        if isinstance(self.key, RSAPrivateKey):
            signer = _RsaSigner(message, self.key)
            secret = self.key.private_bytes(
                Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
            )
        else:
            signer = dkim.DKIM(message, signature_algorithm=_ED25519)
            secret = base64.b64encode(self.key.private_bytes_raw())
        header = signer.sign(
            self.selector.encode(),
            (self.domain or sender_domain).encode(),
            secret,
            canonicalize=_RELAXED,
            include_headers=_SIGNED,
        )
        return bytes(header) + message


class _RsaSigner(dkim.DKIM):  # type: ignore[misc]
    """The library computes RSA in Python (34 ms for 2048 bits); OpenSSL takes half a millisecond.

    For Ed25519 the library asks a key object to sign the digest. This passes it such an object with
    an RSA key in it, after the algorithm has been written into the header's fields.
    """

    def __init__(self, message: bytes, key: RSAPrivateKey) -> None:
        super().__init__(message)
        self._key = key

    def gen_header(
        self,
        fields: Any,
        include_headers: Any,
        canon_policy: Any,
        header_name: Any,
        pk: Any,
        standardize: bool = False,
    ) -> Any:
        self.signature_algorithm = _ED25519
        pk = SimpleNamespace(sign=self._sign)
        return super().gen_header(
            fields, include_headers, canon_policy, header_name, pk, standardize
        )

    def _sign(self, digest: bytes) -> SimpleNamespace:
        signature = self._key.sign(digest, PKCS1v15(), Prehashed(hashes.SHA256()))
        return SimpleNamespace(signature=signature)
