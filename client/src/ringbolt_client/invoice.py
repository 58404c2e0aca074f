"""The parts of a BOLT11 invoice that a payer must know: amount, payment hash, and expiry.

Source: BOLT #11. The signature is the wallet's affair; the checksum is verified here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ringbolt_client.errors import Refused

_SYMBOLS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES: Final = {symbol: value for value, symbol in enumerate(_SYMBOLS)}
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_PREFIX: Final = re.compile(r"ln(?:bcrt|bc|tbs|tb)(?:(?P<amount>[1-9]\d{0,17})(?P<unit>[munp]?))?")
_MSAT: Final = {"": 10**11, "m": 10**8, "u": 10**5, "n": 100}
_CHECKSUM, _SIGNATURE, _TIMESTAMP, _HASH = 6, 104, 7, 52
_MAX_CHARS: Final = 7089
_DEFAULT_EXPIRY_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Invoice:
    """``payment_hash`` is hex, ``amount_msat`` what is asked for, ``expires_s`` Unix time."""

    text: str
    payment_hash: str
    amount_msat: int
    expires_s: int

    @property
    def sats(self) -> int:
        """The amount, rounded up."""
        return -(-self.amount_msat // 1000)


def read_invoice(text: str) -> Invoice:
    """Raises ``Refused`` for what is no invoice over a fixed amount."""
    written = text.strip().lower().removeprefix("lightning:")
    prefix, mark, symbols = written.rpartition("1")
    found = _PREFIX.fullmatch(prefix)
    if len(written) > _MAX_CHARS or not mark or found is None:
        raise _refused("it is not a Lightning invoice")
    if any(symbol not in _VALUES for symbol in symbols):
        raise _refused("it has a sign that no invoice has")
    values = [_VALUES[symbol] for symbol in symbols]
    if _polymod(_expanded(prefix) + values) != 1:
        raise _refused("its checksum is wrong")
    data = values[: -_CHECKSUM - _SIGNATURE]
    if len(values) < _CHECKSUM + _SIGNATURE + _TIMESTAMP:
        raise _refused("it is too short")
    fields = _fields(data[_TIMESTAMP:])
    hashes = fields.get("p")
    if hashes is None or len(hashes) != _HASH:
        raise _refused("it names no payment hash")
    expiry_s = _number(fields["x"]) if "x" in fields else _DEFAULT_EXPIRY_S
    payment_hash = (_number(hashes) >> 4).to_bytes(32, "big").hex()
    return Invoice(
        written, payment_hash, _amount_msat(found), _number(data[:_TIMESTAMP]) + expiry_s
    )


def _amount_msat(found: re.Match[str]) -> int:
    if found["amount"] is None:
        raise _refused("it names no amount")
    amount = int(found["amount"])
    if found["unit"] != "p":
        return amount * _MSAT[found["unit"]]
    if amount % 10:
        raise _refused("its amount is a fraction of a millisatoshi")
    return amount // 10


def _fields(data: list[int]) -> dict[str, list[int]]:
    """The first field of each type, by its letter."""
    fields: dict[str, list[int]] = {}
    while len(data) >= 3:
        length = data[1] * 32 + data[2]
        fields.setdefault(_SYMBOLS[data[0]], data[3 : 3 + length])
        data = data[3 + length :]
    return fields


def _number(values: list[int]) -> int:
    number = 0
    for value in values:
        number = number * 32 + value
    return number


def _expanded(prefix: str) -> list[int]:
    return [ord(sign) >> 5 for sign in prefix] + [0] + [ord(sign) & 31 for sign in prefix]


def _polymod(values: list[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATOR):
            checksum ^= generator if top >> place & 1 else 0
    return checksum


def _refused(why: str) -> Refused:
    return Refused(f"The invoice cannot be read: {why}.", code="INVALID_INVOICE")
