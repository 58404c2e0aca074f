"""What a 402 asks for, read from whatever form a server gives it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx

from ringbolt.cli.buyer.errors import PurchaseError
from ringbolt.core.lightning import bolt11
from ringbolt.core.pricing.money import sats_up

_AUTH_PART = re.compile(
    r"(?P<name>[\w-]+)=(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>[^\s,\"]+))|(?P<scheme>[\w-]+)(?=\s)"
)
"""A parameter or a scheme of a ``WWW-Authenticate`` line (RFC 9110 section 11.6.1)."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a 402 asks for."""

    macaroon: str
    invoice: str
    amount_sats: int


def read_challenge(answer: httpx.Response) -> Challenge:
    """From the ``WWW-Authenticate`` lines, whatever their order and form; else from the body,
    where some servers put it. Raises ``PurchaseError``."""
    found = [
        (scheme, parameters)
        for line in answer.headers.get_list("www-authenticate")
        for scheme, parameters in _challenges(line)
    ]
    for scheme, parameters in [*found, ("l402", _in_body(answer))]:
        macaroon = parameters.get("macaroon") or parameters.get("token")
        invoice = parameters.get("invoice")
        if scheme in ("l402", "lsat") and macaroon and invoice:
            return _priced(macaroon, invoice)
    raise PurchaseError("The server asks for payment, but not with an L402 challenge.")


def _challenges(line: str) -> list[tuple[str, dict[str, str]]]:
    """The challenges of one line: scheme and parameters, names in lower case."""
    found: list[tuple[str, dict[str, str]]] = []
    for part in _AUTH_PART.finditer(line):
        if part["scheme"]:
            found.append((part["scheme"].lower(), {}))
        elif found:
            value = part["bare"] if part["quoted"] is None else part["quoted"]
            found[-1][1].setdefault(part["name"].lower(), value)
    return found


def _in_body(answer: httpx.Response) -> dict[str, str]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    return {name: value for name, value in document.items() if isinstance(value, str)}


def _priced(macaroon: str, invoice: str) -> Challenge:
    try:
        decoded = bolt11.decode(invoice)
    except bolt11.Bolt11Error as error:
        raise PurchaseError(f"The server's invoice cannot be read: {error}") from None
    if decoded.amount_msat is None:
        raise PurchaseError("The server's invoice names no amount; it is not paid.")
    return Challenge(macaroon, invoice, sats_up(decoded.amount_msat))
