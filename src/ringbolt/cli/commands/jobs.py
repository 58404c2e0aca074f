"""``ringbolt jobs``: what was given up, and once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringbolt.cli.commands.store_reader import AsJson, print_rows, read_store
from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.cli.output import print_done
from ringbolt.cli.run import run_command

if TYPE_CHECKING:
    from ringbolt.settings import Settings

app = typer.Typer(
    help="Jobs that were given up after a fault, and events of parts that could not be applied.",
    no_args_is_help=True,
)
_COLUMNS = (("id", "job"), ("kind", "kind"), ("order_id", "order"), ("runs", "runs"),
            ("error", "why"))  # fmt: skip
_LETTERS = (("event", "event"), ("at_ms", "at (UTC)"), ("fault", "why"))


@app.command("list")
def list_command(json: AsJson = False) -> None:
    """The jobs that were given up."""
    run_command(lambda settings: list_jobs(settings, json))


@app.command("letters")
def letters_command(json: AsJson = False) -> None:
    """The events that could not be applied; they are kept for 30 days."""
    run_command(lambda settings: list_letters(settings, json))


@app.command("retry")
def retry_command(
    job: Annotated[int, typer.Argument(min=1, help="The job's number (list).")],
) -> None:
    """Run a job again now. Each looks at its order first: nothing is done twice."""
    run_command(lambda settings: retry(settings, job))


async def list_jobs(settings: Settings, as_json: bool) -> int:
    """Print the jobs that were given up."""
    from ringbolt.app.operator.dead_jobs import list_dead_jobs

    print_rows("Jobs", _COLUMNS, await read_store(settings, list_dead_jobs), as_json)
    return EXIT_OK


async def list_letters(settings: Settings, as_json: bool) -> int:
    """Print the outside events that could not be taken."""
    from ringbolt.app.operator.dead_jobs import list_dead_letters

    print_rows("Events", _LETTERS, await read_store(settings, list_dead_letters), as_json)
    return EXIT_OK


async def retry(settings: Settings, job_id: int) -> int:
    """Make a job due again that was given up. Raises ``NotFound``."""
    from ringbolt.app.operator.dead_jobs import retry_job
    from ringbolt.cli.operator_access import OperatorClient, open_admin

    done: dict[str, Any] = {"id": job_id, "due": True}
    async with open_admin(settings) as admin:
        if isinstance(admin, OperatorClient):
            done = await admin.ask("POST", f"/jobs/{job_id}/retry")
        else:
            await admin.tx(retry_job, job_id)
    return print_done(done, f"Job {job_id} is due now.")
