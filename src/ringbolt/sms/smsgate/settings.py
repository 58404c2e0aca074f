"""The settings of one Android phone with the app SMSGate."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from ringbolt.core.phone import is_e164
from ringbolt.registry.settings import SmsCarrierSettings, listed
from ringbolt.registry.values import web_address


def _numbers(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        if not is_e164(each):
            raise ValueError("write numbers in E.164 format: + and digits only")
    if len(set(value)) != len(value):
        raise ValueError("each number belongs to one SIM")
    return value


class SmsGateSettings(SmsCarrierSettings):
    """One Android phone with the app SMSGate."""

    base_url: Annotated[str, AfterValidator(web_address)] = Field(
        min_length=1,
        description="Where its API answers: http://PHONE:8080 (local server), or "
        "https://api.sms-gate.app/3rdparty/v1 (cloud; a private server: its address).",
    )
    mode: Literal["local", "cloud"] = Field(
        "local", description="local: the phone itself answers; cloud: a server that it follows."
    )
    username: str = Field("sms", min_length=1, description="The user name that the app shows.")
    password: SecretStr = Field(min_length=1, description="The password that the app shows.")
    auth: Literal["basic", "jwt"] = Field(
        "basic", description="jwt: use the password only to get short-lived tokens."
    )
    signing_key: SecretStr = Field(
        min_length=1,
        description="What the app signs its webhooks with (Settings, Webhooks, Signing key).",
    )
    device_id: str = Field(
        "",
        max_length=100,
        description="Cloud: which of the account's phones. Empty: the only one.",
    )
    numbers: Annotated[tuple[str, ...], BeforeValidator(listed), AfterValidator(_numbers)] = Field(
        (),
        max_length=4,
        description="The numbers (E.164) of SIM 1, SIM 2, ... Texts to those among your own "
        "numbers are received; they are lent only while the phone gives signs of life.",
    )
    ttl_s: int = Field(
        300,
        ge=10,
        le=3600,
        description="How long the phone may try to send a text, seconds. Keep it below "
        "orders.receipt_within_s.",
    )
    per_second: float = Field(
        0.15,
        ge=0,
        le=1,
        description="How many texts the phone gets a second: networks block a SIM that sends more "
        "than one in 5 to 10 seconds.",
    )

    @model_validator(mode="before")
    @classmethod
    def _sends_from_its_numbers(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("senders"):
            return given
        numbers = listed(given.get("numbers"))
        # Wrong ones are told of numbers, and not of senders, which nobody wrote.
        is_right = isinstance(numbers, list | tuple) and all(is_e164(str(each)) for each in numbers)
        return {**given, "senders": numbers} if numbers and is_right else given
