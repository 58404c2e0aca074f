"""How a command ends whose purchase, payment or withdrawal failed."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Final

from ringbolt.cli.exit_codes import EXIT_FAILED, EXIT_UNAVAILABLE, EXIT_UNDELIVERED, EXIT_USAGE
from ringbolt.cli.output import fail
from ringbolt_client.errors import (
    INVALID_URL,
    ClientError,
    NotReached,
    TooExpensive,
    Undelivered,
)
from ringbolt_client.wallets.lnd import NO_WALLET

_OF_THE_COMMAND: Final = frozenset({INVALID_URL, NO_WALLET})
"""Codes of errors about what was given to the command."""


class WrongInput(ClientError):
    """What was given to the command cannot be used; nothing was tried."""


async def reported(command: Coroutine[Any, Any, int]) -> int:
    """The exit code of ``command``; what the client raises becomes one plain line."""
    try:
        return await command
    except ClientError as error:
        return fail(_in_words(error), exit_code_of(error))


def exit_code_of(error: ClientError) -> int:
    match error:
        case Undelivered():
            return EXIT_UNDELIVERED
        case NotReached():
            return EXIT_UNAVAILABLE
        case _ if isinstance(error, WrongInput) or error.code in _OF_THE_COMMAND:
            return EXIT_USAGE
        case _:
            return EXIT_FAILED


def _in_words(error: ClientError) -> str:
    """The sentence, with what to do in terms of the commands."""
    match error:
        case TooExpensive():
            return f"{error.message} Raise --max-sats to allow it."
        case Undelivered():
            return error.message  # how to go on is shown before
        case _:
            return str(error)
