"""Run a command: load the settings, run it, exit with its code; an error is one plain line.

Settings, asyncio and what a command needs are imported when it runs, so that help comes at once.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from ringbolt.cli.exit_codes import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    EXIT_UNAVAILABLE,
    EXIT_USAGE,
)
from ringbolt.cli.output import fail

if TYPE_CHECKING:
    from ringbolt.settings import Settings


T = TypeVar("T")


def settings_or_exit(**overrides: Any) -> Settings:
    """The settings, with those of ``overrides`` that are not None."""
    from ringbolt.settings import SettingsError, load_settings

    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return load_settings(**given)
    except SettingsError as error:
        raise typer.Exit(fail(str(error), EXIT_USAGE)) from None


def run_command(command: Callable[[Settings], Coroutine[Any, Any, int]]) -> None:
    """Run ``command`` with the settings and exit with its code."""
    settings = settings_or_exit()
    finish(command(settings))


def finish(command: Coroutine[Any, Any, int]) -> None:
    """Run ``command`` and exit with its code; errors become one plain line."""
    from asyncio import CancelledError

    from ringbolt.core.errors import RingboltError, Unavailable
    from ringbolt.settings import SettingsError
    from ringbolt.store.errors import StoreRefused

    log_errors_to_stderr()
    try:
        code = run_in_loop(command)
    except SettingsError as error:
        code = fail(f"{error} {error.suggestion}".strip(), EXIT_USAGE)
    except StoreRefused as error:
        code = fail(f"{error.message} {error.suggestion}", EXIT_USAGE)
    except Unavailable as error:
        code = fail(f"{error.message} {error.suggestion}".strip(), EXIT_UNAVAILABLE)
    except RingboltError as error:
        code = fail(f"{error.message} {error.suggestion}".strip(), EXIT_FAILED)
    except OSError as error:
        if error.filename is None:  # no file's fault
            raise
        said = f"{error.filename}: {error.strerror}. 'ringbolt doctor' says more."
        code = fail(said, EXIT_USAGE)
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except CancelledError:  # what is stopped by SIGTERM cancels itself
        code = EXIT_TERMINATED
    raise typer.Exit(code)


def log_errors_to_stderr() -> None:
    """Until a command configures its own log: stdout holds its result only, which may be JSON."""
    import logging
    import sys

    import structlog

    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
    )


def run_in_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on uvloop, where there is one."""
    import asyncio

    try:
        import uvloop  # not on Windows
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
