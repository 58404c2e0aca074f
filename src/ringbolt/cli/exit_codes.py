"""The exit codes of every command. The help and ``docs/cli.md`` show this table."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNAVAILABLE: Final = 3
EXIT_NOT_ANSWERED: Final = 4
EXIT_UNDELIVERED: Final = 5
EXIT_INTERRUPTED: Final = 130
"""128 and the number of SIGINT, as shells have it."""
EXIT_TERMINATED: Final = 143
"""128 and the number of SIGTERM."""

EXIT_CODES: Final = MappingProxyType(
    {
        EXIT_OK: "done",
        EXIT_FAILED: "it failed: something was refused, is wrong, or does not agree",
        EXIT_USAGE: "the command, a setting or a file is wrong; nothing was tried",
        EXIT_UNAVAILABLE: "a shop, wallet, node or database does not answer",
        EXIT_NOT_ANSWERED: "the call was not answered, and is not charged",
        EXIT_UNDELIVERED: "paid or perhaps paid, and not delivered yet: "
        "'ringbolt call --resume' goes on",
        EXIT_INTERRUPTED: "interrupted by Ctrl-C",
        EXIT_TERMINATED: "stopped by SIGTERM",
    }
)


def in_one_sentence() -> str:
    """All codes, for the help."""
    return f"Exit codes: {'; '.join(f'{code} {what}' for code, what in EXIT_CODES.items())}."
