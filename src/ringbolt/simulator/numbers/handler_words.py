"""Words and values of the simulated ``handler_api.php``, and its styles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

from ringbolt.core.countries import COUNTRIES
from ringbolt.numbers.provider import InboundText
from ringbolt.simulator.numbers.activation import MICROS

_CODE: Final = re.compile(r"[0-9]{4,8}|[0-9]{3}-[0-9]{3}", re.ASCII)
_HOURS: Final = range(4, 1345)


class Style(Enum):
    CLASSIC = "sms-activate"
    HERO = "hero-sms"
    PLAIN = "plain"


class Refusal(Exception):
    """``rest``: what stands behind the word (``WRONG_MAX_PRICE:0.2``), ``info``: the same as an
    object."""

    def __init__(self, word: str, rest: str = "", info: object = None) -> None:
        super().__init__(word)
        self.word, self.rest, self.info = word, rest, info


def country_of(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6) or int(text) not in COUNTRIES:
        raise Refusal("BAD_COUNTRY")
    return int(text)


def code_shown(text: InboundText) -> str:
    """What the provider takes for the code; the whole text if it finds none."""
    found = _CODE.search(text.text)
    return text.code or (found[0] if found else text.text)


def money(micros: int) -> str:
    return f"{micros / MICROS:.2f}"


def hours_of(asked: Mapping[str, str], style: Style) -> int:
    """How long a rental is asked for. Raises ``Refusal``."""
    is_hero = style is Style.HERO
    text = asked.get("duration" if is_hero else "rent_time", "240" if is_hero else "4")
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise Refusal("BAD_DURATION" if is_hero else "INVALID_TIME")
    hours = -(-int(text) // 60) if is_hero else int(text)
    if hours not in _HOURS:
        raise Refusal("BAD_DURATION" if is_hero else "INVALID_TIME")
    return hours
