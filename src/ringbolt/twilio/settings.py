"""The settings that every part at an account of Twilio's, or of a relative's, has."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr, model_validator

from ringbolt.registry.settings import PartSettings
from ringbolt.registry.types import PartUnusable
from ringbolt.registry.values import web_address
from ringbolt.twilio.account import Account, TwilioApi
from ringbolt.twilio.dialect import RULES, Dialect

WORLD_PATH: Final = "/simulator/twilio"
"""Where ``ringbolt simulator`` serves such an API."""


class TwilioAccountSettings(PartSettings):
    """An account at Twilio or at one of its relatives."""

    dialect: Dialect = Field(
        Dialect.TWILIO, description="Whose API it is: twilio, signalwire, telnyx or somleng."
    )
    base_url: Annotated[str, AfterValidator(web_address)] = Field(
        "",
        description="Where the API answers. Empty: the vendor's address (SignalWire has none: "
        "https://YOUR-SPACE.signalwire.com).",
    )
    account_sid: str = Field(
        min_length=1,
        max_length=100,
        pattern=r"^[A-Za-z0-9._:-]+$",
        description="The account: Account SID, at SignalWire the project's ID.",
    )
    auth_token: SecretStr = Field(
        min_length=1, description="The account's auth token; at Telnyx an API key."
    )
    signing_key: SecretStr = Field(
        SecretStr(""),
        description="What callbacks are signed with, if not with the auth token: SignalWire's "
        "signing key, Telnyx's public key, a shared key of Twilio's.",
    )
    application_sid: str = Field(
        "", max_length=100, description="Telnyx: the TeXML application that places the calls."
    )

    @model_validator(mode="after")
    def _has_an_address(self) -> TwilioAccountSettings:
        if not (self.base_url or RULES[self.dialect].base_url):
            raise ValueError(f"{self.dialect} has no address of its own: set base_url")
        return self


def open_api(settings: TwilioAccountSettings, name: str) -> TwilioApi:
    """The API of the account that ``settings`` describe. Raises ``PartUnusable``."""
    account = Account(
        base_url=settings.base_url,
        account_sid=settings.account_sid,
        auth_token=settings.auth_token.get_secret_value(),
        dialect=settings.dialect,
        signing_key=settings.signing_key.get_secret_value(),
        application_sid=settings.application_sid,
    )
    try:
        return TwilioApi(account, name)
    except ValueError:
        raise PartUnusable("signing_key is not an Ed25519 public key in base64") from None
