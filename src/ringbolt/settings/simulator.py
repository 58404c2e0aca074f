"""The options of the simulated world."""

from __future__ import annotations

import re

from pydantic import Field, SecretStr, field_validator

from ringbolt.registry.values import web_address
from ringbolt.settings.section import Section

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,256}", re.ASCII)  # RFC 6750, section 2.1


class SimulatorSettings(Section):
    url: str = Field(
        "",
        description="Where a simulated world runs by itself (ringbolt simulator). "
        "Empty: the shop runs one inside.",
    )
    token: SecretStr = Field(
        SecretStr(""),
        description="The token of a world that runs by itself, for that world and its shops: "
        "without it nobody steers its phones, texts, e-mails and clock. Empty: anyone may. Needed "
        "beside a real node.",
    )
    speed: float = Field(
        1.0,
        gt=0,
        le=1000,
        description="How many times faster than real time simulated phones ring and talk.",
    )

    @field_validator("token")
    @classmethod
    def _fits_a_header(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value()
        if token and _TOKEN.fullmatch(token) is None:
            raise ValueError("write 16 to 256 letters and digits (openssl rand -hex 32)")
        return value

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        return web_address(value)


class SandboxSettings(Section):
    open: bool = Field(
        False,
        description="A test shop for strangers (ringbolt serve --sandbox): play money, scripted "
        "numbers, and a faucet. Every part must be simulated, inside the shop.",
    )
    sats_per_day: int = Field(
        1_000_000, ge=1, description="Play money that one client address may pay per day (UTC)."
    )
    requests_per_minute: int = Field(
        60, ge=1, description="Requests to the play wallet per minute and client address."
    )
    keep_sounds_hours: int = Field(
        24, ge=1, description="Hours for which what was said in calls stays on the disk."
    )
    keys_per_minute: int = Field(
        2, ge=1, description="API keys with an empty balance per minute and client address."
    )
