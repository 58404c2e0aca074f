"""BOLT11 invoices: encoded and signed, decoded and verified.

Amounts are integer msat, times are seconds (Unix time), hashes and keys raw bytes. Source: BOLT #11
(11-payment-encoding.md) and the invoice features of BOLT #9. Where the text leaves a choice, we do
as LND does: non-zero padding, an invoice with both ``d`` and ``h``, and features without the
ones they depend on are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import wallycore

from ringbolt.core.lightning import bech32
from ringbolt.core.lightning.bolt11_fields import (
    DEFAULT_EXPIRY_S,
    DEFAULT_FEATURES,
    DEFAULT_MIN_FINAL_CLTV,
    MAX_CLTV,
    MAX_EXPIRY_S,
    MAX_LENGTH,
    MAX_TIMESTAMP_S,
    SIGNATURE_SYMBOLS,
    TIMESTAMP_SYMBOLS,
    Bolt11Error,
    Fallback,
    RouteHop,
    read_description,
    read_features,
    read_fields,
    read_prefix,
    read_route,
    write_description,
    write_fallback,
    write_features,
    write_field,
    write_hash,
    write_number,
    write_prefix,
    write_route,
)

__all__ = ["Bolt11", "Bolt11Error", "Fallback", "RouteHop", "decode", "encode", "payee"]

_RECOVERABLE = wallycore.EC_FLAG_ECDSA | wallycore.EC_FLAG_RECOVERABLE
_COMPRESSED_KEY = 31  # first octet of a recoverable signature, to which the recovery id is added


@dataclass(frozen=True, slots=True)
class Bolt11:
    """A verified invoice.

    ``amount_msat`` is None if the payer may choose. Exactly one of ``description`` and
    ``description_hash`` is set; the former is untrusted text and may hold any character.
    ``payee`` is the node's public key (33 bytes, compressed), named or recovered. ``features`` are
    bit numbers. ``unknown`` holds the fields that were skipped, as type letter and symbols.
    ``signature`` is r, s and the recovery id: 65 bytes.
    """

    network: str
    amount_msat: int | None
    timestamp_s: int
    payment_hash: bytes
    payment_secret: bytes
    description: str | None
    description_hash: bytes | None
    expiry_s: int
    min_final_cltv: int
    payee: bytes
    features: frozenset[int]
    route_hints: tuple[tuple[RouteHop, ...], ...]
    fallbacks: tuple[Fallback, ...]
    metadata: bytes | None
    unknown: tuple[tuple[str, bytes], ...]
    signature: bytes

    @property
    def expires_at_s(self) -> int:
        return self.timestamp_s + self.expiry_s


# --- reading


def plain(text: str) -> str:
    """An invoice as nodes write it: in small letters, without ``lightning:`` and blanks around it.
    Two spellings of one invoice have one plain form; whether it is an invoice is not checked."""
    bare = text.strip().lower().removeprefix("lightning:")
    return bare.removeprefix("//").strip()


def decode(text: str) -> Bolt11:
    """The invoice in ``text``, its signature checked. Upper case and ``lightning:`` are accepted.

    Whether it has expired is for the caller to ask. Raises ``Bolt11Error``.
    """
    try:
        return _decode(text)
    except bech32.Bech32Error as error:
        raise Bolt11Error(f"This is not a Lightning invoice: {error}.") from None


def _decode(text: str) -> Bolt11:
    if len(text) > MAX_LENGTH + 64:
        raise Bolt11Error(f"The invoice is longer than {MAX_LENGTH} characters.")
    text = text.strip()
    if text[:10].lower() == "lightning:":
        text = text[10:].removeprefix("//").strip()
    hrp, symbols = bech32.decode(text, MAX_LENGTH)
    network, amount_msat = read_prefix(hrp)
    if len(symbols) < TIMESTAMP_SYMBOLS + SIGNATURE_SYMBOLS:
        raise Bolt11Error("The invoice is too short to hold a signature.")
    signed, tail = symbols[:-SIGNATURE_SYMBOLS], symbols[-SIGNATURE_SYMBOLS:]
    fields = read_fields(signed[TIMESTAMP_SYMBOLS:])
    payment_hash, payment_secret = fields.octets("p"), fields.octets("s")
    if payment_hash is None or payment_secret is None:
        missing = "payment hash" if payment_hash is None else "payment secret"
        raise Bolt11Error(f"The invoice has no valid {missing}.")
    description, description_hash = read_description(fields)
    signature = bech32.to_bytes(tail)
    return Bolt11(
        network=network,
        amount_msat=amount_msat,
        timestamp_s=bech32.to_int(signed[:TIMESTAMP_SYMBOLS]),
        payment_hash=payment_hash,
        payment_secret=payment_secret,
        description=description,
        description_hash=description_hash,
        expiry_s=fields.number("x", DEFAULT_EXPIRY_S, MAX_EXPIRY_S),
        min_final_cltv=fields.number("c", DEFAULT_MIN_FINAL_CLTV, MAX_CLTV),
        features=read_features(fields.once.get("9", b"")),
        route_hints=tuple(map(read_route, fields.routes)),
        fallbacks=fields.fallbacks,
        metadata=fields.octets("m"),
        unknown=fields.unknown,
        payee=_check_signature(_digest(hrp, signed), signature, fields.octets("n")),
        signature=signature,
    )


def _digest(hrp: str, signed: bytes) -> bytes:
    bits = len(signed) * 5
    packed = bech32.to_int(signed) << (-bits & 7)
    return sha256(hrp.encode() + packed.to_bytes((bits + 7) >> 3, "big")).digest()


def _check_signature(digest: bytes, signature: bytes, named: bytes | None) -> bytes:
    """The payee's public key. With an ``n`` field the signature must be low-S; recovery takes
    both forms (BOLT #11)."""
    recovery_id = signature[64]
    if recovery_id > 3:
        raise Bolt11Error("The invoice's signature is malformed.")
    try:
        if named is not None:
            wallycore.ec_sig_verify(named, digest, wallycore.EC_FLAG_ECDSA, signature[:64])
            return named
        recoverable = bytes((_COMPRESSED_KEY + recovery_id,)) + signature[:64]
        return bytes(wallycore.ec_sig_to_public_key(digest, recoverable))
    except ValueError:
        raise Bolt11Error("The invoice's signature is not valid.") from None


# --- writing


def payee(private_key: bytes) -> bytes:
    """The public key (33 bytes) of the node that signs with ``private_key``."""
    try:
        return bytes(wallycore.ec_public_key_from_private_key(private_key))
    except ValueError:
        raise Bolt11Error("The private key is not a secp256k1 key of 32 bytes.") from None


def encode(  # noqa: PLR0913 - these are the fields that an invoice has
    *,
    network: str,
    amount_msat: int | None,
    timestamp_s: int,
    payment_hash: bytes,
    payment_secret: bytes,
    private_key: bytes,
    description: str | None = None,
    description_hash: bytes | None = None,
    expiry_s: int | None = DEFAULT_EXPIRY_S,
    min_final_cltv: int | None = DEFAULT_MIN_FINAL_CLTV,
    features: Iterable[int] = DEFAULT_FEATURES,
    route_hints: Sequence[Sequence[RouteHop]] = (),
    fallbacks: Sequence[Fallback] = (),
    metadata: bytes | None = None,
    names_payee: bool = False,
) -> str:
    """A signed invoice in lower case; ``expiry_s`` or ``min_final_cltv`` None leaves the field out.

    Give exactly one of ``description`` (at most 639 bytes) and ``description_hash``. Signatures
    are deterministic (RFC 6979). Raises ``Bolt11Error`` for what ``decode`` would refuse.
    """
    if (description is None) == (description_hash is None):
        raise Bolt11Error("An invoice must have either a description or the hash of one.")
    hrp = write_prefix(network, amount_msat)
    signed = b"".join(
        [
            write_number(timestamp_s, MAX_TIMESTAMP_S, "timestamp").rjust(TIMESTAMP_SYMBOLS, b"\0"),
            write_hash("s", payment_secret),
            write_hash("p", payment_hash),
            b"" if description is None else write_description(description),
            b"" if description_hash is None else write_hash("h", description_hash),
            b"" if metadata is None else write_field("m", bech32.to_symbols(metadata)),
            write_field("n", bech32.to_symbols(payee(private_key))) if names_payee else b"",
            _number_field("x", expiry_s, MAX_EXPIRY_S, "expiry"),
            _number_field("c", min_final_cltv, MAX_CLTV, "final CLTV"),
            *map(write_fallback, fallbacks),
            *map(write_route, route_hints),
            write_features(features),
        ]
    )
    text = bech32.encode(hrp, signed + _sign(private_key, _digest(hrp, signed)))
    if len(text) > MAX_LENGTH:
        raise Bolt11Error(f"The invoice would be longer than {MAX_LENGTH} characters.")
    return text


def _number_field(tag: str, number: int | None, most: int, name: str) -> bytes:
    """A tagged number; nothing for None."""
    return b"" if number is None else write_field(tag, write_number(number, most, name))


def _sign(private_key: bytes, digest: bytes) -> bytes:
    try:
        signature = bytes(wallycore.ec_sig_from_bytes(private_key, digest, _RECOVERABLE))
    except ValueError:
        raise Bolt11Error("The private key is not a secp256k1 key of 32 bytes.") from None
    recovery_id = signature[0] - _COMPRESSED_KEY
    return bech32.to_symbols(signature[1:] + bytes((recovery_id,)))
