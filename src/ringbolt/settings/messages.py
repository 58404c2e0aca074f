"""The options of texts, numbers and e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from ringbolt.core.email_address import check_subject
from ringbolt.core.errors import InvalidInput
from ringbolt.mail.letter import is_sender
from ringbolt.mail.smtp.address import parse_relay
from ringbolt.mail.types import MAILERS
from ringbolt.numbers.types import OWN_NUMBERS, PROVIDERS
from ringbolt.registry.settings import PartSettings, check_senders
from ringbolt.settings.parts import OfTypes
from ringbolt.settings.section import Section, listed
from ringbolt.sms.types import SMS_CARRIERS

TEXT_CARRIERS: Final = OfTypes(SMS_CARRIERS, many=True)
NUMBER_PROVIDERS: Final = OfTypes(
    PROVIDERS, many=True, reserved={OWN_NUMBERS.name: OWN_NUMBERS.type}
)
_MOST_OF_SUBJECT: Final = 200
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

    @field_validator("senders")
    @classmethod
    def _are_senders(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("name at least one sender")
        return check_senders(value)


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
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="The relay that sends e-mail, e.g. smtp://user:password@relay.example:587: "
        'short for one [[mail.servers]] with type = "smtp" and this url. Empty: as servers says.',
    )
    servers: Annotated[tuple[PartSettings, ...], NoDecode, MAIL_SERVERS] = Field(
        default_factory=MAIL_SERVERS.default_list, description="The mail servers that send e-mail."
    )

    @model_validator(mode="before")
    @classmethod
    def _relay_is_a_server(cls, raw: Any) -> Any:
        return _with_relay(raw) if isinstance(raw, Mapping) else raw

    @field_validator("smtp_url")
    @classmethod
    def _is_a_relay(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            parse_relay(value.get_secret_value())
        return value

    @field_validator("sender")
    @classmethod
    def _is_a_sender(cls, value: str) -> str:
        if not is_sender(value):
            raise ValueError("write one address, e.g. Shop <no-reply@shop.example>")
        return value

    @field_validator("subject")
    @classmethod
    def _is_a_subject(cls, value: str) -> str:
        try:
            subject = check_subject(value).strip()
        except InvalidInput:
            subject = ""
        if not subject or len(subject) > _MOST_OF_SUBJECT:
            raise ValueError(f"write one line of text, at most {_MOST_OF_SUBJECT} characters")
        return subject


def _with_relay(raw: Mapping[str, Any]) -> dict[str, Any]:
    """All options, with the server that ``smtp_url`` names. Raises ``ValueError`` if there are
    other servers too: which of them was meant is not to be guessed."""
    url = raw.get("smtp_url")
    text = url.get_secret_value() if isinstance(url, SecretStr) else url
    if not text or not isinstance(text, str):
        return dict(raw)
    try:
        parse_relay(text)
    except ValueError:
        return dict(raw)  # a fault that is told of smtp_url alone
    server = {"type": "smtp", "url": text}
    others = raw.get("servers")
    if others and not _is_relay_of(others, text):
        raise ValueError("set smtp_url or servers, not both: smtp_url is short for one server")
    return {**raw, "servers": [server]}


def _is_relay_of(servers: Any, url: str) -> bool:
    """Whether ``servers`` is what ``smtp_url`` made of itself, in settings that are read again."""
    one = getattr(servers[0], "url", "") if len(servers) == 1 else ""
    return isinstance(one, SecretStr) and one.get_secret_value() == url
