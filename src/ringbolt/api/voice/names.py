"""The names of the family's fields.

CEQUENS' page hides most of them, so clients guess: names are compared in lower case without
punctuation, and each field has the aliases that clients are likely to try. Only the canonical
names are documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CLIENT_REQUEST_ID: Final = "clientRequestId"

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "to": (
        "recipient",
        "recipients",
        "phoneNumber",
        "phone",
        "mobile",
        "mobileNumber",
        "msisdn",
        "destination",
        "number",
    ),
    "sayText": ("text", "message", "say", "messageText"),
    "audioUrl": ("audioFileUrl", "playUrl", "fileUrl", "audioFile"),
    "plan": ("xml", "callPlan"),
    "voice": ("voiceId", "voiceName", "sayVoice"),
    "neural": ("isNeural", "useNeural", "neuralTts", "neuralVoice"),
    "language": ("lang", "languageCode"),
    "reps": ("repeat", "repeats", "repetitions", "loop", "sayReps"),
    "timeout": ("ringTimeout", "callTimeout", "answerTimeout", "timeoutSeconds"),
    "dtmf": ("collectDtmf", "dtmfCollect", "enableDtmf", "collectInput"),
    "dtmfCallbackEndpoint": ("dtmfCallback", "dtmfCallbackUrl"),
    "statusCallbackEndpoint": (
        "statusCallback",
        "statusCallbackUrl",
        "callStatusCallbackEndpoint",
    ),
    "metaData": ("meta",),
    "apiKey": ("key",),
    "userName": ("user",),
}


def fold(name: str) -> str:
    """A name as it is compared: letters and digits alone, in lower case."""
    return "".join(filter(str.isalnum, name)).lower()
