"""The 402: an invoice, a macaroon for exactly this request, and both ways to show the payment.

Nothing is written: an unpaid challenge leaves no row.
"""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from ringbolt.api.kit.http import Header
from ringbolt.api.kit.problem import problem_document
from ringbolt.app.shop import Shop
from ringbolt.core.lightning import l402, mpp
from ringbolt.core.lightning.l402 import CredentialRefused, Offer
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.timestamps import iso

_HOW = (
    "Pay the invoice with a Lightning wallet, then repeat the same request with the header "
    "'Authorization: L402 <macaroon>:<preimage>'. The JSON body must be the same."
)
_REFUSED = "Nothing was charged. " + _HOW


class Terms(msgspec.Struct, frozen=True):
    """The price, and the request that the payment is bound to: ``service`` in the caveats,
    ``request`` method and path. ``label`` begins the invoice's memo."""

    service: str
    request: str
    label: str
    amount_msat: int
    body: str  # digest of the canonical JSON
    raw_digest: str  # digest of the bytes as they came, for MPP
    realm: str
    network: str
    is_mpp: bool = False  # the client pays by MPP: it gets the Payment line only
    order: str = ""  # carried by the credential: see ``Offer``


class Challenge(msgspec.Struct, frozen=True):
    """The headers and the document of a 402. ``nonce`` is its credential's."""

    headers: list[Header]
    document: dict[str, Any]
    nonce: bytes


async def challenge(shop: Shop, terms: Terms, refused: CredentialRefused | None) -> Challenge:
    """A fresh challenge. Raises ``NodeUnavailable``."""
    settings = shop.settings.l402
    token = l402.new_token(shop.keyring, secrets.token_bytes(l402.NONCE_BYTES - 1))
    invoice = await shop.node.create_invoice(
        terms.amount_msat,
        l402.memo(terms.label, token.nonce),
        settings.invoice_expiry_s,
        token.preimage,
    )
    now_s = shop.clock.now_ms() // 1000
    valid_until_s = now_s + settings.redeem_s
    offer = Offer(
        terms.service, terms.request, terms.body, terms.amount_msat, valid_until_s, terms.order
    )
    macaroon = l402.mint(shop.keyring, token, offer)
    payment = mpp.challenge(
        shop.keyring,
        token,
        offer,
        invoice=invoice.bolt11,
        network=terms.network,
        realm=terms.realm,
        digest=terms.raw_digest,
        expires_s=now_s + settings.invoice_expiry_s,
    )
    error_code = refused.code if refused else "PAYMENT_REQUIRED"
    headers: list[Header] = [
        (b"www-authenticate", payment.encode()),
        (b"x-error-code", error_code.encode()),
    ]
    if not terms.is_mpp:
        headers.insert(0, (b"www-authenticate", _l402_line(macaroon, invoice.bolt11)))
    document = _problem(error_code, refused) | {
        "invoice": invoice.bolt11,
        "macaroon": macaroon,
        "payment_hash": token.payment_hash.hex(),
        **_amounts(terms.amount_msat),
        "expires_at": iso(invoice.expires_at_ms),
        "redeem_until": iso(valid_until_s * 1000),
    }
    return Challenge(headers, document, token.nonce)


def _problem(error_code: str, refused: CredentialRefused | None) -> dict[str, Any]:
    detail = refused.message if refused else "This request is paid for over Lightning."
    return {
        **problem_document(
            402, error_code, "Payment required", detail, type=mpp.problem_type(error_code)
        ),
        "suggestion": _REFUSED if refused else _HOW,
        "example": "Authorization: L402 <macaroon>:<preimage>",
    }


def _amounts(msat: int) -> dict[str, int]:
    """The price under the names that clients of the models look for."""
    sats = sats_up(msat)
    return {"amount_sats": sats, "amountSats": sats, "amount_msat": msat}


def _l402_line(macaroon: str, invoice: str) -> bytes:
    """Real clients parse exactly this: macaroon, then invoice, then the rest; L402 in a line of its
    own and before Payment."""
    line = f'L402 macaroon="{macaroon}", invoice="{invoice}", version="0", token="{macaroon}"'
    return line.encode()
