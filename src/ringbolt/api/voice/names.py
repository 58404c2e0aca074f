"""The names of the family's fields.

CEQUENS' page hides most of them, so clients guess: names are compared in lower case without
punctuation, and each field has the aliases that clients are likely to try. Only the canonical
names are documented.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Final

from ringbolt.api.voice.fields import Fields
from ringbolt.api.voice.same_value import same
from ringbolt.core.errors import InvalidInput

MAX_FIELDS: Final = 64
_MISSPELT: Final = 0.88
_SHOWN_CHARS: Final = 64

Names = Mapping[str, tuple[str, ...]]
"""Canonical names, each with its aliases."""

CLIENT_REQUEST_ID: Final = "clientRequestId"
_COMMON: Final[Names] = {
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
    "voice": ("voiceId", "voiceName", "sayVoice"),
    "neural": ("isNeural", "useNeural", "neuralTts", "neuralVoice"),
    "language": ("lang", "languageCode"),
    "timeout": ("ringTimeout", "callTimeout", "answerTimeout", "timeoutSeconds"),
    "dtmfCallbackEndpoint": ("dtmfCallback", "dtmfCallbackUrl"),
    "statusCallbackEndpoint": (
        "statusCallback",
        "statusCallbackUrl",
        "callStatusCallbackEndpoint",
    ),
    "statusCallbackMethod": (),
    "metaData": ("meta",),
    "maxMinutes": (),
    CLIENT_REQUEST_ID: (),
}
SAY_TEXT: Final = ("text", "message", "say", "messageText")
CALL: Final[Names] = {
    **_COMMON,
    "sayText": SAY_TEXT,
    "audioUrl": ("audioFileUrl", "playUrl", "fileUrl", "audioFile"),
    "reps": ("repeat", "repeats", "repetitions", "loop", "sayReps"),
    "dtmf": ("collectDtmf", "dtmfCollect", "enableDtmf", "collectInput"),
    "maxDigits": (),
    "finishKey": (),
    "gatherTimeout": (),
}
PLAN: Final[Names] = {**_COMMON, "plan": ("xml", "callPlan")}
SPEECH: Final[Names] = {
    "sayText": SAY_TEXT,
    "voice": _COMMON["voice"],
    "neural": _COMMON["neural"],
    "language": _COMMON["language"],
    CLIENT_REQUEST_ID: (),
}
SIGN_IN: Final[Names] = {"apiKey": ("key",), "userName": ("user",), CLIENT_REQUEST_ID: ()}
PAGE: Final[Names] = {"limit": (), "cursor": (), "status": (), CLIENT_REQUEST_ID: ()}


def fold(name: str) -> str:
    """A name as it is compared: letters and digits alone, in lower case."""
    return "".join(filter(str.isalnum, name)).lower()


def folded(names: Names) -> dict[str, str]:
    """The canonical name of everything that a field may be called."""
    return {
        fold(name): canonical
        for canonical, aliases in names.items()
        for name in (canonical, *aliases)
    }


def read_names(document: Mapping[str, Any], names: Names) -> Fields:
    """The fields under their canonical names. A null is an absent field.

    Raises ``InvalidInput`` for two names of one field that disagree, and for a name that looks
    like a misspelt one of ours: nobody is to pay for a wish that was not read.
    """
    if len(document) > MAX_FIELDS:
        raise InvalidInput(
            f"The request has {len(document)} fields; at most {MAX_FIELDS} are read.",
            code="TOO_MANY_FIELDS",
            suggestion=f"Send only the documented ones: {', '.join(names)}.",
        )
    known = folded(names)
    values: dict[str, Any] = {}
    written: dict[str, str] = {}
    unknown: list[str] = []
    for name, value in document.items():
        canonical = known.get(fold(name[: _SHOWN_CHARS * 2]))
        if canonical is None:
            unknown.append(name)
        elif value is not None:
            if canonical in values and not same(canonical, values[canonical], value):
                raise _disagreeing(written[canonical], name, canonical)
            values.setdefault(canonical, value)
            written.setdefault(canonical, name)
    for name in unknown:
        _refuse_misspelt(name, known, values)
    return Fields(values, written, tuple(name[:_SHOWN_CHARS] for name in unknown[:20]))


def _disagreeing(one: str, other: str, canonical: str) -> InvalidInput:
    one, other = one[:_SHOWN_CHARS], other[:_SHOWN_CHARS]
    return InvalidInput(
        f"{one} and {other} are names of the same field, and have different values.",
        code="FIELDS_DISAGREE",
        field=one,
        suggestion=f"Send only {canonical}.",
    )


def _refuse_misspelt(name: str, known: Mapping[str, str], values: Mapping[str, Any]) -> None:
    if len(name) > _SHOWN_CHARS:
        return
    close = difflib.get_close_matches(fold(name), known, n=1, cutoff=_MISSPELT)
    if close and known[close[0]] not in values:
        meant = known[close[0]]
        raise InvalidInput(
            f"The field {name!r} is not known. Did you mean {meant!r}?",
            code="UNKNOWN_FIELD",
            field=name,
            suggestion=f"Rename it to {meant!r}, or leave it out.",
        )
