"""What is taken at each address. The eleven fields of the call are CEQUENS'; all others are
additive and say so.

Fields that are not known are ignored, and named in the answer.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from ringbolt.api.kit.schema import Line, about
from ringbolt.api.kit.telephone_fields import finish_key, phone_number
from ringbolt.api.voice import call_fields
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.phone import EXAMPLE

USUAL_PAGE: Final = 50
MAX_PAGE: Final = 100
MAX_DIGITS: Final = 32
MAX_CURSOR_CHARS: Final = 128
_MAX_NAME_CHARS: Final = 64
_MAX_KEY_CHARS: Final = 256
_MAX_USER_CHARS: Final = 128

PLAN_EXAMPLE: Final = '<plan><say voice="Joanna">Hello.</say><pause length="1"/><hangup/></plan>'
SIGN_IN_EXAMPLES: Final = {"sign in": {"apiKey": "rb_...", "userName": "somebody"}}
CALL_EXAMPLES: Final = {
    "call": {"to": EXAMPLE, "sayText": "Press 1 to confirm.", "voice": "Joanna", "dtmf": True},
    "call with a callback": {
        "to": EXAMPLE,
        "sayText": "Press 1 to confirm.",
        "dtmf": True,
        "dtmfCallbackEndpoint": "https://example.com/my_call_id/dtmf",
    },
}
PLAN_EXAMPLES: Final = {"plan": {"to": EXAMPLE, "plan": PLAN_EXAMPLE}}
SPEECH_EXAMPLES: Final = {"speech": {"sayText": "Press 1 to confirm.", "voice": "Joanna"}}

_ClientId = Annotated[int | str | None, about("Additive: your own name for the request, echoed.")]
NO_TEXT: Final = "It is the text to speak."
_SayText = about("What is spoken.", "Press 1 to confirm.", why=NO_TEXT)
_Url = Annotated[Line, about("", max_length=call_fields.MAX_URL_CHARS)]
_Cursor = Annotated[Line, about("", max_length=MAX_CURSOR_CHARS)]
_Name = Annotated[Line, about("", max_length=_MAX_NAME_CHARS)]


class Params(msgspec.Struct, rename="camel", kw_only=True):
    """What every request may have."""

    client_request_id: _ClientId = None


class SignIn(Params, kw_only=True):
    """An API key for a token."""

    api_key: Annotated[
        Line,
        about(
            "The API key of a prepaid account.",
            why="The API key of your prepaid account.",
            max_length=_MAX_KEY_CHARS,
        ),
    ]
    user_name: Annotated[Line, about("Recorded, not checked.", max_length=_MAX_USER_CHARS)] = ""


class Spoken(Params, kw_only=True):
    """Who speaks."""

    voice: Annotated[
        _Name, about("A voice by name; an unknown one is the default, with a note.", "Zeina")
    ] = ""
    language: Annotated[_Name, about("Additive: BCP 47; the text's own if not given.")] = ""
    neural: Annotated[bool, about("The better voice, where there is one.")] = False


class AnyCall(Spoken, kw_only=True):
    """What all calls have in common, whatever they say."""

    to: Annotated[
        str,
        about(
            "The number to call, E.164, with or without +; spaces and dashes are taken.",
            EXAMPLE,
            read=phone_number,
            why=f"The number to call, in E.164 format, for example {EXAMPLE}.",
        ),
    ]
    timeout: Annotated[int, about("Seconds to ring before giving up.", ge=5, le=120)] = 30
    dtmf_callback_endpoint: Annotated[
        _Url,
        about(
            "One GET at the end of the call, with callId, to, dtmf, status and metaData added to "
            "your own query.",
            "https://example.com/my_call_id/dtmf",
        ),
    ] = ""
    status_callback_endpoint: Annotated[
        _Url,
        about("Gets every status of the call, in order.", "https://example.com/my_call_id/status"),
    ] = ""
    status_callback_method: Annotated[
        str, about("Additive: POST or GET.", read=call_fields.method)
    ] = "POST"
    meta_data: Annotated[
        dict[str, Any] | None,
        about("A JSON object of your own, at most 4 KB, given back.", read=call_fields.metadata),
    ] = None
    max_minutes: (
        Annotated[
            int,
            about("Additive: end the call after so many minutes; as many are set aside.", ge=1),
        ]
        | None
    ) = None


class Call(AnyCall, kw_only=True):
    """A call. Give sayText or audioUrl; with both the audio plays, and the text is spoken if it
    cannot be played."""

    say_text: Annotated[str, _SayText] = ""
    audio_url: Annotated[str, about("An audio file to play.", read=call_fields.audio_url)] = ""
    reps: Annotated[int, about("How many times sayText is spoken.", ge=1, le=10)] = 2
    dtmf: Annotated[bool, about("Collect the keys that are pressed.")] = False
    max_digits: Annotated[
        int, about("Additive: how many keys end the input.", ge=1, le=MAX_DIGITS)
    ] = MAX_DIGITS
    finish_key: Annotated[
        str,
        about(
            "Additive: the key that ends the input, one of 0-9*#; '' for none.",
            read=finish_key,
        ),
    ] = "#"
    gather_timeout: Annotated[
        int, about("Additive: seconds to wait for each key, after the message.", ge=1, le=60)
    ] = 10


class PlanCall(AnyCall, kw_only=True):
    """A call by a plan. As XML, the plan is the body and every other field is in the query."""

    plan: Annotated[
        str,
        about(
            "The plan, XML.",
            why="It is XML: send it as the body, or in the field plan.",
            read=call_fields.plan,
        ),
    ]


class Speech(Spoken, kw_only=True):
    """A text to hear before a call."""

    say_text: Annotated[str, _SayText]


class Page(Params, kw_only=True):
    """Which calls of the account."""

    limit: Annotated[int, about("How many calls at most.", ge=1, le=MAX_PAGE)] = USUAL_PAGE
    cursor: Annotated[_Cursor, about("`next` of the page before.")] = ""
    status: Annotated[
        CallStatus | None, about("Only calls of that status.", read=call_fields.status)
    ] = None
