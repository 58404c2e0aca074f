"""The settings that describe a gateway of texts over HTTP ([how](howto-http-gateway.md))."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, Self

from annotated_types import Ge, Le
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from ringbolt.registry.settings import SmsCarrierSettings, listed
from ringbolt.registry.values import usable, web_address
from ringbolt.sms.carrier import ReceiptState
from ringbolt.sms.http.template import OF_A_POLL, OF_A_TEXT, placeholders, unknown_placeholders

_MOST_DEEP: Final = 8
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,60}", re.ASCII)
Words = Annotated[tuple[str, ...], BeforeValidator(listed)]


def _placed(value: Any, known: frozenset[str]) -> Any:
    unknown = unknown_placeholders(value, known)
    if unknown:
        there = ", ".join(f"{{{name}}}" for name in sorted(known))
        raise ValueError(f"there is no {{{unknown[0]}}}; there are {there}")
    return value


def _of_a_text(value: Any) -> Any:
    return _placed(value, OF_A_TEXT)


def _headers(value: dict[str, str]) -> dict[str, str]:
    """A text may hold line breaks, and would begin another header."""
    for name, text in value.items():
        if not _HEADER.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a header")
        if not text.isprintable():
            raise ValueError("a header has no line break or another control character")
    _placed(value, OF_A_TEXT - {"text"})
    return value


def _shallow(value: Any) -> Any:
    def depth(part: Any) -> int:
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        return 1 + max(map(depth, inner), default=0)

    if depth(value) > _MOST_DEEP:
        raise ValueError("tables in tables may not be so deep")
    return value


Fields = Annotated[dict[str, Any], AfterValidator(_shallow), AfterValidator(_of_a_text)]


class ReceiptsSettings(BaseModel):
    """How the gateway tells what became of a text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: Literal["callback", "poll"] = Field(
        "callback",
        description="Whether the gateway calls {callback_url}, or is asked again and again.",
    )
    url: str = Field("", description="For poll: the address of a text, with {id} or {ref} in it.")
    every_s: float = Field(30.0, ge=1, le=3600, description="For poll: how often it is asked.")
    list_path: str = Field("", description="Where in the JSON the list of receipts is.")
    id_path: str = Field("", description="Where the id of the text is. Empty: in the URL.")
    state_path: str = Field(min_length=1, description="Where the state is.")
    states: dict[str, ReceiptState] = Field(
        min_length=1,
        description="What its states mean: enroute, sent, delivered or failed. "
        "A state that is not named changes nothing.",
    )

    _usable = field_validator("*")(usable)

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        return _address(_placed(value, OF_A_POLL)) if value else value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.by == "poll" and not placeholders(self.url) & {"id", "ref"}:
            raise ValueError("to poll, write a url with {id} or {ref} in it")
        return self


def _address(value: str) -> str:
    """A URL with placeholders, which may be everywhere but in the host."""
    web_address(value.replace("{", "").replace("}", ""))
    if "{" in value.split("//", 1)[1].split("/", 1)[0]:
        raise ValueError("write the host without placeholders")
    return value


class HttpSmsSettings(SmsCarrierSettings):
    """Any gateway of texts over HTTP, described by data."""

    url: str = Field(min_length=1, description="The address that a text is sent by.")
    method: Literal["POST", "GET", "PUT"] = Field("POST", description="The method.")
    body: Literal["form", "json", "query"] = Field(
        "form", description="How the fields are sent: in the body, or in the URL."
    )
    fields: Fields = Field(
        description="The fields, by the gateway's names, with {placeholders} "
        "([which](howto-http-gateway.md)). Tables and lists become JSON."
    )
    unicode_fields: Fields = Field(
        default_factory=dict,
        description="Further fields of texts that GSM-7 cannot hold.",
    )
    headers: Annotated[dict[str, str], AfterValidator(_headers)] = Field(
        default_factory=dict, description="Further headers, with the same placeholders but {text}."
    )
    auth: Literal["none", "basic", "bearer"] = Field(
        "none", description="How username and password go into the Authorization header."
    )
    username: SecretStr = Field(SecretStr(""), description="For basic, and {username}.")
    password: SecretStr = Field(
        SecretStr(""), description="For basic, the token of bearer, and {password}."
    )
    timeout_s: float = Field(10.0, gt=0, le=60, description="How long an answer may take.")

    list_path: str = Field(
        "",
        description="Where in the JSON the list of the parts of a text is, if each has an id "
        "of its own; the paths below are those in its entries. Empty: the text has one id.",
    )
    success_path: str = Field(
        "", description="Where in the JSON it says that a text was taken. Empty: by the status."
    )
    success_values: Words = Field((), description="What is there then. Empty: anything.")
    success_pattern: str = Field(
        "", description="How the plain text of a success looks: * is anything, {id} the id."
    )
    later_values: Words = Field((), description="What is at success_path to ask again later.")
    later_statuses: tuple[Annotated[int, Ge(400), Le(599)], ...] = Field(
        (429,), description="The HTTP statuses by which it asks to come later, without having sent."
    )
    refusal_pattern: str = Field("", description="How the plain text of a refusal looks.")
    reason_path: str = Field("", description="Where in the JSON the reason of a refusal is.")
    id_path: str = Field(
        "", description="Where in the JSON the id of a text is. Empty: it has ours."
    )
    cost_path: str = Field("", description="Where in the JSON it says what a text costs.")
    cost_currency: str = Field("", max_length=3, description="The currency of the cost, e.g. EUR.")
    cost_unit: float = Field(
        1.0, gt=0, le=1_000_000, description="How many of its units are one of the currency."
    )
    sends_once_per_ref: bool = Field(
        False,
        description="The gateway sends a text once, however often it is asked with the same {ref}.",
    )
    receipts: ReceiptsSettings | None = Field(
        None, description="How it tells what became of a text. Without it a taken text is sent."
    )

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        return _address(_of_a_text(value))

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        has_own_id = bool(self.id_path) or "{id}" in self.success_pattern
        if self.fields and self.method == "GET" and self.body != "query":
            raise ValueError("a GET has its fields in the query: write body = query")
        if self.success_path and self.success_pattern:
            raise ValueError("write success_path or success_pattern, not both")
        if self.list_path and not self.id_path:
            raise ValueError("list_path needs an id_path")
        if self.cost_path and len(self.cost_currency) != 3:
            raise ValueError("cost_path needs a cost_currency such as EUR")
        if self.success_pattern.count("{id}") > 1:
            raise ValueError("write {id} once")
        asked = placeholders([self.url, self.fields, self.headers])
        if not asked & {"to", "to_digits"}:
            raise ValueError("the gateway is not told the recipient: write {to} in the fields")
        if not asked & {"text", "text_hex"}:
            raise ValueError("the gateway is not told the text: write {text} in the fields")
        self._has_credentials()
        if self.sends_once_per_ref and "ref" not in asked:
            raise ValueError("sends_once_per_ref needs {ref} in the fields, headers or url")
        if self.receipts is None and self.settle_on == "delivered":
            raise ValueError("without receipts nothing is known to be delivered")
        is_called_back = self.receipts is not None and self.receipts.by == "callback"
        is_named = self.receipts is not None and (has_own_id and bool(self.receipts.id_path))
        if is_called_back and not is_named and "callback_url" not in asked:
            raise ValueError("receipts need {callback_url} in the fields, or both id_paths")
        return self

    def _has_credentials(self) -> None:
        if self.auth != "none" and not self.password.get_secret_value():
            raise ValueError(f"auth = {self.auth} needs a password")
        if self.auth == "basic" and not self.username.get_secret_value():
            raise ValueError("auth = basic needs a username")
