"""How the family words errors: CEQUENS' names of fields, as the client wrote them."""

from __future__ import annotations

from typing import Final

from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.words import Worded, Words
from ringbolt.core.errors import RingboltError, Role

_ADD_FUNDS: Final = (
    "Add to the balance: POST /fund with the same key in the header X-API-Key, and pay its invoice."
    " A smaller maxMinutes sets less aside. Nothing was charged."
)
_FIELDS: Final = {
    Role.DESTINATION: "to",
    Role.TEXT: "sayText",
    Role.AUDIO: "audioUrl",
    Role.PLAN: "plan",
    Role.MINUTES: "maxMinutes",
    Role.API_KEY: "apiKey",
    Role.CURSOR: "cursor",
}
_SUGGESTIONS: Final = {
    "INSUFFICIENT_FUNDS": _ADD_FUNDS,
    "CALL_TOO_LONG": "Shorten what is said or played, repeat it less often, or set maxMinutes to "
    "have the call end then. Nothing was charged.",
}
WORDS: Final = Words(_FIELDS, suggestions=_SUGGESTIONS)
OF_PLANS: Final = Words(
    {**_FIELDS, Role.TEXT: "plan", Role.AUDIO: "plan"}, suggestions=_SUGGESTIONS
)
"""In a plan, the texts and files are part of the field ``plan``."""


def word(error: RingboltError, fields: Fields) -> Worded:
    """The error in the family's words, to the client that sent these fields."""
    words = WORDS if fields.get("plan") is None else OF_PLANS
    return words.word(error, fields.written, fields.label)
