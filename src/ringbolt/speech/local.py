"""``type = "local"``: the engines that come with the package, on this machine."""

from __future__ import annotations

from difflib import get_close_matches

from pydantic import Field, field_validator

from ringbolt.registry.types import Context, PartType
from ringbolt.speech.engine import Speaker
from ringbolt.speech.types import SpeakerSettings
from ringbolt.speech.voices import PERSONAS, find_persona


class LocalSpeakerSettings(SpeakerSettings):
    """Speaks on this machine."""

    workers: int = Field(1, ge=1, le=16, description="Processes that speak.")
    timeout_s: float = Field(
        20.0, gt=0, le=600, description="Limit for speaking one text, seconds."
    )
    cache_max_mb: int = Field(500, ge=0, description="Room for spoken texts on disk, MB.")
    cache_ttl_s: int = Field(
        86_400, ge=60, le=31_536_000, description="How long a spoken text is kept, seconds."
    )
    warm_up: bool = Field(
        True,
        description="Load the usual voice (about 300 MB) after the start, as soon as the machine "
        "is idle. false: with the first text, which then takes seconds longer.",
    )

    @field_validator("default_voice")
    @classmethod
    def _is_a_voice(cls, value: str) -> str:
        if value and find_persona(value) is None:
            names = {each.id.casefold(): each.id for each in PERSONAS}
            near = get_close_matches(value.casefold(), names, n=1)
            hint = f"; did you mean {names[near[0]]}?" if near else ""
            raise ValueError(f"there is no voice {value[:40]!r}{hint}")
        return value


def _build(settings: LocalSpeakerSettings, context: Context) -> Speaker:
    from ringbolt.speech.speaker import LocalSpeaker  # noqa: PLC0415 - as configured

    return LocalSpeaker(
        cache_dir=context.data_dir / "speech",
        max_cache_bytes=settings.cache_max_mb * 1_000_000,
        ttl_s=settings.cache_ttl_s,
        workers=settings.workers,
        default_voice=settings.default_voice,
        timeout_s=settings.timeout_s,
        warm_up=settings.warm_up,
    )


LOCAL = PartType(LocalSpeakerSettings, _build)
