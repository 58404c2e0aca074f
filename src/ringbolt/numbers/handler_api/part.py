"""``type = "handler_api"``: a provider of numbers that speaks the protocol of sms-activate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from ringbolt.numbers.handler_api.dialect import DEFAULT, DIALECTS
from ringbolt.numbers.provider import NumberProvider
from ringbolt.numbers.types import NumbersContext
from ringbolt.registry.settings import RoutedByCountry
from ringbolt.registry.types import PartType, PartUnusable
from ringbolt.registry.values import web_address


class HandlerApiSettings(RoutedByCountry):
    """A provider of numbers with the protocol `handler_api.php`
    ([how](howto-number-provider.md)). With a rate in `[costs] sats_per` for its currency a number
    never costs more than its buyer pays, and the provider with the cheapest codes is asked
    first."""

    type: Literal["handler_api"] = "handler_api"
    dialect: str = Field(
        DEFAULT, description=f"Whose form of the protocol it is: {', '.join(DIALECTS)}."
    )
    base_url: str = Field("", description="Its address. Empty: that of the dialect.")
    api_key: SecretStr = Field(description="The API key of your account there.")
    low_balance: float = Field(
        1.0,
        ge=0,
        description="Below this balance, in the account's currency, no more numbers are sold.",
    )

    @field_validator("dialect")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in DIALECTS:
            raise ValueError(f"there are {', '.join(DIALECTS)}")
        return value

    @field_validator("base_url")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        return web_address(value)


def _build(settings: HandlerApiSettings, context: NumbersContext) -> NumberProvider:
    from ringbolt.numbers.handler_api.account import Account  # noqa: PLC0415 - as configured
    from ringbolt.numbers.handler_api.provider import handler_api_provider  # noqa: PLC0415

    dialect = DIALECTS[settings.dialect]
    url = settings.base_url or dialect.url
    if not url:
        raise PartUnusable(f"base_url is empty, and the dialect {dialect.name} has no address.")
    api_key = settings.api_key.get_secret_value()
    if not api_key:
        raise PartUnusable("api_key is empty.")
    account = Account(settings.name, url, api_key, dialect, settings.low_balance)
    return handler_api_provider(account, context.clock, context.leases)


HANDLER_API = PartType(HandlerApiSettings, _build)
