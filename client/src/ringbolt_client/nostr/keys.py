"""Keys on secp256k1: the secret one of this client and its x-only public key (BIP-340)."""

from __future__ import annotations

import re
import secrets
from typing import Final

import wallycore
from cryptography.hazmat.primitives.asymmetric import ec

_HEX_KEY: Final = re.compile(r"[0-9a-f]{64}")
_EVEN: Final = b"\x02"
"""A point that is named by its x alone is the one with the even y."""


class Keys:
    """``secret`` is hex. Raises ``ValueError`` for what is no key."""

    def __init__(self, secret: str) -> None:
        if not _HEX_KEY.fullmatch(secret):
            raise ValueError("A secret key has 64 hexadecimal digits.")
        self._secret = bytes.fromhex(secret)
        self._private = ec.derive_private_key(int(secret, 16), ec.SECP256K1())
        point = bytes(wallycore.ec_public_key_from_private_key(self._secret))
        self.public = point[1:].hex()

    def sign(self, digest: bytes) -> str:
        """A BIP-340 signature of 32 bytes, hex."""
        flag = wallycore.EC_FLAG_SCHNORR
        aux = secrets.token_bytes(32)
        return bytes(wallycore.ec_sig_from_bytes_aux(self._secret, digest, aux, flag)).hex()

    def shared_x(self, public: str) -> bytes:
        """The x of the point that both sides can compute. Raises ``ValueError``."""
        return self._private.exchange(ec.ECDH(), _point(public))


def checked_public_key(public: str) -> str:
    """Raises ``ValueError`` for what is no public key, hex and x-only."""
    _point(public)
    return public


def is_signed(digest: bytes, public: str, signature: str) -> bool:
    """Whether ``signature`` (hex) of ``digest`` is by ``public``."""
    try:
        wallycore.ec_sig_verify(
            _EVEN + bytes.fromhex(public),
            digest,
            wallycore.EC_FLAG_SCHNORR,
            bytes.fromhex(signature),
        )
    except ValueError:
        return False
    return True


def _point(public: str) -> ec.EllipticCurvePublicKey:
    if not _HEX_KEY.fullmatch(public):
        raise ValueError("A public key has 64 hexadecimal digits.")
    return ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256K1(), _EVEN + bytes.fromhex(public)
    )
