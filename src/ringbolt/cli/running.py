"""How a command runs: with the settings, to an exit code, with one plain line for an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from ringbolt.cli.output import EXIT_FAILED, EXIT_UNAVAILABLE, EXIT_USAGE, fail
from ringbolt.core.errors import RingboltError, Unavailable
from ringbolt.settings import Settings, SettingsError, load_settings


def settings_or_exit(**overrides: Any) -> Settings:
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return load_settings(**given)
    except SettingsError as error:
        raise typer.Exit(fail(str(error), EXIT_USAGE)) from None


def finish(run: Callable[[], int]) -> None:
    """Run a command's body and exit with its code; errors become one plain line."""
    try:
        code = run()
    except SettingsError as error:
        code = fail(str(error), EXIT_USAGE)
    except Unavailable as error:
        code = fail(error.message, EXIT_UNAVAILABLE)
    except RingboltError as error:
        code = fail(f"{error.message} {error.suggestion}".strip(), EXIT_FAILED)
    except KeyboardInterrupt:
        code = 130
    raise typer.Exit(code)
