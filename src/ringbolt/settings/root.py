"""Every option in one value, and where they are read from."""

from __future__ import annotations

import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ringbolt.registry.settings import PartSettings
from ringbolt.registry.types import is_simulated
from ringbolt.registry.values import usable, web_address
from ringbolt.settings.abuse import AbuseSettings
from ringbolt.settings.calls import SPEAKER, CallSettings
from ringbolt.settings.costs import CostSettings
from ringbolt.settings.fetch import FetchSettings
from ringbolt.settings.l402 import L402Settings, PayoutSettings, RefundSettings
from ringbolt.settings.lightning import NODE, LndSettings, with_lnd
from ringbolt.settings.messages import MailSettings, NumberSettings, SmsSettings
from ringbolt.settings.orders import (
    AccountSettings,
    CompatSettings,
    KeySettings,
    OrderSettings,
    PriceSettings,
    ReferralSettings,
    WebhookSettings,
)
from ringbolt.settings.process import LogSettings, WorkerSettings
from ringbolt.settings.section import listed
from ringbolt.settings.simulator import SandboxSettings, SimulatorSettings
from ringbolt.settings.voice import VoiceSettings
from ringbolt.settings.web import FiatSettings, WebSettings
from ringbolt.settings.wording import PREFIX
from ringbolt.speech.types import SpeakerSettings

CONFIG_VARIABLE: Final = "RINGBOLT_CONFIG"
DEFAULT_CONFIG: Final = "ringbolt.toml"
_HOST: Final = re.compile(r"[0-9A-Za-z.:_%-]{1,253}", re.ASCII)
_DATABASES: Final = ("sqlite:///", "postgresql://", "postgres://", "postgresql+asyncpg://")


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


class Settings(BaseSettings):
    """All options. Unknown names in the file are refused, so that a typing mistake shows."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8402, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    data_dir: Path = Field(Path("ringbolt-data"), description="Where everything is kept.")
    database_url: str = Field(
        "", description="sqlite:///PATH or postgresql://... Empty: a SQLite file in data_dir."
    )
    database_listen_url: str = Field(
        "",
        description="The same PostgreSQL database without a pooler in between, for LISTEN. Empty: "
        "through a pooler in transaction mode (PgBouncer), processes poll for news instead.",
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

    shared_node: bool = Field(
        False,
        description="The node also pays for others than this shop: the audit counts payments out "
        "that the books do not know, and does not report them.",
    )

    lnd: LndSettings = LndSettings()
    node: Annotated[PartSettings, NODE] = Field(
        default_factory=NODE.default_part, description="The Lightning node."
    )
    simulator: SimulatorSettings = SimulatorSettings()
    sandbox: SandboxSettings = SandboxSettings()
    calls: CallSettings = CallSettings()
    l402: L402Settings = L402Settings()
    orders: OrderSettings = OrderSettings()
    compat: CompatSettings = CompatSettings()
    prices: PriceSettings = PriceSettings()
    sms: SmsSettings = SmsSettings()
    numbers: NumberSettings = NumberSettings()
    mail: MailSettings = MailSettings()
    costs: CostSettings = CostSettings()
    abuse: AbuseSettings = AbuseSettings()
    keys: KeySettings = KeySettings()
    accounts: AccountSettings = AccountSettings()
    referral: ReferralSettings = ReferralSettings()
    webhooks: WebhookSettings = WebhookSettings()
    voice: VoiceSettings = VoiceSettings()
    refund: RefundSettings = RefundSettings()
    payouts: PayoutSettings = PayoutSettings()
    fetch: FetchSettings = FetchSettings()
    speech: Annotated[SpeakerSettings, SPEAKER] = Field(
        default_factory=SPEAKER.default_part, description="Text to speech."
    )
    web: WebSettings = WebSettings()
    fiat: FiatSettings = FiatSettings()
    worker: WorkerSettings = WorkerSettings()
    log: LogSettings = LogSettings()

    @field_validator("former_secrets", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return listed(value)

    @field_validator("public_url")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        return web_address(value)

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, value: str) -> str:
        if not _HOST.fullmatch(value):
            raise ValueError("write the address or the name of this machine, e.g. 127.0.0.1")
        return value

    @field_validator("database_url", "database_listen_url")
    @classmethod
    def _is_a_database(cls, value: str) -> str:
        if value and not value.startswith(_DATABASES):
            raise ValueError("write sqlite:///PATH, or postgresql:// and the rest of its address")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_proxies(cls, value: str) -> str:
        for each in filter(None, map(str.strip, value.split(","))):
            if each != "*" and not _is_network(each):
                raise ValueError(
                    f"{each!r} is not an address or network such as 10.0.0.1 or 10.0.0.0/8"
                )
        return value

    _usable = field_validator("*")(usable)

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'ringbolt.db'}"

    @model_validator(mode="before")
    @classmethod
    def _lnd_is_a_node(cls, raw: Any) -> Any:
        """``[lnd]`` with an address is short for ``[node] type = "lnd"`` with the same."""
        return with_lnd(raw) if isinstance(raw, dict) else raw

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

    @property
    def parts(self) -> tuple[PartSettings, ...]:
        """All parts but text to speech."""
        return (
            self.node,
            *self.calls.carriers,
            *self.sms.carriers,
            *self.numbers.providers,
            *self.mail.servers,
        )

    def in_world(self, part: PartSettings) -> bool:
        """Whether a part belongs to the simulated world, or is an ordinary one pointed at it."""
        return is_simulated(part, self.simulator.url)

    @property
    def uses_world(self) -> bool:
        """Whether any part is simulated."""
        return any(self.in_world(part) for part in self.parts)

    @property
    def is_paid_for_simulation(self) -> bool:
        """Whether the node is real, and some other part is simulated."""
        return self.uses_world and not self.node.simulated
