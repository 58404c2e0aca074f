"""``docs/scripted-numbers.md``: the phones that act by themselves, from the table they act by."""

from __future__ import annotations

from generator.markdown import code, page, table
from ringbolt.core.call import CallStatus
from ringbolt.voice.simulated_script import LISTENER, PLAIN, RING_MS, SCRIPTED, Behaviour

_INTRO = f"""\
While the carrier is simulated, these numbers act by themselves, so that a client can test every
branch of a call. They lie in a range that no numbering plan contains; a shop with a real carrier
refuses them (`TEST_NUMBER`). They ring for {RING_MS / 1000:g} s unless the table says otherwise.
Times are the world's: `simulator.speed` divides them, and `POST /simulator/clock/advance` jumps
over them.

"Charged" is what happens while `calls.charge_on` is `answered`, as it is by default."""

_OTHERS = """\
Every other number of the range `+12345678xx` behaves like `+1234567800`. Any other number that may
be called is a plain phone: it rings until somebody answers or declines it, or the caller gives up
(`calls.ring_timeout_s`). The world's HTTP face is that somebody:

```sh
curl -X POST http://127.0.0.1:8402/simulator/phones/+12025550123/answer
curl -X POST http://127.0.0.1:8402/simulator/phones/+12025550123/decline
curl -X POST http://127.0.0.1:8402/simulator/phones/+12025550123/keys -d '{"digits":"12#"}'
curl -X POST http://127.0.0.1:8402/simulator/phones/+12025550123/hangup
curl http://127.0.0.1:8402/simulator/phones/+12025550123
```

`GET /simulator/phones` answers with this table as JSON; `GET /simulator/calls/<id>/audio.wav` is
what a phone heard (16-bit PCM, mono, 8 kHz)."""


def render() -> str:
    rows = ((code(number), *_row(behaviour)) for number, behaviour in SCRIPTED.items())
    columns = ("number", "what it does", "call ends as", "keys", "charged")
    return page("Scripted numbers", _INTRO, table(columns, rows), _OTHERS)


def _row(behaviour: Behaviour) -> tuple[str, str, str, str]:
    is_answered = _is_answered(behaviour)
    keys = "".join(act.keys for act in behaviour.acts)
    return (
        behaviour.description,
        code(_end(behaviour)),
        code(keys) if keys else "",
        "yes" if is_answered else "no",
    )


def _is_answered(behaviour: Behaviour) -> bool:
    acts = behaviour.react_ms is not None or behaviour.react_before_timeout_ms is not None
    return behaviour.intake.places and acts and behaviour.reaction.status is CallStatus.IN_PROGRESS


def _end(behaviour: Behaviour) -> CallStatus:
    """How a call ends that nobody touches."""
    if not behaviour.intake.places:
        return CallStatus.FAILED
    if _is_answered(behaviour):
        ends = [act.outcome.status for act in behaviour.acts if act.outcome is not None]
        return ends[0] if ends else CallStatus.COMPLETED
    if behaviour.reaction.status is CallStatus.IN_PROGRESS:
        return CallStatus.NO_ANSWER
    return behaviour.reaction.status


assert SCRIPTED["+1234567800"] is LISTENER, "the text below the table says so"
assert PLAIN.react_ms is None
