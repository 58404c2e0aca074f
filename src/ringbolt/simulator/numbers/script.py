"""The texts that the simulated provider sends by itself to a leased number: one row per service.

A number leased for an ordinary service gets only texts that are sent with ``POST /simulator/sms``.
The services in ``SCRIPTED_SERVICES`` act by themselves, so that a client can test every branch of
an order that receives texts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

PREFIX: Final = "sim-"
"""How every scripted service's code starts; no real service's does."""
SENDER: Final = "RINGBOLT"
SLOW_PROVIDER_MS: Final = 5000
CANCEL_AFTER_MS: Final = 120_000
"""No lease can be cancelled before (EARLY_CANCEL_DENIED of the real providers)."""
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_FIRST = "Your verification code is {code}. Do not share it with anybody."
_SECOND = "{code} is your new code. It is valid for 10 minutes."
_WITHOUT = "Welcome! Your registration is being looked at."


class ProviderReply(StrEnum):
    """How the provider answers a request for a number, and whether it leases one."""

    LEASES = "leases a number"
    LEASES_SLOWLY = "leases a number slowly"
    LEASES_WITHOUT_AN_ANSWER = "leases a number, its answer is lost"
    HAS_NONE = "has no number"


class CodeKind(StrEnum):
    DIGITS = "six digits"
    LEADING_ZERO = "070051"
    ALPHANUMERIC = "letters and digits"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ScriptedText:
    """A text that comes ``after_ms`` into the lease, ``copies`` times with the same event id."""

    after_ms: int
    wording: str = _FIRST
    kind: CodeKind = CodeKind.DIGITS
    copies: int = 1

    def written(self, seed: str) -> tuple[str, str]:
        """The text and its code ('' if it has none), the same for the same ``seed``."""
        code = code_of(self.kind, seed)
        return self.wording.format(code=code), code


@dataclass(frozen=True, slots=True)
class Script:
    """How a service behaves. ``texts`` come by themselves, in order of time.

    ``to_first``: what comes to an order's first number instead, if that differs.
    ``on_cancel``: a text that arrives at the same moment as the request to cancel.
    ``tells_cancel_after``: the provider announces until when it refuses to cancel.
    """

    description: str
    texts: tuple[ScriptedText, ...] = ()
    reply: ProviderReply = ProviderReply.LEASES
    to_first: tuple[ScriptedText, ...] | None = None
    on_cancel: ScriptedText | None = None
    tells_cancel_after: bool = True

    def texts_to(self, is_first: bool) -> tuple[ScriptedText, ...]:
        """What comes to an order's first number, or to one that follows it."""
        return self.to_first if is_first and self.to_first is not None else self.texts


_SOON = ScriptedText(1000)
ORDINARY: Final = Script("Any service: nothing comes by itself.")

SCRIPTED_SERVICES: Final = MappingProxyType(
    {
        "sim-code": Script("A text with a code comes after 1 s.", (_SOON,)),
        "sim-code-40": Script("A text with a code comes after 40 s.", (ScriptedText(40_000),)),
        "sim-leading-zero": Script(
            "The code 070051 comes after 1 s: its first digit is a zero.",
            (ScriptedText(1000, kind=CodeKind.LEADING_ZERO),),
        ),
        "sim-alpha": Script(
            "A code of letters and digits comes after 1 s.",
            (ScriptedText(1000, kind=CodeKind.ALPHANUMERIC),),
        ),
        "sim-two": Script(
            "Two texts with different codes come, after 1 s and after 5 s.",
            (_SOON, ScriptedText(5000, _SECOND)),
        ),
        "sim-doubled": Script(
            "A text with a code comes after 1 s; the provider delivers it twice.",
            (ScriptedText(1000, copies=2),),
        ),
        "sim-no-code": Script(
            "A text without a code comes after 1 s, and nothing after it.",
            (ScriptedText(1000, _WITHOUT, CodeKind.NONE),),
        ),
        "sim-silent": Script("Nothing ever comes."),
        "sim-late": Script(
            "A code comes after 22 minutes, when the lease has long ended.",
            (ScriptedText(22 * 60_000),),
        ),
        "sim-none": Script("The provider has no number.", reply=ProviderReply.HAS_NONE),
        "sim-slow": Script(
            "The provider takes 5 s to lease a number; a code comes 6 s after it was asked.",
            (ScriptedText(6000),),
            ProviderReply.LEASES_SLOWLY,
        ),
        "sim-unknown": Script(
            "A number is leased but the provider's answer is lost; a code comes after 1 s.",
            (_SOON,),
            ProviderReply.LEASES_WITHOUT_AN_ANSWER,
        ),
        "sim-first-bad": Script(
            "Nothing comes to an order's first number; a code comes to the next one after 1 s.",
            (_SOON,),
            to_first=(),
        ),
        "sim-early-cancel": Script(
            "Nothing comes; the provider refuses to cancel within 2 minutes, which it did not"
            " announce.",
            tells_cancel_after=False,
        ),
        "sim-cancel-race": Script(
            "Nothing comes until the order is cancelled (2 minutes or more after the start): a"
            " code has just arrived then, and the provider refuses to cancel.",
            on_cancel=ScriptedText(0),
        ),
    }
)
"""The documented services. Any other is ``ORDINARY``."""


def script_of(service: str) -> Script | None:
    """What happens to a number leased for ``service``; None for an unknown scripted one."""
    if service.startswith(PREFIX):
        return SCRIPTED_SERVICES.get(service)
    return ORDINARY


def code_of(kind: CodeKind, seed: str) -> str:
    """A code of that kind, the same for the same ``seed``; '' for none."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
    match kind:
        case CodeKind.DIGITS:
            return str(100_000 + number % 900_000)
        case CodeKind.LEADING_ZERO:
            return kind.value
        case CodeKind.ALPHANUMERIC:
            letters = [_LETTERS[(number >> shift) % len(_LETTERS)] for shift in (0, 8, 16, 24)]
            return f"{letters[0]}{number % 8 + 2}{''.join(letters[1:])}{number % 7 + 2}"
        case CodeKind.NONE:
            return ""
