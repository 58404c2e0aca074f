"""What goes in at each address, under the canonical names, for the OpenAPI document.

The eleven fields of the call are CEQUENS'; those beside them are additive and say so.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

PLAN_EXAMPLE = '<plan><say voice="Joanna">Hello.</say><pause length="1"/><hangup/></plan>'
_TO = Field(
    description="The number to call, E.164, with or without +; spaces and dashes are taken.",
    examples=["+12025550123"],
)
_VOICE = Field("Zeina", description="A voice by name; an unknown one is the default, with a note.")
_NEURAL = Field(False, description="The better voice, where there is one.")
_LANGUAGE = Field(None, description="Additive: BCP 47; the text's own if not given.")
_CLIENT_ID = Field(None, description="Additive: your own name for the request, echoed.")
_TIMEOUT = Field(30, ge=5, le=120, description="Seconds to ring before giving up.")
_DIGITS_URL = Field(
    None,
    description="One GET at the end of the call, with callId, to, dtmf, status and metaData added "
    "to your own query.",
    examples=["https://example.com/my_call_id/dtmf"],
)
_STATUS_URL = Field(
    None,
    description="Told every status of the call, in order.",
    examples=["https://example.com/my_call_id/status"],
)
_STATUS_METHOD = Field("POST", description="Additive: POST or GET.")
_METADATA = Field(None, description="A JSON object of your own, at most 4 KB, given back.")
_MINUTES = Field(
    None, ge=1, description="Additive: end the call after so many minutes; as many are set aside."
)


class Request(BaseModel):
    """Fields that are not known are ignored, and named in the answer."""


class SignIn(Request):
    """An API key for a token."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"apiKey": "rb_...", "userName": "somebody"}}
    )

    apiKey: str = Field(description="The API key of a prepaid account.")  # noqa: N815
    userName: str | None = Field(None, description="Recorded, not checked.")  # noqa: N815
    clientRequestId: int | str | None = _CLIENT_ID  # noqa: N815


class Call(Request):
    """A call. Give sayText or audioUrl; with both the audio plays, and the text is spoken if it
    cannot be played."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "to": "+12025550123",
                "sayText": "Press 1 to confirm.",
                "dtmf": True,
                "dtmfCallbackEndpoint": "https://example.com/my_call_id/dtmf",
            }
        }
    )

    to: str = _TO
    sayText: str | None = Field(  # noqa: N815
        None, description="What is spoken.", examples=["Press 1 to confirm."]
    )
    voice: str = _VOICE
    neural: bool = _NEURAL
    audioUrl: str | None = Field(None, description="An audio file to play.")  # noqa: N815
    reps: int = Field(2, ge=1, le=10, description="How many times sayText is spoken.")
    timeout: int = _TIMEOUT
    dtmf: bool = Field(False, description="Collect the keys that are pressed.")
    dtmfCallbackEndpoint: str | None = _DIGITS_URL  # noqa: N815
    statusCallbackEndpoint: str | None = _STATUS_URL  # noqa: N815
    metaData: dict[str, Any] | None = _METADATA  # noqa: N815
    maxDigits: int = Field(  # noqa: N815
        32, ge=1, le=32, description="Additive: keys that are enough."
    )
    finishKey: str = Field(  # noqa: N815
        "#", description="Additive: the key that ends the input, one of 0-9*#; '' for none."
    )
    gatherTimeout: int = Field(  # noqa: N815
        10, ge=1, le=60, description="Additive: seconds in which keys are awaited at the end."
    )
    language: str | None = _LANGUAGE
    statusCallbackMethod: str = _STATUS_METHOD  # noqa: N815
    maxMinutes: int | None = _MINUTES  # noqa: N815
    clientRequestId: int | str | None = _CLIENT_ID  # noqa: N815


class PlanFields(Request):
    """What is beside the plan of a call."""

    to: str = _TO
    voice: str = Field("Zeina", description="The voice of every say that names none.")
    neural: bool = _NEURAL
    language: str | None = _LANGUAGE
    timeout: int = _TIMEOUT
    dtmfCallbackEndpoint: str | None = _DIGITS_URL  # noqa: N815
    statusCallbackEndpoint: str | None = _STATUS_URL  # noqa: N815
    statusCallbackMethod: str = _STATUS_METHOD  # noqa: N815
    metaData: dict[str, Any] | None = _METADATA  # noqa: N815
    maxMinutes: int | None = _MINUTES  # noqa: N815
    clientRequestId: int | str | None = _CLIENT_ID  # noqa: N815


class PlanCall(PlanFields):
    """A call by a plan. As XML, the plan is the body and every other field stands in the query."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"to": "+12025550123", "plan": PLAN_EXAMPLE}}
    )

    plan: str = Field(description="The plan, XML.")


class Speech(Request):
    """A text to hear before anybody is called."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"sayText": "Press 1 to confirm.", "voice": "Joanna"}}
    )

    sayText: str = Field(description="What is spoken.")  # noqa: N815
    voice: str = _VOICE
    neural: bool = _NEURAL
    language: str | None = _LANGUAGE
    clientRequestId: int | str | None = _CLIENT_ID  # noqa: N815


class Page(BaseModel):
    limit: int = Field(50, ge=1, le=100, description="How many calls at most.")
    cursor: str | None = Field(None, description="`next` of the page before.")
    status: str | None = Field(None, description="Only calls of that status.")
