"""The types of text to speech. To add one, add a folder here and a line below, or an entry point of
a plug-in in the group ``ringbolt.speech``."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from ringbolt.registry.settings import PartSettings
from ringbolt.registry.types import Context, PartTypes
from ringbolt.speech.engine import Speaker


class SpeakerSettings(PartSettings):
    """What every type has."""

    default_voice: str = Field(
        "", description="The voice if a request names none. Empty: by the text's language."
    )


SPEAKERS: Final = PartTypes[Context, Speaker](
    "ringbolt.speech",
    {
        "local": "ringbolt.speech.local:LOCAL",
        "memory": "ringbolt.speech.memory.part:MEMORY",
    },
)
