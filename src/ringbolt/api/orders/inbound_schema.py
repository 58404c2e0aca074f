"""What devices hand in about the operator's own numbers: texts, and signs of life."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from ringbolt.api.kit.schema import ForeignText, Line, about
from ringbolt.api.orders import fields
from ringbolt.api.orders.schema import Params
from ringbolt.core.phone import EXAMPLE

_LATEST_TEXT_MS: Final = 10**14


class InboundText(Params, kw_only=True):
    """A text that came to a number of the operator's own."""

    id: Annotated[
        Line,
        about(
            "Your id for it: the same for the same text.",
            why="The same for the same text, so that it counts once.",
            max_length=128,
        ),
    ]
    to: Annotated[
        str,
        about(
            "The number that got it, E.164.",
            EXAMPLE,
            read=fields.own_number,
            why=f"The number that got the text, for example {EXAMPLE}.",
        ),
    ]
    from_: Annotated[ForeignText, about("Who sent it: a number or a name.", max_length=64)] = (
        msgspec.field(name="from", default="")
    )
    text: Annotated[ForeignText, about("What it says.", why="What the text says.", max_length=8000)]
    at: (
        Annotated[int, about("When it came, ms UTC; now if not given.", ge=0, le=_LATEST_TEXT_MS)]
        | None
    ) = None


class Heartbeat(Params, kw_only=True):
    """A sign of life of the telephone of one of the operator's own numbers."""

    number: Annotated[
        str,
        about(
            "The number of the telephone that is alive, E.164.",
            EXAMPLE,
            read=fields.own_number,
            why=f"The number of the telephone, for example {EXAMPLE}.",
        ),
    ]
