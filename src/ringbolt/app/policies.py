"""The settings that use cases live by, as frozen values made once at start-up.

The body of a transaction gets the policy that it needs, and neither the shop nor all settings: its
signature says what it depends on, and it cannot reach a part that would have to be awaited.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.core.keys import Keyring, hash_of
from ringbolt.core.order import Fulfilment, OrderKind
from ringbolt.settings import Settings
from ringbolt.settings.abuse import AbuseSettings


@dataclass(frozen=True, slots=True)
class DeadlinePolicy:
    """Within how long something that is paid must come about, by how it does."""

    call_ms: int
    send_ms: int
    receive_ms: int

    @classmethod
    def of(cls, settings: Settings) -> DeadlinePolicy:
        orders = settings.orders
        return cls(
            call_ms=settings.voice.wait_s * 1000,
            send_ms=orders.receipt_within_s * 1000,
            receive_ms=orders.code_within_s * 1000,
        )

    def deadline_ms(self, kind: OrderKind, paid_ms: int) -> int:
        """When an order of that kind, paid at ``paid_ms``, is given up; ms UTC."""
        match kind.fulfilment:
            case Fulfilment.CALL:
                return paid_ms + self.call_ms
            case Fulfilment.RECEIVE:
                return paid_ms + self.receive_ms
            case Fulfilment.SEND | Fulfilment.CREDIT:
                return paid_ms + self.send_ms


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """How much may be sold, how often, and to whom. ``is_on``: False lifts every limit, for load
    tests, but none of the rules about content and destinations."""

    is_on: bool
    abuse: AbuseSettings
    calls_per_number_per_hour: int
    keyring: Keyring

    @classmethod
    def of(cls, settings: Settings, keyring: Keyring) -> LimitPolicy:
        per_hour = settings.calls.per_number_per_hour
        return cls(settings.limits == "on", settings.abuse, per_hour, keyring)

    def hash_of(self, text: str) -> str:
        """A number, address or client as the store keeps it: recognised, but not readable."""
        return hash_of(self.keyring.current, text)


@dataclass(frozen=True, slots=True)
class HoldPolicy:
    """What a payment that is held means for its order."""

    deadlines: DeadlinePolicy
    limits: LimitPolicy


@dataclass(frozen=True, slots=True)
class Policies:
    """All of a shop's."""

    deadlines: DeadlinePolicy
    limits: LimitPolicy
    holds: HoldPolicy

    @classmethod
    def of(cls, settings: Settings, keyring: Keyring) -> Policies:
        deadlines, limits = DeadlinePolicy.of(settings), LimitPolicy.of(settings, keyring)
        return cls(deadlines, limits, HoldPolicy(deadlines, limits))
