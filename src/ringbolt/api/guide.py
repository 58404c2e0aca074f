"""What the three APIs are for, as ``/`` and the OpenAPI document say it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple


class Api(NamedTuple):
    """An API: what to use it for, and the address to begin with."""

    name: str
    use: str
    begin: str


APIS: Final = (
    Api(
        "pay per request",
        "One call, text or e-mail at a time, without an account: each is paid by L402 or MPP.",
        "/api/l402/place-call",
    ),
    Api(
        "orders",
        "Activation codes, rented numbers, texts and e-mail: paid by hold invoices, or from a "
        "prepaid key.",
        "/price",
    ),
    Api(
        "voice",
        "Phone calls with voices, key presses and plans, from a prepaid key; every status is sent "
        "to a callback.",
        "/voice/v1/voices",
    ),
)
DESCRIPTION: Final = (
    "A shop for phone calls, codes, rented numbers, texts and e-mail, paid over Bitcoin Lightning. "
    "It has three APIs:\n\n"
    + "\n".join(f"- **{each.name}**: {each.use}" for each in APIS)
    + "\n\nNothing that was not delivered is charged. Every error has a code (X-Error-Code) and "
    "says what to do."
)
SANDBOX: Final = (
    "This is a sandbox: the money is play money, scripted numbers answer, and nothing rings or is "
    "sent. POST /simulator/wallet/v2/router/send (as LND takes it) pays an invoice."
)
TAGS: Final = MappingProxyType(
    {
        "pay per request": APIS[0].use,
        "numbers by L402": "Codes and rented numbers, paid by L402 or MPP and polled with the same "
        "credential.",
        "refunds": "The money of what failed, withdrawn by LNURL (LUD-03).",
        "orders": APIS[1].use,
        "accounts": "Prepaid API keys: top up, balance, ledger.",
        "catalogue": "What is sold, where, and for how much. Free.",
        "own numbers": "Texts that came to the operator's own numbers, and signs of life of their "
        "telephones.",
        "voice": APIS[2].use,
        "discovery": "What the shop tells programs of itself.",
        "operation": "Whether the shop and its parts answer.",
    }
)
