"""The options for downloading buyers' audio files."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from ringbolt.registry.values import split_url
from ringbolt.settings.section import Section, listed


def _check_origin(text: str) -> None:
    parts = split_url(text)
    if parts is None:
        raise ValueError(f"{text!r} is not an origin such as http://127.0.0.1:8499")
    exact = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{text!r} is not an origin such as http://127.0.0.1:8499")
    if text.rstrip("/") != exact or "@" in parts.netloc:
        raise ValueError(f"{text!r} is more than an origin; only {exact!r} can be allowed")


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
        le=600,
        description="Limit for looking at the beginning of a file before the challenge, seconds.",
    )
    timeout_s: float = Field(
        15.0, gt=0, le=600, description="Limit for reading a whole file after payment, seconds."
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
