"""Calls of a carrier that may answer, lose, repeat and lie as no honest one does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from ringbolt.app.calls.record_outcome import apply_event
from ringbolt.app.policies import ChargeOn
from ringbolt.core.calls.call import CallEvent, CallStatus
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.voice.carrier import Accepted, PlaceCall, PlaceResult
from ringbolt.voice.memory.carrier import ANSWERED, BUSY, RINGS
from support.rigs.calls import CallWorld
from support.simulation.machine import ShopMachine

LIVES = st.sampled_from([ANSWERED, ANSWERED[:-1], BUSY, RINGS, ()])
ANSWERS = st.sampled_from(["yes", "no", "not now", "lost", "lost before", "lie"])
TOLD = st.sampled_from([status for status in CallStatus if status is not CallStatus.QUEUED])


WHO = st.integers(0, 4)


class CallMachine(ShopMachine):
    """``people`` are who ordered calls; ``charge_on`` is when they are charged."""

    world: CallWorld
    people: list[Any]
    charge_on: ChargeOn = "answered"

    def __init__(self) -> None:
        super().__init__()
        self.people = []

    def somebody(self, who: int) -> list[Any]:
        """One of the people; nobody while there is none."""
        return [self.people[who % len(self.people)]] if self.people else []

    # The carrier

    @rule(answer=ANSWERS, life=LIVES)
    def the_carrier_will_say(self, answer: str, life: tuple[CallStatus, ...]) -> None:
        carrier = self.world.carrier
        carrier.lives.append(life)
        answers: dict[str, PlaceResult | Callable[[PlaceCall], PlaceResult]] = {
            "yes": Accepted("id"),
            "no": Rejected("no"),
            "not now": Rejected("not now", permanent=False),
            "lost": carrier.lost,
            "lost before": Unknown("lost"),
            "lie": carrier.lie,
        }
        carrier.answers.append(answers[answer])

    @rule(
        who=WHO,
        status=TOLD,
        digits=st.sampled_from(["", "1", "#"]),
        skip=st.integers(0, 2),
    )
    def something_happens_to_a_call(
        self, who: int, status: CallStatus, digits: str, skip: int
    ) -> None:
        """Also what no honest carrier tells: a busy line that is answered, numbers left out."""
        for called in self.somebody(who):
            for ref in self.run(called.rings())[-1:]:
                self.world.carrier.tell(ref, status, digits=digits, skip=skip)

    def tell_again(self, event: CallEvent) -> None:
        name = self.world.carrier.name
        self.run(self.world.db.tx(apply_event, event, self.charge_on, carrier=name))

    @rule(which=st.integers(0, 20))
    def an_old_event_is_reported_again(self, which: int) -> None:
        log = self.world.carrier.log
        if log:
            event = log[which % len(log)]
            self.tell_again(event)

    @rule()
    def the_whole_stream_is_reported_again(self) -> None:
        for event in list(self.world.carrier.log):
            self.tell_again(event)

    # What always holds

    @invariant()
    def nobody_is_called_twice_for_one_try(self) -> None:
        for called in self.people:
            rings = self.run(called.rings())
            assert len(rings) == len(set(rings)), "an attempt rang twice"

    def let_carrier_answer(self) -> None:
        """Nothing more is in its way."""
        self.world.carrier.answers.clear()
        self.world.carrier.before_answer.clear()
