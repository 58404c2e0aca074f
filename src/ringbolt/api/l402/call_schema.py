"""What ``POST /api/l402/place-call`` takes.

Source: Sats4AI's page on the Automated Phone Call API; ``voice`` and what follows it is ours. An
unknown field is ignored and named in the answer, so that nobody pays for an option that was not
read; one that looks like a misspelt field of ours is refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.reader import Reader
from ringbolt.api.kit.schema import about
from ringbolt.api.kit.telephone_fields import KEY, finish_key
from ringbolt.app.requests.plain_call import (
    MAX_DIGITS,
    MAX_MESSAGE_CHARS,
    MAX_REPEAT,
    MAX_TIMEOUT_S,
    MAX_URL_CHARS,
)
from ringbolt.core.phone import E164
from ringbolt.core.pricing.rates import MAX_MINUTES

EXAMPLE: Final[dict[str, Any]] = {
    "phone_number": "+12025550123",
    "message": "Hello, this is your appointment reminder for tomorrow at 3 PM.",
}
AUDIO_EXAMPLE: Final[dict[str, Any]] = {
    "phone_number": "+12025550123",
    "audio_url": "https://example.com/my-audio-message.mp3",
    "duration_minutes": 2,
}
GATHER_EXAMPLE: Final[dict[str, Any]] = {
    "phone_number": "+12025550123",
    "message": "Your appointment is tomorrow at 3 PM. Press 1 to confirm it, 2 to cancel it.",
    "repeat": 2,
    "gather": {"max_digits": 1, "timeout_s": 10},
}
EXAMPLES: Final = {"text": EXAMPLE, "audio": AUDIO_EXAMPLE, "keys": GATHER_EXAMPLE}


class GatherKeys(msgspec.Struct, forbid_unknown_fields=True):
    """How many keys are collected, and for how long."""

    max_digits: Annotated[int, about("", ge=1, le=MAX_DIGITS)] = MAX_DIGITS
    finish_key: Annotated[
        str,
        about(
            "Ends the digits and is not one of them; empty: no key does.",
            read=finish_key,
            schema={"pattern": f"^{KEY.pattern}$"},
        ),
    ] = "#"
    timeout_s: Annotated[
        int,
        about(
            "How long to wait for a key, after the last word and after each key anew, seconds.",
            ge=1,
            le=MAX_TIMEOUT_S,
        ),
    ] = 5


def _gather(fields: Fields, name: str) -> GatherKeys | None:
    value = fields.get(name)
    if value is False:
        return None
    if value is True:
        return GatherKeys()
    if not isinstance(value, dict):
        raise fields.wrong_kind(
            name,
            "true or an object",
            'Write true, or for example {"max_digits": 1, "timeout_s": 10}.',
        )
    return _READ_GATHER(fields, name)


_READ_GATHER: Final = Reader(GatherKeys, exact=True).read_within


class PlaceCall(msgspec.Struct, kw_only=True):
    """A call, and where its statuses are sent."""

    phone_number: Annotated[
        str,
        about(
            "The number to call, E.164.",
            why="Send the number to call, in E.164 format.",
            schema={"pattern": f"^{E164.pattern}$"},
        ),
    ]
    message: Annotated[
        str,
        about("Text to speak. Give this or audio_url.", schema={"maxLength": MAX_MESSAGE_CHARS}),
    ] = ""
    audio_url: Annotated[
        str,
        about(
            "Audio file to play; it wins over message.",
            schema={"format": "uri", "maxLength": MAX_URL_CHARS},
        ),
    ] = ""
    duration_minutes: Annotated[
        float | None,
        about(
            "Required with audio_url. Started minutes are charged. A text is sold as one "
            "minute; with repeat or gather it may be given more.",
            2,
            schema={"minimum": 1, "maximum": MAX_MINUTES},
        ),
    ] = None
    refund_address: Annotated[
        str,
        about("A Lightning Address for a refund; without it, a refund is withdrawn by LNURL."),
    ] = ""
    voice: Annotated[str, about("Who speaks, for example Joanna or Zeina.")] = ""
    language: Annotated[
        str, about("The text's language (BCP 47); without it, it is recognised.")
    ] = ""
    neural: Annotated[bool, about("The better voice where there is one.")] = False
    repeat: Annotated[int, about("How often the text or file is heard.", ge=1, le=MAX_REPEAT)] = 1
    gather: Annotated[
        bool | GatherKeys | None,
        about(
            "Ask for key presses: the status then has those that count, in `digits`.",
            read=_gather,
        ),
    ] = None
    callback_url: Annotated[
        str,
        about(
            "Gets every status by POST, signed as in Standard Webhooks.",
            schema={"format": "uri", "maxLength": MAX_URL_CHARS},
        ),
    ] = ""


class Quote(msgspec.Struct):
    """The call whose exact price is wanted."""

    phone_number: Annotated[str, about("The number to call, E.164.", "+12025550123")] = ""
    duration_minutes: Annotated[str, about("How long the call is; 1 if not given.", "2")] = "1"
