"""Every option, typed and documented; nothing else reads the environment.

Options come from ``ringbolt.toml`` (in the working directory, or named by ``RINGBOLT_CONFIG``)
and from ``RINGBOLT_*`` variables, which win. ``[simulator] speed`` is ``RINGBOLT_SIMULATOR_SPEED``.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ringbolt.settings.abuse import AbuseSettings
from ringbolt.settings.orders import (
    CompatSettings,
    KeySettings,
    MailSettings,
    OrderSettings,
    PriceSettings,
    ReferralSettings,
    SmsSettings,
    WebhookSettings,
)
from ringbolt.settings.section import Section, listed
from ringbolt.settings.voice import VoiceSettings

_PREFIX = "RINGBOLT_"

CONFIG_VARIABLE = "RINGBOLT_CONFIG"
DEFAULT_CONFIG = "ringbolt.toml"


class SettingsError(Exception):
    """A setting cannot be used; the message names each and says what is wrong, one a line."""


def _check_origin(text: str) -> None:
    parts = urlsplit(text)  # raises ValueError itself for what is no URL
    exact = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(f"{text!r} is not an origin such as http://127.0.0.1:8499")
    if text.rstrip("/") != exact or "@" in parts.netloc:
        raise ValueError(f"{text!r} is more than an origin; only {exact!r} can be allowed")


class LndSettings(Section):
    url: str = Field(
        "",
        description="LND's REST address, e.g. https://127.0.0.1:8080. Empty: the "
        "simulated node, with play money.",
    )
    macaroon: SecretStr = Field(
        SecretStr(""),
        description="A macaroon with invoices:read "
        "invoices:write info:read (and offchain:read offchain:write to pay "
        "refunds): a file, or hexadecimal.",
    )
    tls_cert: str = Field("", description="LND's tls.cert. Empty: the system's authorities.")


class SimulatorSettings(Section):
    url: str = Field(
        "",
        description="Where a simulated world runs by itself (ringbolt simulator). "
        "Empty: the shop runs one inside.",
    )
    speed: float = Field(
        1.0,
        gt=0,
        le=1000,
        description="How many times faster than real time simulated phones ring and talk.",
    )


class CallSettings(Section):
    charge_on: Literal["answered", "placed"] = Field(
        "answered",
        description="What is paid for: an answered call, or every call that a carrier took.",
    )
    rate_card: str = Field("", description="A rate card (.toml or .csv). Empty: the one shipped.")
    caller_id: str = Field("+12025550199", description="The number that calls come from, E.164.")

    @field_validator("caller_id")
    @classmethod
    def _is_e164(cls, value: str) -> str:
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", value, re.ASCII):
            raise ValueError("write it in E.164 format: + and digits only")
        return value

    ring_timeout_s: int = Field(30, ge=5, le=120, description="How long a phone may ring, seconds.")
    linger_s: float = Field(
        3.0,
        ge=0,
        le=30,
        description="How long to listen for key presses after the message, seconds.",
    )
    dispatch_deadline_s: int = Field(
        300,
        ge=10,
        le=3600,
        description="A paid call that no carrier "
        "took after so many seconds is given up and the money "
        "returned.",
    )
    per_number_per_hour: int = Field(
        20,
        ge=1,
        description="Calls to one number per hour. More wait, and are given up with the money "
        "returned when they would wait too long.",
    )
    max_concurrent: int = Field(200, ge=1, description="Calls placed at the same time; more wait.")


class L402Settings(Section):
    invoice_expiry_s: int = Field(
        600, ge=60, le=3600, description="How long an invoice can be paid, seconds."
    )
    redeem_s: int = Field(
        86_400, ge=600, description="How long a paid credential can be used, seconds."
    )
    replay_window_s: int = Field(
        120,
        ge=0,
        le=86_400,
        description="For how long the same paid request gets its stored answer again, seconds.",
    )
    challenges_per_minute: int = Field(
        120, ge=1, description="Challenges (402) per minute and client address."
    )

    @model_validator(mode="after")
    def _can_be_used(self) -> L402Settings:
        if self.redeem_s < self.invoice_expiry_s:
            raise ValueError("redeem_s must not be less than invoice_expiry_s")
        return self


class RefundSettings(Section):
    max_fee_sats: int = Field(
        3,
        ge=0,
        description="The most that paying a refund may cost in "
        "routing fees, sats; 1 percent of the refund if that is more.",
    )


class FetchSettings(Section):
    allow_http: bool = Field(True, description="Whether audio may be read over plain http.")
    allow_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Exact origins that are allowed although their address is private, e.g. "
        "http://127.0.0.1:8499, separated by commas.",
    )
    probe_timeout_s: float = Field(
        5.0,
        gt=0,
        description="Limit for looking at the beginning of a file before the challenge, seconds.",
    )
    timeout_s: float = Field(
        15.0, gt=0, description="Limit for reading a whole file after payment, seconds."
    )
    max_bytes: int = Field(64 * 1024 * 1024, ge=1024, description="The largest file read, bytes.")

    @field_validator("allow_origins")
    @classmethod
    def _exact(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            _check_origin(text)
        return value

    @field_validator("allow_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return listed(value)


class SpeechSettings(Section):
    default_voice: str = Field(
        "", description="The voice when none is asked for. Empty: by the text's language."
    )
    workers: int = Field(1, ge=1, le=16, description="Processes that speak.")
    timeout_s: float = Field(20.0, gt=0, description="Limit for speaking one text, seconds.")
    cache_max_mb: int = Field(500, ge=0, description="Room for spoken texts on disk, MB.")
    cache_ttl_s: int = Field(86_400, ge=60, description="How long a spoken text is kept, seconds.")


class WorkerSettings(Section):
    dispatch_slots: int = Field(64, ge=1, description="Dispatch jobs run at the same time.")
    money_slots: int = Field(16, ge=1, description="Money jobs run at the same time.")
    webhook_slots: int = Field(64, ge=1, description="Webhooks sent at the same time.")
    lease_s: int = Field(
        15,
        ge=3,
        description="After so many seconds without a sign of life a "
        "worker's job is taken over by another.",
    )


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level.")
    format: Literal["auto", "json", "text"] = Field(
        "auto", description="auto: text on a terminal, JSON otherwise."
    )


class Settings(BaseSettings):
    """All options. Unknown names in the file are refused, so that a typing mistake shows."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        extra="forbid",
        frozen=True,
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8402, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    data_dir: Path = Field(Path("ringbolt-data"), description="Where everything is kept.")
    database_url: str = Field(
        "", description="sqlite:///PATH or postgresql://... Empty: a SQLite file in data_dir."
    )
    public_url: str = Field(
        "",
        description="How the shop is reached from outside, e.g. "
        "https://calls.example. Empty: as the request says (its Host).",
    )
    secret: SecretStr = Field(
        SecretStr(""),
        description="The master secret, 32 bytes or more in "
        "hexadecimal, or a file that holds it. Empty: one is made in "
        "data_dir at the first start.",
    )
    former_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="Former master secrets that are still honoured, separated by commas."
    )
    limits: Literal["on", "off"] = Field(
        "on",
        description="off: no rate, concurrency and spend "
        "limits, for load tests; refused with real money.",
    )
    keep_texts_days: int = Field(
        7, ge=0, le=3650, description="Days after which the text of a finished order is wiped."
    )
    trusted_proxies: str = Field(
        "",
        description="Proxies whose X-Forwarded-* headers are believed (addresses or networks), "
        "separated by commas. Empty: none.",
    )
    connections_per_address: int = Field(
        256, ge=1, description="Connections that one address may hold at the same time."
    )

    lnd: LndSettings = LndSettings()
    simulator: SimulatorSettings = SimulatorSettings()
    calls: CallSettings = CallSettings()
    l402: L402Settings = L402Settings()
    orders: OrderSettings = OrderSettings()
    compat: CompatSettings = CompatSettings()
    prices: PriceSettings = PriceSettings()
    sms: SmsSettings = SmsSettings()
    mail: MailSettings = MailSettings()
    abuse: AbuseSettings = AbuseSettings()
    keys: KeySettings = KeySettings()
    referral: ReferralSettings = ReferralSettings()
    webhooks: WebhookSettings = WebhookSettings()
    voice: VoiceSettings = VoiceSettings()
    refund: RefundSettings = RefundSettings()
    fetch: FetchSettings = FetchSettings()
    speech: SpeechSettings = SpeechSettings()
    worker: WorkerSettings = WorkerSettings()
    log: LogSettings = LogSettings()

    @field_validator("former_secrets", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return listed(value)

    @field_validator("public_url")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        if value and not (value.startswith(("https://", "http://")) and urlsplit(value).hostname):
            raise ValueError("write it with https:// (or http://) and a host")
        return value

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'ringbolt.db'}"

    @property
    def node_is_simulated(self) -> bool:
        return not self.lnd.url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        path = Path(os.environ.get(CONFIG_VARIABLE, DEFAULT_CONFIG))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=path)


def load_settings(**overrides: Any) -> Settings:
    """Read file and environment. Raises ``SettingsError``."""
    named = os.environ.get(CONFIG_VARIABLE)
    if named and not Path(named).is_file():
        raise SettingsError(f"{CONFIG_VARIABLE} names {named}, which is not a file.")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(map(_sentence, error.errors()))) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{named or DEFAULT_CONFIG} is not TOML: {error}") from None
    except (OSError, ValueError) as error:  # the file or a variable cannot be read
        raise SettingsError(str(error)) from None


def _sentence(fault: ErrorDetails) -> str:
    """One wrong setting, by its name in the file and in the environment; never with its value,
    which may be a secret."""
    path = [str(part) for part in fault["loc"] if not isinstance(part, int)]
    name = ".".join(path)
    if fault["type"] == "extra_forbidden":
        return f"{name}: there is no such setting."
    return f"{name} ({_PREFIX}{'_'.join(path).upper()}): {fault['msg']}"
