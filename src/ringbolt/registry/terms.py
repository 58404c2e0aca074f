"""What the settings of a part say about its use, besides which destinations it serves."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from ringbolt.core.pricing.money import msat
from ringbolt.core.pricing.part_card import PartCard, PartCardError, parse_part_card
from ringbolt.registry.settings import (
    PartSettings,
    Priced,
    SmsCarrierSettings,
    VoiceCarrierSettings,
)


class CardUnusable(ValueError):
    """The file of a cost card cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class PartTerms:
    """Limits are of all processes of the shop together; 0 is no limit.

    ``per_second``: requests begun. ``max_calls``: calls that are up or being placed.
    ``daily_spend_msat``: costs in a day (UTC). ``caller_ids``, ``senders``: the only ones that its
    calls and texts may have, () for those of the shop. ``card``: what it bills, None if unknown.
    """

    per_second: float = 0
    max_calls: int = 0
    daily_spend_msat: int = 0
    caller_ids: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    card: PartCard | None = None

    @property
    def is_limited(self) -> bool:
        return bool(self.per_second or self.max_calls or self.daily_spend_msat)

    @classmethod
    def of(cls, settings: PartSettings) -> PartTerms:
        """Raises ``CardUnusable``."""
        if not isinstance(settings, Priced):
            return cls()
        voice = settings if isinstance(settings, VoiceCarrierSettings) else None
        return cls(
            per_second=settings.per_second,
            max_calls=voice.max_calls if voice else 0,
            daily_spend_msat=msat(settings.daily_spend),
            caller_ids=voice.caller_ids if voice else (),
            senders=settings.senders if isinstance(settings, SmsCarrierSettings) else (),
            card=_card(settings.cost_card),
        )


def _card(file: str) -> PartCard | None:
    if not file:
        return None
    try:
        return parse_part_card(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
    except UnicodeError:
        why = "is not text in UTF-8"
    except (csv.Error, PartCardError) as error:
        why = f"cannot be used: {error}"
    raise CardUnusable(f"cost_card: {file} {why}")
