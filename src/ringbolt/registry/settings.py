"""The base classes of all parts' settings.

A part's own settings model, in the part's folder, inherits from one of these. The class defines how
destinations are routed to such parts.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
)

from ringbolt.core.countries import AUTO_SELECT, resolve_country
from ringbolt.core.errors import InvalidInput
from ringbolt.registry.routing import Match
from ringbolt.registry.values import usable

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)
_PREFIX: Final = re.compile(r"\+[1-9][0-9]{0,14}", re.ASCII)
_CALLER_ID: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_SENDER: Final = re.compile(
    r"\+[1-9][0-9]{6,14}|[0-9]{3,8}"
    r"|(?=.{0,10}[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9 ._&-]{0,9}[A-Za-z0-9.])?",
    re.ASCII,
)
"""3GPP TS 23.038, 9.1.2.5: an alphanumeric sender has 11 signs at most, one of them a letter."""
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*", re.ASCII)


def listed(value: Any) -> Any:
    """A list of words from an environment variable, separated by commas."""
    if isinstance(value, str):
        return tuple(item.strip() for item in value.split(",") if item.strip())
    return value


def _plain(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a name has small letters, digits, '.', '_' and '-', 40 at most")
    return name


class PartSettings(BaseModel):
    """``type`` selects the adapter; ``simulated``: it belongs to the simulated world."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    simulated: ClassVar[bool] = False

    type: str = Field(description="Which adapter it is.")
    name: Annotated[str, AfterValidator(_plain)] = Field(
        "",
        description="The name that orders record with each request to this part: keep it as long "
        "as any of them are open. Empty: its type.",
    )

    _usable = field_validator("*")(usable)


def _prefixes(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        if not _PREFIX.fullmatch(each):
            raise ValueError("write prefixes in E.164 format: + and digits only")
    return value


def _countries(value: Any) -> Any:
    """Countries by number, ISO code or name, as their numbers."""
    wanted = listed(value)
    if not isinstance(wanted, list | tuple):
        return wanted
    try:
        return tuple(resolve_country(str(each)).cc for each in wanted)
    except InvalidInput:
        raise ValueError("write countries by name, ISO code or number (docs/orders.md)") from None


def domain_names(value: tuple[str, ...]) -> tuple[str, ...]:
    """Domains in small letters. Raises ``ValueError``."""
    found = tuple(each.lower() for each in value)
    if not all(map(_DOMAIN.fullmatch, found)):
        raise ValueError("write domains such as example.com")
    return found


class Priced(PartSettings):
    cost: float = Field(
        0.0,
        ge=0,
        description="What it costs, in the same unit for all parts of this kind: of two that "
        "match equally well the cheaper is tried first.",
    )
    per_second: float = Field(
        0,
        ge=0,
        le=10_000,
        description="How many requests it is sent a second at most, by all processes of the shop "
        "together; more wait, or another part is asked. 0: any number.",
    )
    daily_spend: int = Field(
        0,
        ge=0,
        description="The most that it may cost a day (UTC), sats, by what it tells or by its cost "
        "card; then another part is asked; when all have, nothing is sold. 0: no limit.",
    )
    cost_card: str = Field(
        "",
        description="A CSV of what it bills (prefix,cost,currency,per_seconds), for what it does "
        "not tell itself. Empty: none.",
    )


class RoutedByPrefix(Priced):
    """For carriers: the part with the longest matching prefix is tried first."""

    prefixes: Annotated[tuple[str, ...], BeforeValidator(listed), AfterValidator(_prefixes)] = (
        Field((), description="The numbers it takes, by their first digits, e.g. +44. Empty: all.")
    )

    def match(self, destination: str) -> Match | None:
        if not self.prefixes:
            return 0
        found = [len(each) for each in self.prefixes if destination.startswith(each)]
        return max(found, default=None)


def _caller_ids(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        if not _CALLER_ID.fullmatch(each):
            raise ValueError("write caller IDs in E.164 format: + and digits only")
    return value


class VoiceCarrierSettings(RoutedByPrefix):
    """For carriers of calls."""

    max_calls: int = Field(
        0,
        ge=0,
        le=100_000,
        description="How many calls it carries at the same time, of all processes of the shop "
        "together; more wait, or another carrier is asked. 0: any number.",
    )
    caller_ids: Annotated[tuple[str, ...], BeforeValidator(listed), AfterValidator(_caller_ids)] = (
        Field(
            (),
            description="The numbers that its calls may come from, E.164; the first is used. "
            "Empty: calls.caller_id.",
        )
    )


def check_senders(value: tuple[str, ...]) -> tuple[str, ...]:
    """Senders of texts. Raises ``ValueError``."""
    for each in value:
        if not _SENDER.fullmatch(each):
            raise ValueError(
                f"{each!r} is not a sender: write a number in E.164 format, a short number, or a "
                "name of at most 11 letters, digits and blanks"
            )
    return value


class SmsCarrierSettings(RoutedByPrefix):
    """For carriers of texts."""

    settle_on: Literal["", "sent", "delivered"] = Field(
        "",
        description="What is charged of its texts: one that was sent, or one that was delivered. "
        "Empty: as sms.settle_on says.",
    )
    senders: Annotated[tuple[str, ...], BeforeValidator(listed), AfterValidator(check_senders)] = (
        Field(
            (),
            description="The names or numbers that its texts may come from; the first is used. "
            "Empty: sms.senders.",
        )
    )


class RoutedByCountry(Priced):
    """For providers of numbers: ``destination`` is the number of a country."""

    countries: Annotated[tuple[int, ...], BeforeValidator(_countries)] = Field(
        (), description="The countries whose numbers it is asked for. Empty: all."
    )

    def match(self, destination: str) -> Match | None:
        if not self.countries or destination == str(AUTO_SELECT.cc):
            return 0
        return 1 if int(destination) in self.countries else None


class RoutedByDomain(Priced):
    """For mail servers: ``destination`` is an address."""

    domains: Annotated[tuple[str, ...], BeforeValidator(listed), AfterValidator(domain_names)] = (
        Field(
            (), description="The domains it takes mail to, those below them included. Empty: all."
        )
    )

    def match(self, destination: str) -> Match | None:
        if not self.domains:
            return 0
        domain = destination.rpartition("@")[2].lower()
        found = [
            len(each) for each in self.domains if domain == each or domain.endswith(f".{each}")
        ]
        return max(found, default=None)
