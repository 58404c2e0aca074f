"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

Server = Annotated[
    str,
    typer.Option(
        "--server",
        "--url",
        help="The shop's address. Default: the shop that runs on the data folder, else the one at "
        "RINGBOLT_PORT.",
    ),
]
WalletUrl = Annotated[
    str,
    typer.Option(
        "--wallet",
        help="LND's REST address, or nwc: the Nostr wallet in NWC_URL. Default: the play-money "
        "wallet of the shop.",
    ),
]
Macaroon = Annotated[
    str, typer.Option("--macaroon", help="LND: a macaroon that may pay, file or hex.")
]
Cert = Annotated[str, typer.Option("--tls-cert", help="LND: its tls.cert.")]
