"""The ``ringbolt`` command."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ringbolt import __version__
from ringbolt.cli.commands import (
    audit_group,
    calls,
    carriers,
    jobs,
    keys,
    numbers,
    operator,
    orders,
    suppressions,
    terms,
    wallet,
    webhooks,
    withdrawals,
)
from ringbolt.cli.commands.store_reader import AsJson
from ringbolt.cli.exit_codes import in_one_sentence
from ringbolt.cli.options import Cert, Macaroon, Server, WalletUrl
from ringbolt.cli.run import finish, run_command, settings_or_exit

app = typer.Typer(
    name="ringbolt",
    help="A self-hosted shop for phone calls, text messages, activation codes, rented numbers and "
    "e-mail, paid over Bitcoin Lightning.\n\n"
    "Without any configuration everything is simulated: a Lightning node with play money, phones "
    "that answer, numbers that get codes, mailboxes. 'ringbolt demo' shows it in ten seconds; "
    "'ringbolt doctor' says what is real, what is simulated and what is wrong.\n\n"
    + in_one_sentence(),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

AcceptSecret = Annotated[
    bool,
    typer.Option(
        "--accept-secret",
        help="Go on with another master secret than the database was made under (it is lost).",
    ),
]
Port = Annotated[int | None, typer.Option(help="Listen here instead of RINGBOLT_PORT.")]


@app.command()
def serve(
    worker: Annotated[
        bool, typer.Option(help="Also run jobs (with --no-worker, other processes must).")
    ] = True,
    port: Port = None,
    accept_secret: AcceptSecret = False,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="A test shop for strangers, with play money alone.")
    ] = False,
) -> None:
    """Open the shop: the HTTP API, and (unless --no-worker) the worker behind it.

    Stays up until Ctrl-C. On SQLite one process is the whole shop; on PostgreSQL start as many
    'serve --no-worker' and 'worker' as you like.
    """
    from ringbolt.cli.banner import print_banner
    from ringbolt.cli.commands.serve import discard_refused_secret
    from ringbolt.cli.commands.serve import serve as run_shop

    settings = settings_or_exit(port=port)
    if sandbox:
        opened = settings.sandbox.model_copy(update={"open": True})
        settings = settings.model_copy(update={"sandbox": opened})
    shop = run_shop(
        settings,
        with_worker=worker,
        accept_secret=accept_secret,
        on_ready=lambda url: print_banner(settings, url),
    )
    finish(discard_refused_secret(settings, shop))


@app.command()
def init(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = Path("ringbolt.toml"),
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that exists; it is kept as FILE.before.")
    ] = False,
) -> None:
    """Ask for what a shop needs, test each answer, and write a settings file.

    The address on the web, the database, the node, carriers of calls and texts, a provider of
    numbers, a mail server, and prices. Nothing is written before the end. Also answers that a
    script gives on the standard input are taken, line by line.
    """
    from ringbolt.cli.setup.init import set_up

    raise typer.Exit(set_up(file, force=force))


@app.command()
def mcp(
    server: Server = "",
    budget_sats: Annotated[
        int | None,
        typer.Option(min=0, help="The most that the agent may spend while this runs, fees and all"),
    ] = None,
    wallet: Annotated[
        str,
        typer.Option(
            "--wallet", help="LND's REST address, or nwc: the Nostr wallet in NWC_URL pays."
        ),
    ] = "",
    macaroon: Macaroon = "",
    tls_cert: Cert = "",
    play_wallet: Annotated[
        bool, typer.Option("--play-wallet", help="The play-money wallet of the shop pays.")
    ] = False,
) -> None:
    """Serve the tools of a shop to an agent program on this machine (MCP on standard input).

    The agent program starts this command. A wallet pays, or the prepaid key in RINGBOLT_API_KEY,
    never more than --budget-sats; without either, the agent gets invoices to be paid elsewhere.
    Agent programs that speak HTTP need no command: they name the shop's address with /mcp.
    """
    from ringbolt.cli.buyer.errors import reported
    from ringbolt.cli.buyer.wallet import WalletAddress
    from ringbolt.cli.commands.mcp import serve_agent

    address = WalletAddress(wallet, macaroon, tls_cert)
    serving = serve_agent(server, address, play_wallet=play_wallet, budget_sats=budget_sats)
    finish(reported(serving))


@app.command()
def worker(accept_secret: AcceptSecret = False) -> None:
    """Run jobs only: dispatch, refunds, watching the node and the carriers. Needs PostgreSQL."""
    from ringbolt.cli.commands.serve import discard_refused_secret, work_only

    settings = settings_or_exit()
    finish(discard_refused_secret(settings, work_only(settings, accept_secret=accept_secret)))


@app.command()
def simulator(port: Port = None) -> None:
    """Run the simulated world by itself: node, wallet, phones, numbers, mail, clock (port 8403).

    Shops and workers then name it by RINGBOLT_SIMULATOR_URL and may be killed at any moment: the
    world remembers what it saw.
    """
    from ringbolt.cli.commands.simulator import DEFAULT_PORT, run_world

    settings = settings_or_exit(port=port)
    if "port" not in settings.model_fields_set:
        settings = settings.model_copy(update={"port": DEFAULT_PORT})
    finish(run_world(settings))


@app.command()
def demo() -> None:
    """Open a shop with play money, buy a call, and print where its audio is kept.

    Everything is simulated and on this machine; the shop closes when the demo is over.
    """
    from ringbolt.cli.commands.demo import run_demo
    from ringbolt.cli.commands.serve import serve as run_shop
    from ringbolt.settings import all_simulated

    settings = settings_or_exit()
    data_dir = settings.data_dir / "demo"
    quiet = settings.log.model_copy(update={"level": "error"})
    settings = all_simulated(settings).model_copy(
        update={
            "data_dir": data_dir,
            "port": 0,
            "host": "127.0.0.1",
            "log": quiet,
            # Not the store of a real shop: the demo's worker would run its jobs.
            "database_url": "",
            "simulator": settings.simulator.model_copy(update={"url": ""}),
        }
    )
    finish(run_shop(settings, meanwhile=lambda url: run_demo(url, data_dir / "calls")))


Called = Annotated[
    str, typer.Argument(help="Whom to call, E.164, e.g. +12025550123; with --resume an id.")
]
Message = Annotated[str, typer.Argument(help="What to say (or use --audio-url).")]
AudioUrl = Annotated[str, typer.Option(help="Play this audio file instead.")]
Minutes = Annotated[float, typer.Option(help="With --audio-url: how many minutes.")]
MaxSats = Annotated[int, typer.Option(min=1, help="The most to pay, sats.")]
RefundAddress = Annotated[str, typer.Option(help="Lightning Address for a refund.")]
Wait = Annotated[bool, typer.Option(help="Follow the call until it is over.")]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with the purchase whose id is given, or the newest unfinished one.",
    ),
]


@app.command()
def call(
    number: Called = "",
    message: Message = "",
    server: Server = "",
    audio_url: AudioUrl = "",
    minutes: Minutes = 1,
    max_sats: MaxSats = 1000,
    refund_address: RefundAddress = "",
    wallet: WalletUrl = "",
    macaroon: Macaroon = "",
    tls_cert: Cert = "",
    wait: Wait = True,
    resume: Resume = False,
) -> None:
    """Buy a call from any server with this API, and follow it.

    A purchase is kept on the disk before it is paid, and the paid request is repeated until it is
    answered; after Ctrl-C or a crash, --resume goes on. A call that was not answered is not
    charged: --resume with its id calls again for the same money, 'wallet claim' takes it back.
    """
    from ringbolt.cli.buyer.errors import reported
    from ringbolt.cli.buyer.wallet import WalletAddress
    from ringbolt.cli.commands.call import buy_call, resume_call
    from ringbolt.cli.named_shop import named_shop

    if resume:
        payer = WalletAddress(wallet, macaroon, tls_cert)
        finish(reported(resume_call(number, payer, waits=wait)))
    body = _call_body(number, message, audio_url, minutes, refund_address)

    async def buy() -> int:
        shop = await named_shop(server)
        payer = WalletAddress(wallet or shop.play_wallet, macaroon, tls_cert)
        return await buy_call(shop.url, body, payer, max_sats, waits=wait)

    finish(reported(buy()))


def _call_body(
    number: str, message: str, audio_url: str, minutes: float, refund_address: str
) -> dict[str, Any]:
    """What is sent to buy a call. Raises ``typer.BadParameter``."""
    if not number:
        raise typer.BadParameter("Say whom to call, or use --resume.", param_hint="NUMBER")
    if not message and not audio_url:
        raise typer.BadParameter(
            "Say what is to be heard, or use --audio-url.", param_hint="MESSAGE"
        )
    body: dict[str, Any] = {"phone_number": number}
    if audio_url:
        body |= {"audio_url": audio_url, "duration_minutes": minutes}
    else:
        body["message"] = message
    if refund_address:
        body["refund_address"] = refund_address
    return body


@app.command()
def doctor() -> None:
    """Say what is real, what is simulated, what is wrong, and how to fix it.

    Looks at the settings, the store, the node, and at what calls, texts, numbers and e-mail need:
    carriers, prices and costs, own numbers, speech, the public address. Works while a shop is
    running, and then with that shop's settings. Exit code 1 if something is wrong.
    """
    from ringbolt.cli.commands.doctor import doctor as examine

    finish(examine())


@app.command()
def token() -> None:
    """Print the operator's token, which opens /v1/operator, and /simulator beside a real node.

    Send it as 'Authorization: Bearer TOKEN'. It is derived from the shop's secret: keep it as
    secret.
    """
    from ringbolt.cli.operator_access import print_token

    run_command(print_token)


@app.command()
def money(
    json: AsJson = False,
    days: Annotated[int, typer.Option(min=0, max=366, help="So many days, one by one.")] = 0,
) -> None:
    """What came in, is held, went back, was earned and cost: today, and in a week (UTC days).

    In sats, from the ledger. in: paid by buyers over Lightning. held now: paid or reserved for
    orders that are not over. returned: refunds, withdrawals, and held payments that were let go.
    earned: became the shop's. cost: routing fees, shares of referrers, and what carriers bill: as
    they tell it or by their cost cards, else the most that it can be by the rate card and the costs
    of texts. margin: earned less cost.
    """
    from ringbolt.cli.commands.money import money as report

    run_command(lambda settings: report(settings, json, days))


@app.command("move-to-postgresql")
def move_to_postgresql(
    target: Annotated[
        str, typer.Argument(help="postgresql://...; default: RINGBOLT_DATABASE_URL.")
    ] = "",
) -> None:
    """Move a shop from its SQLite file to an empty PostgreSQL database.

    Stop the shop first. Everything is copied in one transaction, and the books of both sides are
    compared before it is kept; if anything fails, the SQLite file is still the shop.
    """
    from ringbolt.cli.commands.move import move

    run_command(lambda settings: move(settings, target))


app.add_typer(orders.app, name="orders")
app.add_typer(calls.app, name="calls")
app.add_typer(operator.app, name="operator")
app.add_typer(audit_group.app, name="audit")
app.add_typer(keys.app, name="keys")
app.add_typer(wallet.app, name="wallet")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(withdrawals.app, name="withdrawals")
app.add_typer(numbers.app, name="numbers")
app.add_typer(suppressions.app, name="suppressions")
app.add_typer(terms.app, name="terms")
app.add_typer(jobs.app, name="jobs")
app.add_typer(carriers.app, name="carriers")
app.add_typer(carriers.providers, name="providers")


@app.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(f"ringbolt {__version__}\n")


def _print_version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """Run the command that is written on the command line."""
    # Nothing that is imported is garbage; a collection would take a tenth of the start.
    gc.disable()
    app(prog_name="ringbolt")


if __name__ == "__main__":
    main()
