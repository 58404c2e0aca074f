"""What a 402 asks for, in the forms that L402, LSAT and MPP servers give it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import httpx

from ringbolt_client.answers import document_of
from ringbolt_client.errors import Refused
from ringbolt_client.invoice import Invoice, read_invoice

_AUTH_PART: Final = re.compile(
    r"(?P<name>[\w-]+)=(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>[^\s,\"]+))|(?P<scheme>[\w-]+)(?=\s)"
)
"""A parameter or a scheme of a ``WWW-Authenticate`` line (RFC 9110 section 11.6.1)."""
_ECHOED: Final = ("id", "realm", "method", "intent", "request", "expires", "digest", "opaque")


@dataclass(frozen=True, slots=True)
class Challenge:
    """``scheme`` is ``L402``, ``LSAT`` or ``Payment``; ``parameters`` are what the credential
    carries beside the proof of payment."""

    scheme: str
    parameters: Mapping[str, str]
    invoice: Invoice

    def authorization(self, preimage: str) -> str:
        """The header that shows the payment. ``preimage`` is hex."""
        if self.scheme != "Payment":
            return f"{self.scheme} {self.parameters['macaroon']}:{preimage}"
        document = {"challenge": dict(self.parameters), "payload": {"preimage": preimage}}
        written = json.dumps(document, separators=(",", ":")).encode()
        return f"Payment {base64.urlsafe_b64encode(written).decode().rstrip('=')}"

    def is_proof(self, preimage: str) -> bool:
        """Whether ``preimage`` (hex) belongs to the invoice."""
        try:
            return sha256(bytes.fromhex(preimage)).hexdigest() == self.invoice.payment_hash
        except ValueError:
            return False


def read_challenge(answer: httpx.Response) -> Challenge:
    """L402 where it is offered, else MPP; from the header, else from the body, where some servers
    put it. Raises ``Refused``."""
    offered = [
        each for line in answer.headers.get_list("www-authenticate") for each in _offers(line)
    ]
    offered.append(("l402", _in_body(answer)))
    for scheme, parameters in offered:
        macaroon = parameters.get("macaroon") or parameters.get("token")
        invoice = parameters.get("invoice")
        if scheme in ("l402", "lsat") and macaroon and invoice:
            return Challenge(scheme.upper(), {"macaroon": macaroon}, read_invoice(invoice))
    for scheme, parameters in offered:
        if scheme == "payment" and parameters.get("method") == "lightning":
            kept: dict[str, str] = {
                name: parameters[name] for name in _ECHOED if name in parameters
            }
            return Challenge("Payment", kept, read_invoice(_invoice_of(parameters)))
    raise Refused(
        "The server asks for payment, but not by L402 or MPP over Lightning.",
        code="NO_CHALLENGE",
        status=402,
    )


def _invoice_of(parameters: Mapping[str, str]) -> str:
    """The invoice in an MPP challenge's ``request``."""
    written = parameters.get("request", "")
    try:
        charge = json.loads(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)))
        return str(charge["methodDetails"]["invoice"])
    except (ValueError, KeyError, TypeError):
        raise Refused("The server's MPP challenge cannot be read.", code="NO_CHALLENGE") from None


def _offers(line: str) -> list[tuple[str, dict[str, str]]]:
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
    return {name: value for name, value in document_of(answer).items() if isinstance(value, str)}
