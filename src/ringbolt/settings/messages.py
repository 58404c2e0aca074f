"""The options of texts, numbers and e-mail."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from ringbolt.mail.types import MAILERS
from ringbolt.numbers.types import OWN_NUMBERS, PROVIDERS
from ringbolt.registry.settings import PartSettings
from ringbolt.settings.parts import OfTypes
from ringbolt.settings.section import Section, listed
from ringbolt.sms.types import SMS_CARRIERS

TEXT_CARRIERS: Final = OfTypes(SMS_CARRIERS, many=True)
NUMBER_PROVIDERS: Final = OfTypes(
    PROVIDERS, many=True, reserved={OWN_NUMBERS.name: OWN_NUMBERS.type}
)
MAIL_SERVERS: Final = OfTypes(MAILERS, many=True)


class SmsSettings(Section):
    settle_on: Literal["sent", "delivered"] = Field(
        "sent", description="What is charged: a text that was sent, or one that was delivered."
    )
    senders: Annotated[tuple[str, ...], NoDecode] = Field(
        ("Ringbolt",), description="Sender names or numbers; the first is used. Never the buyer's."
    )
    max_chars: int = Field(140, ge=1, le=1600, description="The longest text, characters.")
    cost_card: str = Field(
        "", description="A CSV of what a segment costs by prefix. Empty: the one shipped."
    )

    carriers: Annotated[tuple[PartSettings, ...], NoDecode, TEXT_CARRIERS] = Field(
        default_factory=TEXT_CARRIERS.default_list, description="The carriers of texts."
    )

    @field_validator("senders", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return listed(value)


class NumberSettings(Section):
    providers: Annotated[tuple[PartSettings, ...], NoDecode, NUMBER_PROVIDERS] = Field(
        default_factory=NUMBER_PROVIDERS.default_list,
        description="The providers that lease numbers to receive texts on.",
    )


class MailSettings(Section):
    sender: str = Field(
        "Ringbolt <no-reply@ringbolt.example>", description="The From of every e-mail."
    )
    subject: str = Field("A message for you", description="The subject of every e-mail.")
    allow_subject: bool = Field(False, description="Whether buyers may choose the subject.")
    max_chars: int = Field(140, ge=1, le=10_000, description="The longest e-mail, characters.")
    servers: Annotated[tuple[PartSettings, ...], NoDecode, MAIL_SERVERS] = Field(
        default_factory=MAIL_SERVERS.default_list, description="The mail servers that send e-mail."
    )
