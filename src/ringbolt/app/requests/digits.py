"""The digits that a call's buyer is told, from the keys that were pressed.

A carrier tells every key as it is pressed. What was asked for is less: the finish key ends the
digits and is none of them, and there are never more than were asked for.
"""

from __future__ import annotations

from ringbolt.core.calls.call import Gather, Record
from ringbolt.core.commands import CallOrder


def told_digits(command: CallOrder, raw: str) -> str:
    """What all questions of the call were answered, one behind the other; every key if it asks
    for none."""
    return "".join(gathered(command, raw)) if command.gathers else raw


def gathered(command: CallOrder, raw: str) -> tuple[str, ...]:
    """What each question was answered, in order; '' for one that got no key.

    The keys are dealt out to one question after another: what comes behind a finish key, or is
    more than a question takes, answers the next one. What is left answers none, and so does the
    key that ends a recording.
    """
    answers: list[str] = []
    rest = raw
    for step in command.steps:
        if isinstance(step, Gather):
            answer, rest = _take(step, rest)
            answers.append(answer)
        elif isinstance(step, Record) and rest and rest[0] in step.finish_keys:
            rest = rest[1:]
    return tuple(answers)


def _take(gather: Gather, keys: str) -> tuple[str, str]:
    """The answer at the beginning of ``keys``, and the keys behind it."""
    for place, key in enumerate(keys):
        if key == gather.finish_key:
            return keys[:place], keys[place + 1 :]
        if place + 1 == gather.max_digits:
            return keys[: place + 1], keys[place + 1 :]
    return keys, ""
