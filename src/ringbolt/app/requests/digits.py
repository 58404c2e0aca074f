"""The digits that a call's buyer gets, from the keys that were pressed.

A carrier reports every key. The buyer gets only what was asked for: the finish key ends an answer
and is not part of it, and an answer is never longer than its question allows.
"""

from __future__ import annotations

from ringbolt.core.calls.call import Gather, Record
from ringbolt.core.commands import CallOrder


def answered_digits(command: CallOrder, raw: str) -> str:
    """The answers to all questions of the call, joined; every key if it asks no question."""
    return "".join(gathered(command, raw)) if command.gathers else raw


def gathered(command: CallOrder, raw: str) -> tuple[str, ...]:
    """The answer to each question, in order; '' for a question without a key.

    The questions take the keys in turn: keys after a finish key, or more than a question takes,
    answer the next question. Keys that are left over, and the key that ends a recording, answer
    none.
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
    """The answer at the beginning of ``keys``, and the keys after it."""
    for place, key in enumerate(keys):
        if key == gather.finish_key:
            return keys[:place], keys[place + 1 :]
        if place + 1 == gather.max_digits:
            return keys[: place + 1], keys[place + 1 :]
    return keys, ""
