"""Encryption between two keys: NIP-44 version 2, and NIP-04 for wallets that know no other."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from typing import Final

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ringbolt_client.nostr.keys import Keys

NIP44: Final = "nip44_v2"
NIP04: Final = "nip04"

_VERSION: Final = b"\x02"
_SALT: Final = b"nip44-v2"
_NONCE, _MAC, _LENGTH = 32, 32, 2
_CHACHA_KEY, _CHACHA_NONCE = 32, 12
_LEAST_PADDED, _MOST_PLAIN = 32, 65_535
_MOST_PAYLOAD: Final = 87_472
_IV: Final = 16


def encrypt(scheme: str, keys: Keys, public: str, text: str) -> str:
    """``text`` for the owner of ``public``, by ``NIP44`` or ``NIP04``."""
    if scheme == NIP44:
        return nip44_encrypt(conversation_key(keys, public), text, secrets.token_bytes(_NONCE))
    return _nip04_encrypt(keys.shared_x(public), text)


def decrypt(scheme: str, keys: Keys, public: str, payload: str) -> str:
    """Raises ``ValueError`` for what was not encrypted by ``public`` for these keys."""
    if scheme == NIP44:
        return nip44_decrypt(conversation_key(keys, public), payload)
    return _nip04_decrypt(keys.shared_x(public), payload)


def conversation_key(keys: Keys, public: str) -> bytes:
    """HKDF-extract of the shared x: the same for both sides."""
    return hmac.digest(_SALT, keys.shared_x(public), "sha256")


def nip44_encrypt(key: bytes, text: str, nonce: bytes) -> str:
    plain = text.encode()
    if not 0 < len(plain) <= _MOST_PLAIN:
        raise ValueError("NIP-44 encrypts 1 to 65535 bytes.")
    padded = len(plain).to_bytes(_LENGTH, "big") + plain.ljust(padded_length(len(plain)), b"\0")
    chacha, mac_key = _message_keys(key, nonce)
    hidden = chacha.encryptor().update(padded)
    mac = hmac.digest(mac_key, nonce + hidden, "sha256")
    return base64.b64encode(_VERSION + nonce + hidden + mac).decode()


def nip44_decrypt(key: bytes, payload: str) -> str:
    if len(payload) > _MOST_PAYLOAD or payload.startswith("#"):
        raise ValueError("This is not NIP-44, version 2.")
    raw = base64.b64decode(payload, validate=True)
    if raw[:1] != _VERSION or len(raw) < 1 + _NONCE + _LENGTH + _LEAST_PADDED + _MAC:
        raise ValueError("This is not NIP-44, version 2.")
    nonce, hidden, mac = raw[1 : 1 + _NONCE], raw[1 + _NONCE : -_MAC], raw[-_MAC:]
    chacha, mac_key = _message_keys(key, nonce)
    if not hmac.compare_digest(hmac.digest(mac_key, nonce + hidden, "sha256"), mac):
        raise ValueError("It was changed on its way, or is from somebody else.")
    padded = chacha.decryptor().update(hidden)
    length = int.from_bytes(padded[:_LENGTH], "big")
    plain = padded[_LENGTH : _LENGTH + length]
    if not length or len(plain) != length or len(padded) != _LENGTH + padded_length(length):
        raise ValueError("Its padding is wrong.")
    return plain.decode()


def padded_length(length: int) -> int:
    """What a text of ``length`` bytes is padded to, so that its length tells less."""
    if length <= _LEAST_PADDED:
        return _LEAST_PADDED
    next_power = 1 << (length - 1).bit_length()
    chunk = max(_LEAST_PADDED, next_power // 8)
    return chunk * ((length - 1) // chunk + 1)


def _message_keys(key: bytes, nonce: bytes) -> tuple[Cipher[None], bytes]:
    length = _CHACHA_KEY + _CHACHA_NONCE + _MAC
    derived = HKDFExpand(hashes.SHA256(), length, nonce).derive(key)
    chacha_nonce = derived[_CHACHA_KEY : _CHACHA_KEY + _CHACHA_NONCE]
    # The library's nonce begins with the block counter, which RFC 8439 has apart.
    algorithm = ChaCha20(derived[:_CHACHA_KEY], bytes(4) + chacha_nonce)
    return Cipher(algorithm, mode=None), derived[-_MAC:]


def _nip04_encrypt(key: bytes, text: str) -> str:
    vector = secrets.token_bytes(_IV)
    pad = padding.PKCS7(AES.block_size).padder()
    padded = pad.update(text.encode()) + pad.finalize()
    hidden = Cipher(AES(key), CBC(vector)).encryptor().update(padded)
    return f"{base64.b64encode(hidden).decode()}?iv={base64.b64encode(vector).decode()}"


def _nip04_decrypt(key: bytes, payload: str) -> str:
    hidden, mark, vector = payload.partition("?iv=")
    if not mark:
        raise ValueError("This is not NIP-04.")
    try:
        cipher = Cipher(AES(key), CBC(base64.b64decode(vector, validate=True)))
        padded = cipher.decryptor().update(base64.b64decode(hidden, validate=True))
    except binascii.Error as error:
        raise ValueError(f"This is not NIP-04: {error}") from None
    strip = padding.PKCS7(AES.block_size).unpadder()
    return (strip.update(padded) + strip.finalize()).decode()
