"""The parts of a BOLT11 invoice: the prefix with the amount, and the tagged fields.

Each is read and written by a function here, as bech32 symbols; a field's type is its letter in
BOLT #11. ``bolt11`` puts the parts together, signs and verifies.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import wallycore

from ringbolt.core.lightning import bech32

MAX_LENGTH = 7089
"""Characters of the longest invoice read or written: what the largest QR code can hold."""
MAX_DESCRIPTION_BYTES = 639
DEFAULT_EXPIRY_S = 3600
DEFAULT_MIN_FINAL_CLTV = 18
MAX_AMOUNT_MSAT = 21_000_000 * 10**11
MAX_EXPIRY_S = 2**40
MAX_CLTV = 2**32 - 1
MAX_TIMESTAMP_S = 2**35 - 1

NETWORK_PREFIXES = {
    "mainnet": "lnbc",
    "testnet": "lntb",
    "signet": "lntbs",
    "regtest": "lnbcrt",
    "simnet": "lnsb",
}
_NETWORKS = {prefix: network for network, prefix in NETWORK_PREFIXES.items()}
_HRP = re.compile(r"(lnbcrt|lnbc|lntbs|lntb|lnsb)(?:([0-9]+)([munp]?))?")
_MSAT_PER_UNIT = {"": 10**11, "m": 10**8, "u": 10**5, "n": 100}

VAR_ONION, PAYMENT_SECRET, BASIC_MPP = 8, 14, 16
ROUTE_BLINDING, ATTRIBUTION_DATA, PAYMENT_METADATA = 24, 36, 48
DEFAULT_FEATURES = frozenset({VAR_ONION, PAYMENT_SECRET})
_DEPENDENCIES = {
    PAYMENT_SECRET: VAR_ONION,
    BASIC_MPP: PAYMENT_SECRET,
    ROUTE_BLINDING: VAR_ONION,
    PAYMENT_METADATA: VAR_ONION,
}
_KNOWN = frozenset(
    {VAR_ONION, PAYMENT_SECRET, BASIC_MPP, ROUTE_BLINDING, ATTRIBUTION_DATA, PAYMENT_METADATA}
)

TIMESTAMP_SYMBOLS = 7
SIGNATURE_SYMBOLS = 104
_MAX_FIELD_SYMBOLS = 1023
_ONCE = frozenset("psdhnxcm9")
_FIXED_SYMBOLS = {"p": 52, "s": 52, "h": 52, "n": 53}
_PROGRAM_BYTES = {0: (20, 32), 1: (32,), 17: (20,), 18: (20,)}
_HOP = struct.Struct(">33sQIIH")


class Bolt11Error(ValueError):
    """The invoice cannot be read, trusted or written; the message is a plain sentence."""


@dataclass(frozen=True, slots=True)
class RouteHop:
    """One private channel on the way to the payee, entered at the node ``pubkey``."""

    pubkey: bytes
    short_channel_id: int
    fee_base_msat: int
    fee_proportional_millionths: int
    cltv_expiry_delta: int


@dataclass(frozen=True, slots=True)
class Fallback:
    """An on-chain address: a witness version and program, or 17 with a P2PKH, 18 a P2SH hash."""

    version: int
    program: bytes


@dataclass(frozen=True, slots=True)
class Fields:
    """The tagged fields of an invoice, mostly still as symbols; ``once`` is by type."""

    once: dict[str, bytes]
    routes: tuple[bytes, ...]
    fallbacks: tuple[Fallback, ...]
    unknown: tuple[tuple[str, bytes], ...]

    def number(self, tag: str, default: int, limit: int) -> int:
        symbols = self.once.get(tag)
        number = default if symbols is None else bech32.to_int(symbols)
        if number > limit:
            raise Bolt11Error(f"The number in the invoice's field {tag!r} is over {limit}.")
        return number

    def octets(self, tag: str) -> bytes | None:
        symbols = self.once.get(tag)
        return None if symbols is None else bech32.to_bytes(symbols)


def read_prefix(hrp: str) -> tuple[str, int | None]:
    """Network and amount in msat."""
    match = _HRP.fullmatch(hrp)
    if match is None:
        raise Bolt11Error(f"{hrp[:32]!r} is not the beginning of a Lightning invoice.")
    prefix, digits, multiplier = match.groups()
    if digits is None:
        return _NETWORKS[prefix], None
    if digits[0] == "0":
        raise Bolt11Error("The invoice's amount is zero or begins with a zero.")
    amount = int(digits)
    if multiplier == "p":
        if amount % 10:
            raise Bolt11Error("The invoice's amount is not a whole number of millisatoshis.")
        amount_msat = amount // 10
    else:
        amount_msat = amount * _MSAT_PER_UNIT[multiplier]
    if amount_msat > MAX_AMOUNT_MSAT:
        raise Bolt11Error("The invoice asks for more bitcoin than there can be.")
    return _NETWORKS[prefix], amount_msat


def read_fields(symbols: bytes) -> Fields:
    """Uses the first valid one of a field that may occur once; keeps, but does not interpret,
    fields that are unknown, repeated or of an unexpected length (BOLT #11: readers must skip
    those)."""
    once: dict[str, bytes] = {}
    routes: list[bytes] = []
    fallbacks: list[Fallback] = []
    unknown: list[tuple[str, bytes]] = []
    position, end = 0, len(symbols)
    while position < end:
        start = position + 3
        if start > end:
            raise Bolt11Error("The invoice's last field is cut off.")
        tag = bech32.CHARSET[symbols[position]]
        position = start + (symbols[position + 1] << 5 | symbols[position + 2])
        if position > end:
            raise Bolt11Error("A field of the invoice is longer than the invoice.")
        content = symbols[start:position]
        if (
            tag in _ONCE
            and tag not in once
            and len(content) == _FIXED_SYMBOLS.get(tag, len(content))
        ):
            once[tag] = content
        elif tag == "r":
            routes.append(content)
        elif tag == "f" and content and content[0] in _PROGRAM_BYTES:
            fallbacks.append(_read_fallback(content))
        else:
            unknown.append((tag, content))
    return Fields(once, tuple(routes), tuple(fallbacks), tuple(unknown))


def _read_fallback(symbols: bytes) -> Fallback:
    fallback = Fallback(symbols[0], bech32.to_bytes(symbols[1:]))
    if len(fallback.program) not in _PROGRAM_BYTES[fallback.version]:
        raise Bolt11Error("The invoice's fallback address has a wrong length.")
    return fallback


def read_description(fields: Fields) -> tuple[str | None, bytes | None]:
    description, description_hash = fields.octets("d"), fields.octets("h")
    if (description is None) == (description_hash is None):
        raise Bolt11Error("An invoice must have either a description or the hash of one.")
    if description is None:
        return None, description_hash
    try:
        return description.decode(), None
    except UnicodeDecodeError:
        raise Bolt11Error("The invoice's description is not UTF-8 text.") from None


def read_features(symbols: bytes) -> frozenset[int]:
    """Bit numbers. Unknown odd ones are kept, unknown even ones refused ("it's ok to be odd")."""
    bits = f"{bech32.to_int(symbols):b}"[::-1]
    features = frozenset(number for number, bit in enumerate(bits) if bit == "1")
    for number in features:
        if number % 2 == 0 and number not in _KNOWN:
            raise Bolt11Error(f"The invoice requires the unknown feature {number}.")
    for feature, needed in _DEPENDENCIES.items():
        if features & {feature, feature + 1} and not features & {needed, needed + 1}:
            raise Bolt11Error(f"The invoice's feature {feature} lacks the feature {needed}.")
    return features


def read_route(symbols: bytes) -> tuple[RouteHop, ...]:
    data = bech32.to_bytes(symbols)
    if not data or len(data) % _HOP.size:
        raise Bolt11Error("A route hint of the invoice has a wrong length.")
    hops = tuple(RouteHop(*values) for values in _HOP.iter_unpack(data))
    for hop in hops:
        _check_public_key(hop.pubkey)
    return hops


def _check_public_key(pubkey: bytes) -> None:
    try:
        wallycore.ec_public_key_verify(pubkey)
    except ValueError:
        raise Bolt11Error("A route hint of the invoice names an invalid public key.") from None


def write_prefix(network: str, amount_msat: int | None) -> str:
    """The shortest form of the amount, exact to the msat."""
    prefix = NETWORK_PREFIXES.get(network)
    if prefix is None:
        raise Bolt11Error(f"There is no network named {network!r}.")
    if amount_msat is None:
        return prefix
    if not 0 < amount_msat <= MAX_AMOUNT_MSAT:
        raise Bolt11Error("An invoice's amount must be positive and at most 21 million bitcoin.")
    for multiplier, msat in _MSAT_PER_UNIT.items():
        if amount_msat % msat == 0:
            return f"{prefix}{amount_msat // msat}{multiplier}"
    return f"{prefix}{amount_msat}0p"


def write_field(tag: str, symbols: bytes) -> bytes:
    length = len(symbols)
    if length > _MAX_FIELD_SYMBOLS:
        raise Bolt11Error(
            f"A field of the invoice is too long; a description may have {MAX_DESCRIPTION_BYTES} "
            "bytes, longer ones go in as their hash."
        )
    return bytes((bech32.CHARSET.index(tag), length >> 5, length & 31)) + symbols


def write_description(text: str) -> bytes:
    try:
        return write_field("d", bech32.to_symbols(text.encode()))
    except UnicodeEncodeError:
        raise Bolt11Error("The description is not text that UTF-8 can hold.") from None


def write_hash(tag: str, value: bytes) -> bytes:
    if len(value) != 32:
        raise Bolt11Error("Payment hash, payment secret and description hash have 32 bytes each.")
    return write_field(tag, bech32.to_symbols(value))


def write_number(value: int, limit: int, what: str) -> bytes:
    """The fewest symbols that hold ``value``, most significant first."""
    if not 0 <= value <= limit:
        raise Bolt11Error(f"The invoice's {what} must be between 0 and {limit}.")
    symbols = bytearray()
    while value:
        symbols.append(value & 31)
        value >>= 5
    return bytes(reversed(symbols))


def write_fallback(fallback: Fallback) -> bytes:
    if len(fallback.program) not in _PROGRAM_BYTES.get(fallback.version, ()):
        raise Bolt11Error("The fallback address has an unknown version or a wrong length.")
    return write_field("f", bytes((fallback.version,)) + bech32.to_symbols(fallback.program))


def write_route(route: Sequence[RouteHop]) -> bytes:
    if not route:
        raise Bolt11Error("A route hint has at least one hop.")
    for hop in route:
        _check_public_key(hop.pubkey)
    try:
        data = b"".join(
            _HOP.pack(
                hop.pubkey,
                hop.short_channel_id,
                hop.fee_base_msat,
                hop.fee_proportional_millionths,
                hop.cltv_expiry_delta,
            )
            for hop in route
        )
    except struct.error:
        raise Bolt11Error("A figure of a route hint does not fit its field.") from None
    return write_field("r", bech32.to_symbols(data))


def write_features(features: Iterable[int]) -> bytes:
    numbers = frozenset(features)
    if not numbers:
        return b""
    if not all(0 <= number < _MAX_FIELD_SYMBOLS * 5 for number in numbers):
        raise Bolt11Error("A feature bit is out of range.")
    bits = sum(1 << number for number in numbers)
    symbols = write_number(bits, bits, "features")
    read_features(symbols)
    return write_field("9", symbols)
