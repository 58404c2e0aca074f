"""MPP, the ``Payment`` authentication scheme, for Lightning charges: the second way to show that
the same invoice was paid.

Source: draft-httpauth-payment-01 and draft-lightning-charge-00. A challenge is stateless. Clients
echo ``id``, ``realm``, ``method``, ``intent``, ``request`` and ``expires``, and not all of them
echo more, so that is all that a challenge needs to be verified:

- ``id`` is ``<HMAC>.<SHA-256 of the body>``. The HMAC is the one that the draft recommends
  (5.1.2.1.1), under a key of the request (method and path) that is sold.
- ``externalId`` in ``request`` is the nonce, whose first byte names the secret.

``digest`` may be echoed, and then must be the one of the challenge. Neither ``opaque`` nor
``header`` is sent: a credential that has one is not of this shop, and it is read from
``Authorization`` alone. Challenges of earlier versions had another HMAC, or carried the nonce in
``opaque`` and no digest in their id; paid ones are honoured.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import msgspec

from ringbolt.core.keys import Keyring, derive
from ringbolt.core.lightning import bolt11
from ringbolt.core.lightning.l402 import (
    NONCE_BYTES,
    Credential,
    CredentialRefused,
    Grant,
    Offer,
    Token,
    b64url,
    expired,
    from_b64url,
    token_of_memo,
)
from ringbolt.core.timestamps import iso_seconds, seconds_of

METHOD = "lightning"
INTENT = "charge"
_PROBLEMS = "https://paymentauth.org/problems/"
_PROBLEM_OF = {
    "L402_CREDENTIAL_MALFORMED": "malformed-credential",
    "L402_CREDENTIAL_FOREIGN": "invalid-challenge",
    "L402_TOKEN_SPENT": "invalid-challenge",
    "L402_REFUNDED": "invalid-challenge",
    "L402_REFUND_CLAIMED": "invalid-challenge",
    "L402_ORDER_FAILED": "invalid-challenge",
    "L402_TOKEN_EXPIRED": "payment-expired",
    "L402_PREIMAGE_MISMATCH": "verification-failed",
    "L402_BODY_MISMATCH": "verification-failed",
    "L402_REQUEST_MISMATCH": "verification-failed",
    "PAYMENT_METHOD_UNSUPPORTED": "method-unsupported",
}
"""The draft's error codes (8.2), by the code of a refused credential."""
_ACCEPTED = frozenset({f"{METHOD}/{INTENT}", f"{METHOD}/*"})
_NEVER = re.compile(r"q=0(\.0*)?")
_Parameter = TypeVar("_Parameter")


class _Challenge(msgspec.Struct):
    id: str = ""
    realm: str = ""
    method: str = ""
    intent: str = ""
    request: str = ""
    expires: str = ""
    digest: str = ""
    opaque: str = ""
    header: str = ""
    macaroon: str = ""  # Sats4AI's own form carries the macaroon here


class _Payload(msgspec.Struct):
    preimage: str = ""


class _PaymentCredential(msgspec.Struct):
    challenge: _Challenge
    payload: _Payload


class _Details(msgspec.Struct, rename="camel"):
    invoice: str
    payment_hash: str


class _Charge(msgspec.Struct, rename="camel"):
    """The ``request`` parameter."""

    amount: str
    method_details: _Details
    external_id: str = ""


class _FormerOpaque(msgspec.Struct):
    ref: str


_read_credential = msgspec.json.Decoder(_PaymentCredential).decode
_read_charge = msgspec.json.Decoder(_Charge).decode
_read_former_opaque = msgspec.json.Decoder(_FormerOpaque).decode


@dataclass(frozen=True, slots=True)
class Shown:
    """A decoded ``Payment`` credential. ``l402`` is set if it carries a macaroon instead."""

    challenge: _Challenge
    preimage: str
    l402: Credential | None


def problem_type(code: str) -> str:
    """The URI of the draft's problem for a 402 with that code."""
    return _PROBLEMS + _PROBLEM_OF.get(code, "payment-required")


def challenge_id(
    key: bytes,
    *,
    realm: str,
    method: str,
    intent: str,
    request: str,
    expires: str = "",
    digest: str = "",
    opaque: str = "",
) -> str:
    """What binds a challenge to its parameters, as they stand on the wire: the draft's recommended
    HMAC over seven slots, base64url."""
    slots = "|".join((realm, method, intent, request, expires, digest, opaque))
    return b64url(hmac.digest(key, slots.encode(), "sha256"))


@lru_cache(maxsize=64)
def _key(secret: bytes, sold: str) -> bytes:
    """``sold``: what the payment buys, e.g. ``POST /api/l402/place-call``."""
    return derive(secret, "mpp challenge of", sold.encode())


def _mac(secret: bytes, c: _Challenge, digest: str, sold: str) -> str:
    return challenge_id(
        _key(secret, sold),
        realm=c.realm,
        method=c.method,
        intent=c.intent,
        request=c.request,
        expires=c.expires,
        digest=digest,
    )


def _former_mac(secret: bytes, c: _Challenge, digest: str, sold: str) -> str:
    """The HMAC of the version before."""
    slots = (c.realm, c.method, c.intent, c.request, c.expires, digest, sold)
    return b64url(derive(secret, "mpp charge", "|".join(slots).encode()))


def is_accepted(accept_payment: str) -> bool:
    """Whether an ``Accept-Payment`` header names Lightning charges, e.g. ``lightning/charge``."""
    if not accept_payment:
        return False
    ranges = (part.lower().replace(" ", "").partition(";") for part in accept_payment.split(","))
    return any(name in _ACCEPTED and not _NEVER.fullmatch(weight) for name, _, weight in ranges)


def challenge(
    keyring: Keyring,
    token: Token,
    offer: Offer,
    *,
    invoice: str,
    network: str,
    realm: str,
    digest: str,
    expires_s: int,
) -> str:
    """The value of the ``WWW-Authenticate: Payment ...`` line.

    ``digest`` is over the raw body, as the draft demands; ``network`` as it names them.
    """
    request = (
        f'{{"amount":"{-(-offer.amount_msat // 1000)}","currency":"sat",'
        f'"externalId":"{token.nonce.hex()}","methodDetails":'
        f'{{"invoice":"{invoice}","network":"{network}",'
        f'"paymentHash":"{token.payment_hash.hex()}"}}}}'
    )
    c = _Challenge(
        realm=realm,
        method=METHOD,
        intent=INTENT,
        request=b64url(request.encode()),
        expires=iso_seconds(expires_s),
    )
    id = f"{_mac(keyring.current, c, digest, offer.request)}.{_digest_in_id(digest)}"
    return (
        f'Payment id="{id}", realm="{realm}", method="{METHOD}", '
        f'intent="{INTENT}", request="{c.request}", expires="{c.expires}", digest="{digest}"'
    )


_URL_SAFE, _STANDARD = str.maketrans("+/", "-_"), str.maketrans("-_", "+/")


def _digest_in_id(digest: str) -> str:
    """The value of an RFC 9530 digest (``sha-256=:<base64>:``) as base64url."""
    return digest[9:-1].rstrip("=").translate(_URL_SAFE)


def parse(value: str) -> Shown:
    """Decode what follows ``Payment``. Raises ``CredentialRefused``."""
    try:
        shown = _read_credential(from_b64url(value))
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise _malformed("it is not base64url of a JSON credential") from None
    c = shown.challenge
    l402 = Credential(c.macaroon, shown.payload.preimage) if c.macaroon else None
    return Shown(c, shown.payload.preimage, l402)


@dataclass(frozen=True, slots=True)
class Sold:
    """What a credential must have been paid for: the service, the request, and its body.

    ``raw_digest`` is over the bytes of the body, None for any; ``body`` over its canonical form.
    """

    service: str
    request: str
    raw_digest: str | None
    body: str


def verify(keyring: Keyring, shown: Shown, sold: Sold, *, redeem_s: int, now_s: int) -> Grant:
    """What the credential bought. ``redeem_s``: for how long after a challenge expired a paid one
    is still accepted. Raises ``CredentialRefused``."""
    c = shown.challenge
    if (c.method, c.intent) != (METHOD, INTENT):
        raise CredentialRefused(
            "PAYMENT_METHOD_UNSUPPORTED",
            f"Payments are taken by {METHOD}, as a {INTENT}, and by no other method.",
        )
    charge = _opened(_read_charge, c.request)
    if "." in c.id:
        digest = _verify_id(keyring, c, charge, sold)
    else:
        digest = _verify_former(keyring, c, charge, sold)
    payment_hash = bytes.fromhex(charge.method_details.payment_hash)
    if not _proves(shown.preimage, payment_hash):
        raise CredentialRefused(
            "L402_PREIMAGE_MISMATCH",
            "The preimage does not belong to this challenge's invoice; payment is not proven.",
        )
    if sold.raw_digest is not None and digest != sold.raw_digest:
        raise CredentialRefused(
            "L402_BODY_MISMATCH",
            "This payment was made for other body bytes; MPP binds the raw body.",
            payment_hash,
        )
    valid_until_s = seconds_of(c.expires) + redeem_s
    amount_msat = int(charge.amount) * 1000
    offer = Offer(sold.service, sold.request, sold.body, amount_msat, valid_until_s)
    # A challenge of an earlier version has no nonce there, nor an order with an id of its own.
    nonce = bytes.fromhex(charge.external_id) if "." in c.id else b""
    grant = Grant(payment_hash, offer, nonce)
    if now_s >= valid_until_s:
        raise expired(grant)
    return grant


def _verify_id(keyring: Keyring, c: _Challenge, charge: _Charge, sold: Sold) -> str:
    """The digest of the body that the challenge was made for. Raises ``CredentialRefused``."""
    secret = _secret(keyring, charge.external_id)
    mac, _, value = c.id.partition(".")
    digest = f"sha-256=:{value.translate(_STANDARD)}=:"
    is_ours = any(_same(made(secret, c, digest, sold.request), mac) for made in (_mac, _former_mac))
    if not is_ours or c.opaque or c.header:
        raise _foreign()
    if c.digest and c.digest != digest:
        raise _foreign()
    return digest


def _verify_former(keyring: Keyring, c: _Challenge, charge: _Charge, sold: Sold) -> str:
    """The same for a challenge of an earlier version, whose id covers ``digest`` and ``opaque``.

    What the client did not echo is made again: the nonce also stands in the invoice's memo.
    """
    ref = (
        _opened(_read_former_opaque, c.opaque).ref if c.opaque else _ref_of_invoice(keyring, charge)
    )
    secret = _secret(keyring, ref)
    opaque = b64url(f'{{"ref":"{ref}","request":"{sold.request}"}}'.encode())
    digest = c.digest or sold.raw_digest or ""
    slots = (c.realm, c.method, c.intent, c.request, c.expires, digest, opaque)
    mac = b64url(derive(secret, "mpp challenge", "|".join(slots).encode()))
    if not _same(mac, c.id) or c.opaque not in ("", opaque):
        raise _foreign()
    return digest


def _ref_of_invoice(keyring: Keyring, charge: _Charge) -> str:
    try:
        invoice = bolt11.decode(charge.method_details.invoice)
    except bolt11.Bolt11Error:
        raise _foreign() from None
    token = token_of_memo(keyring, invoice.description or "", invoice.payment_hash)
    if token is None:
        raise _foreign()
    return token.nonce.hex()


def _secret(keyring: Keyring, ref: str) -> bytes:
    """The secret that a challenge was made under, by its nonce. Raises ``CredentialRefused``."""
    try:
        nonce = bytes.fromhex(ref)
    except ValueError:
        raise _foreign() from None
    secret = keyring.secret(nonce[0]) if len(nonce) == NONCE_BYTES else None
    if secret is None:
        raise _foreign()
    return secret


def receipt(payment_hash: bytes, challenge_id: str, now_s: int) -> str:
    """The value of the ``Payment-Receipt`` header of a paid answer."""
    return b64url(
        msgspec.json.encode(
            {
                "challengeId": challenge_id,
                "method": METHOD,
                "reference": payment_hash.hex(),
                "status": "success",
                "timestamp": iso_seconds(now_s),
            }
        )
    )


def _opened(decode: Callable[[bytes], _Parameter], parameter: str) -> _Parameter:
    try:
        return decode(from_b64url(parameter))
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise _malformed("a parameter is not base64url of the JSON that was sent") from None


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _proves(preimage: str, payment_hash: bytes) -> bool:
    try:
        raw = bytes.fromhex(preimage)
    except ValueError:
        return False
    return hmac.compare_digest(hashlib.sha256(raw).digest(), payment_hash)


def _foreign() -> CredentialRefused:
    return CredentialRefused(
        "L402_CREDENTIAL_FOREIGN",
        "This Payment challenge was not made by this shop for this request, or was changed.",
    )


def _malformed(why: str) -> CredentialRefused:
    return CredentialRefused("L402_CREDENTIAL_MALFORMED", f"Payment credential: {why}.")
