"""What an order of texts, codes, rented numbers and e-mail costs: one price per kind, and an
optional table of exceptions by country and service. All prices are whole sats.

The most specific row of the table wins: country and service, then country, then service, then
the kind alone, then the static price.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from ringbolt.core.countries import find_country
from ringbolt.core.services import find_service, nearest_service
from ringbolt.core.tables import table_lines

PriceKind = Literal["receive", "send", "rent", "s4s", "speech"]
"""``receive`` an activation code, ``send`` a segment of a text or an e-mail, ``rent`` a number for
a started block of 4 hours, ``s4s`` a code on a number of the operator's own, ``speech`` 500
characters of a text that is spoken into a file."""

RENT_BLOCK_HOURS: Final = 4
SPEECH_BLOCK_CHARS: Final = 500
MAX_SATS: Final = 100_000_000
"""The most that one unit may cost: 1 BTC."""

_MAX_DIGITS: Final = 12
_KINDS: Final[tuple[PriceKind, ...]] = get_args(PriceKind)
_COLUMNS: Final = ("kind", "country", "service", "sats")


class PriceListError(ValueError):
    """The price list cannot be used; the message names the row and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """An exception. ``country`` is a number of ``core.countries`` (999: automatic selection),
    None for every country; ``service`` is a code, '' for every service."""

    kind: PriceKind
    country: int | None
    service: str
    sats: int


class PriceList:
    """Prices in sats. Immutable. Raises ``PriceListError`` for prices below 1 sat or above
    1 BTC, a row that stands twice, and a service on ``send``."""

    def __init__(
        self,
        *,
        receive: int = 3000,
        send: int = 1000,
        rent: int = 15_000,
        s4s: int = 5000,
        speech: int = 50,
        table: Iterable[PriceRow] = (),
    ) -> None:
        static: dict[PriceKind, int] = {
            "receive": receive,
            "send": send,
            "rent": rent,
            "s4s": s4s,
            "speech": speech,
        }
        for kind, sats in static.items():
            _check_sats(sats, kind)
        self._static = static
        self._rows: dict[tuple[PriceKind, int | None, str], int] = {}
        for row in table:
            _check_row(row)
            key = (row.kind, row.country, row.service)
            if key in self._rows:
                raise PriceListError(f"{_described(row)}: it stands twice in the price list")
            self._rows[key] = row.sats

    def with_table(self, table: Iterable[PriceRow]) -> PriceList:
        """The same static prices with another table, whose rows without country and service
        replace them. Raises ``PriceListError``."""
        static = self._static
        return PriceList(
            receive=static["receive"],
            send=static["send"],
            rent=static["rent"],
            s4s=static["s4s"],
            speech=static["speech"],
            table=table,
        )

    def rows(self) -> tuple[PriceRow, ...]:
        """Every price: first one row per kind, then the exceptions in order."""
        kinds = [PriceRow(kind, None, "", self._lookup(kind, None, "")) for kind in _KINDS]
        rest = (
            PriceRow(kind, country, service, sats)
            for (kind, country, service), sats in self._rows.items()
            if country is not None or service
        )
        in_order = sorted(rest, key=lambda row: (row.kind, row.country or 0, row.service))
        return (*kinds, *in_order)

    def receive(self, country: int | None, service: str) -> int:
        """An activation code on a number of the provider's."""
        return self._lookup("receive", country, service)

    def s4s(self, country: int | None, service: str) -> int:
        """An activation code on a number of the operator's own pool."""
        return self._lookup("s4s", country, service)

    def rent(self, country: int | None, service: str, hours: int) -> int:
        """A number for ``hours``; every started block of 4 hours is charged whole."""
        if hours < 1:
            raise ValueError("a rental lasts at least one hour")
        return self._lookup("rent", country, service) * -(-hours // RENT_BLOCK_HOURS)

    def send(self, country: int | None, segments: int) -> int:
        """A text of that many segments. ``country``: where it goes, None if ``core.countries`` has
        no number for it."""
        if segments < 1:
            raise ValueError("a text has at least one segment")
        return self._lookup("send", country, "") * segments

    def email(self) -> int:
        """An e-mail costs as much as a segment without a country."""
        return self._lookup("send", None, "")

    def speech(self, characters: int) -> int:
        """A text that is spoken into a file; every started block of 500 characters is charged
        whole."""
        if characters < 1:
            raise ValueError("a text has at least one character")
        return self._lookup("speech", None, "") * -(-characters // SPEECH_BLOCK_CHARS)

    def _lookup(self, kind: PriceKind, country: int | None, service: str) -> int:
        for key in (
            (kind, country, service),
            (kind, country, ""),
            (kind, None, service),
            (kind, None, ""),
        ):
            sats = self._rows.get(key)
            if sats is not None:
                return sats
        return self._static[kind]


def referral_share_msat(price_msat: int, percent: int) -> int:
    """The referrer's part of a price, rounded down to a whole msat."""
    return price_msat * percent // 100


def parse_prices_csv(text: str) -> tuple[PriceRow, ...]:
    """Rows from CSV with the header ``kind,country,service,sats``.

    Country and service may be written in any way that an order may, and left empty. Lines that
    begin with '#' are comments; spreadsheets put a byte order mark in front. Raises
    ``PriceListError``.
    """
    rows = list(csv.reader(table_lines(text)))
    header = tuple(field.strip().lower() for field in rows[0]) if rows else ()
    if header != _COLUMNS:
        raise PriceListError(f"the first line of a price list is {','.join(_COLUMNS)}")
    return tuple(_from_fields(fields, f"row {n}") for n, fields in enumerate(rows[1:], 1))


def to_csv(rows: Iterable[PriceRow]) -> str:
    """The table that ``parse_prices_csv`` reads."""
    lines = [",".join(_COLUMNS)]
    for row in rows:
        country = "" if row.country is None else row.country
        lines.append(f"{row.kind},{country},{row.service},{row.sats}")
    return "\n".join(lines) + "\n"


def _from_fields(fields: list[str], where: str) -> PriceRow:
    if len(fields) != len(_COLUMNS):
        raise PriceListError(f"{where}: it has {len(fields)} fields, not {len(_COLUMNS)}")
    kind, country, service, sats = (field.strip() for field in fields)
    if not (sats.isascii() and sats.isdigit()):
        raise PriceListError(f"{where}: {sats!r} is not a whole number of sats")
    try:
        row = PriceRow(_kind(kind), _country(country), _service(service), int(sats[:_MAX_DIGITS]))
        _check_row(row)
    except PriceListError as error:
        raise PriceListError(f"{where}: {error}") from None
    return row


def _kind(text: str) -> PriceKind:
    for kind in _KINDS:
        if text.lower() == kind:
            return kind
    raise PriceListError(f"{text!r} is not one of {', '.join(_KINDS)}")


def _country(text: str) -> int | None:
    if not text:
        return None
    country = find_country(text)
    if country is None:
        raise PriceListError(f"there is no country {text!r}")
    return country.cc


def _service(text: str) -> str:
    if not text:
        return ""
    service = find_service(text, scripted_allowed=True)
    if service is None:
        near = nearest_service(text)
        hint = f"; did you mean {near.code} ({near.name})?" if near else ""
        raise PriceListError(f"there is no service {text!r}{hint}")
    return service.code


def _check_row(row: PriceRow) -> None:
    _check_sats(row.sats, _described(row))
    if row.kind == "send" and row.service:
        raise PriceListError(f"{_described(row)}: a text that is sent has no service")
    if row.kind == "speech" and (row.service or row.country is not None):
        raise PriceListError(f"{_described(row)}: a spoken text has neither country nor service")


def _check_sats(sats: int, where: str) -> None:
    if not 1 <= sats <= MAX_SATS:
        raise PriceListError(f"{where}: a price is at least 1 sat and at most {MAX_SATS} sats")


def _described(row: PriceRow) -> str:
    country = "every country" if row.country is None else f"country {row.country}"
    return f"{row.kind}, {country}, {row.service or 'every service'}"
