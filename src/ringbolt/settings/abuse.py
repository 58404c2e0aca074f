"""The options that limit misuse of a shop: amounts, rates, contents, destinations and hours."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from ringbolt.core.phone import is_region
from ringbolt.core.quiet_hours import parse_quiet_hours
from ringbolt.core.services import find_service, nearest_service
from ringbolt.core.texts.content_rules import folded
from ringbolt.registry.settings import domain_names
from ringbolt.settings.section import Section, listed

_SHORTENERS = (
    *("bit.ly", "cutt.ly", "goo.gl", "is.gd", "ow.ly", "rb.gy", "rebrand.ly", "s.id"),
    *("shorturl.at", "t.co", "t.ly", "tiny.cc", "tinyurl.com"),
)
_AND_ONE_MORE = "so many at once, and one more each such part of"


class AbuseSettings(Section):
    texts_per_number_per_hour: int = Field(
        10,
        ge=1,
        description=f"Texts to one number: {_AND_ONE_MORE} an hour (10: one more every 6 minutes).",
    )
    texts_per_number_per_day: int = Field(
        30,
        ge=1,
        description="The same for a day (30: 30 at once, and one more every 48 minutes).",
    )
    mails_per_address_per_day: int = Field(
        3,
        ge=1,
        description=f"E-mails to one address: {_AND_ONE_MORE} a day (3: one more every 8 hours).",
    )
    mails_per_domain_per_hour: int = Field(
        300,
        ge=1,
        description=f"E-mails to addresses of one domain: {_AND_ONE_MORE} an hour.",
    )
    contacts_per_number_per_day: int = Field(
        60,
        ge=1,
        description=f"Calls and texts to one number together: {_AND_ONE_MORE} a day.",
    )
    contacts_per_block_per_hour: int = Field(
        300,
        ge=1,
        description="Calls and texts to numbers that differ in their last 3 digits only: "
        f"{_AND_ONE_MORE} an hour.",
    )
    same_text_per_client_per_hour: int = Field(
        100,
        ge=1,
        description="Different numbers (or addresses) that get the same text, written or spoken, "
        f"from one client address: {_AND_ONE_MORE} an hour. Digits make no other text.",
    )
    same_text_per_key_per_hour: int = Field(
        1000, ge=1, description="The same for one API key that pays from its balance."
    )
    same_text_anonymous_per_hour: int = Field(
        300,
        ge=1,
        description="The same for all buyers without a key together; not for texts of fewer than "
        "20 letters.",
    )
    unused_numbers_per_hour: int = Field(
        50,
        ge=1,
        description="Numbers that one client address (or API key) gives back after it has seen "
        f"them: {_AND_ONE_MORE} an hour. Beyond that, new orders for numbers are refused.",
    )
    orders_per_minute: int = Field(
        300,
        ge=1,
        description="Orders of one client address (or API key): so many at once, and one more each "
        "such part of a minute.",
    )
    reads_per_minute: int = Field(
        3000, ge=1, description="The same for requests for a status, a price or a list."
    )
    open_invoices_per_client: int = Field(
        200, ge=1, description="Unpaid invoices that one client address may have open."
    )
    open_invoices: int = Field(2000, ge=1, description="Unpaid invoices open at the same time.")
    open_numbers_per_client: int = Field(
        200, ge=1, description="Numbers that one client address may lease at the same time."
    )
    open_numbers: int = Field(500, ge=1, description="Numbers leased at the same time.")
    daily_spend_sats: int = Field(
        10_000_000, ge=1, description="Calls, texts and numbers sold per day (UTC) at most, sats."
    )
    daily_prefix_sats: int = Field(
        2_000_000, ge=1, description="The same for each country calling code, sats."
    )
    hourly_country_sats: int = Field(
        1_000_000,
        ge=1,
        description="Calls and texts sold to each country per hour (of the clock) at most, sats.",
    )
    quiet_hours: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Hours without calls and texts, by the clock of the number's time zone: "
        "21:00-08:00, or US 21:00-08:00 for one country, separated by commas.",
    )
    denied_services: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Services whose codes are not received, by code, separated by commas."
    )
    denied_words: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Words that no text, e-mail or call may say, separated by commas."
    )
    denied_links: Annotated[tuple[str, ...], NoDecode] = Field(
        _SHORTENERS,
        description="Domains that no web address in a text or e-mail may lead to, separated by "
        "commas. By default those that hide where an address leads.",
    )
    links_allowed: int = Field(1, ge=0, description="Web addresses that a text or e-mail may hold.")

    @field_validator(
        "denied_services", "denied_words", "denied_links", "quiet_hours", mode="before"
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        return listed(value)

    @field_validator("denied_services")
    @classmethod
    def _by_code(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_service(each) for each in value)

    @field_validator("denied_words")
    @classmethod
    def _are_words(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not any(map(str.isalnum, folded(each))):
                raise ValueError(f"{each!r} has neither letters nor digits")
        return value

    @field_validator("denied_links")
    @classmethod
    def _are_domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return domain_names(value)

    @field_validator("quiet_hours")
    @classmethod
    def _are_hours(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            country = parse_quiet_hours(each).country
            if country and not is_region(country):
                raise ValueError(f"there is no country {country}; write its ISO code, e.g. US")
        if value:
            _check_zones()
        return value


def _service(text: str) -> str:
    found = find_service(text, scripted_allowed=True)
    if found is None:
        near = nearest_service(text)
        hint = f"; did you mean {near.code} ({near.name})?" if near else ""
        raise ValueError(f"there is no service {text!r}{hint}")
    return found.code


def _check_zones() -> None:
    try:
        ZoneInfo("America/New_York")
    except ZoneInfoNotFoundError:
        raise ValueError("this system knows no time zones; install its package tzdata") from None
