"""The options of the web pages: the shop's name, how to reach its operator, an idea of prices in
money."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, field_validator, model_validator

from ringbolt.registry.values import web_address
from ringbolt.settings.section import Section

_ADDRESS: Final = re.compile(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,255}", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


def _moment(value: Any) -> Any:
    """TOML has dates and times of its own, which may be written without quotation marks."""
    return value.isoformat() if hasattr(value, "isoformat") else value


class WebSettings(Section):
    shop_name: str = Field(
        "Ringbolt", min_length=1, max_length=40, description="What the pages call the shop."
    )
    contact: str = Field(
        "",
        description="Where visitors reach the operator: an e-mail address or a page. Every page "
        "names it.",
    )
    figures: bool = Field(
        False,
        description="Show on the first page how many orders of the last day were delivered, of "
        "services with 50 orders or more.",
    )
    security_contact: str = Field(
        "",
        description="Where weaknesses are reported: an e-mail address or a page, for "
        "/.well-known/security.txt. Empty: there is no such file.",
    )
    security_expires: Annotated[str, BeforeValidator(_moment)] = Field(
        "",
        description="Until when /.well-known/security.txt holds, such as 2027-06-30 (UTC); it is "
        "not served after that. Empty: always for the next 90 days.",
    )

    @field_validator("contact", "security_contact")
    @classmethod
    def _is_reachable(cls, value: str) -> str:
        return value if _ADDRESS.fullmatch(value) else web_address(value)

    @field_validator("security_expires")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        try:
            return utc(value).strftime("%Y-%m-%dT%H:%M:%SZ") if value else ""
        except ValueError:
            raise ValueError("write a date such as 2027-06-30") from None


class FiatSettings(Section):
    """An idea of prices in money, beside their satoshis; off without a rate."""

    currency: str = Field("EUR", description="The currency of the rate, ISO 4217.")
    per_bitcoin: float = Field(
        0,
        ge=0,
        le=1e12,
        description="A fixed rate: what one bitcoin costs in that currency. 0: it is asked at the "
        "url; without one, prices are shown in satoshis only.",
    )
    url: str = Field(
        "",
        description="Where the rate is asked: an address that answers with JSON, for example "
        "https://api.coingecko.com/api/v3/simple/price?ids=bitcoin&vs_currencies=eur",
    )
    path: str = Field(
        "",
        max_length=200,
        description="Where in the answer the price of one bitcoin stands: names and positions with "
        "dots between, such as bitcoin.eur or result.XXBTZEUR.c.0. Empty: it is the answer.",
    )
    refresh_s: int = Field(
        300, ge=10, le=86_400, description="How often the url is asked, while pages are read."
    )
    stale_s: int = Field(
        3600, ge=60, le=604_800, description="A rate that is older is not shown, seconds."
    )

    _address = field_validator("url")(web_address)

    @field_validator("currency")
    @classmethod
    def _is_a_currency(cls, value: str) -> str:
        if not _CURRENCY.fullmatch(value):
            raise ValueError("write the three letters of ISO 4217, such as EUR")
        return value

    @model_validator(mode="after")
    def _has_one_source(self) -> FiatSettings:
        if self.per_bitcoin and self.url:
            raise ValueError("per_bitcoin and url are two sources: name one of them")
        return self

    @property
    def is_shown(self) -> bool:
        return bool(self.per_bitcoin or self.url)


def utc(text: str) -> datetime:
    """Raises ``ValueError``."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
