"""MPP, the ``Payment`` authentication scheme, for Lightning charges: the second way to show that
the same invoice was paid.

Source: draft-httpauth-payment-00 and draft-lightning-charge-00. A challenge is stateless: its id
is an HMAC over its other parameters, which the client echoes.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import msgspec

from ringbolt.core.keys import Keyring, derive
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
)
from ringbolt.core.timestamps import iso_seconds, seconds_of

METHOD = "lightning"
INTENT = "charge"
PROBLEM_TYPE = "https://paymentauth.org/problems/payment-required"


class _Challenge(msgspec.Struct):
    id: str = ""
    realm: str = ""
    method: str = ""
    intent: str = ""
    request: str = ""
    expires: str = ""
    digest: str = ""
    opaque: str = ""
    macaroon: str = ""  # Sats4AI's own form carries the macaroon here


class _Payload(msgspec.Struct):
    preimage: str = ""


class _PaymentCredential(msgspec.Struct):
    challenge: _Challenge
    payload: _Payload


_decode = msgspec.json.Decoder(_PaymentCredential).decode


@dataclass(frozen=True, slots=True)
class Shown:
    """A decoded ``Payment`` credential. ``l402`` is set if it carries a macaroon instead."""

    challenge: _Challenge
    preimage: str
    l402: Credential | None


def _mac(secret: bytes, c: _Challenge) -> str:
    slots = (c.realm, c.method, c.intent, c.request, c.expires, c.digest, c.opaque)
    return b64url(derive(secret, "mpp challenge", "|".join(slots).encode()))


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
        f'{{"amount":"{-(-offer.amount_msat // 1000)}","currency":"sat","methodDetails":'
        f'{{"invoice":"{invoice}","network":"{network}",'
        f'"paymentHash":"{token.payment_hash.hex()}"}}}}'
    )
    opaque = f'{{"ref":"{token.nonce.hex()}","request":"{offer.request}"}}'
    c = _Challenge(
        realm=realm,
        method=METHOD,
        intent=INTENT,
        request=b64url(request.encode()),
        expires=iso_seconds(expires_s),
        digest=digest,
        opaque=b64url(opaque.encode()),
    )
    return (
        f'Payment id="{_mac(keyring.current, c)}", realm="{realm}", method="{METHOD}", '
        f'intent="{INTENT}", request="{c.request}", expires="{c.expires}", '
        f'digest="{digest}", opaque="{c.opaque}"'
    )


def parse(value: str) -> Shown:
    """Decode what follows ``Payment``. Raises ``CredentialRefused``."""
    try:
        shown = _decode(from_b64url(value))
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise _malformed("it is not base64url of a JSON credential") from None
    c = shown.challenge
    l402 = Credential(c.macaroon, shown.payload.preimage) if c.macaroon else None
    return Shown(c, shown.payload.preimage, l402)


def verify(
    keyring: Keyring,
    shown: Shown,
    *,
    service: str,
    request: str,
    raw_digest: str,
    body: str,
    redeem_s: int,
    now_s: int,
) -> Grant:
    """What the credential bought. ``redeem_s``: for how long after a challenge expired a paid one
    is still accepted. Raises ``CredentialRefused``."""
    c = shown.challenge
    details = _opened(c.opaque)
    nonce = _nonce(details)
    secret = keyring.secret(nonce[0])
    if secret is None or not hmac.compare_digest(_mac(secret, c).encode(), c.id.encode()):
        raise CredentialRefused(
            "L402_CREDENTIAL_FOREIGN", "This Payment challenge was not made by this shop."
        )
    charge = _opened(c.request)
    payment_hash = bytes.fromhex(charge["methodDetails"]["paymentHash"])
    if not _proves(shown.preimage, payment_hash):
        raise CredentialRefused(
            "L402_PREIMAGE_MISMATCH",
            "The preimage does not belong to this challenge's invoice; payment is not proven.",
        )
    if details.get("request") != request:
        raise CredentialRefused(
            "L402_REQUEST_MISMATCH", f"This payment was not made for {request}.", payment_hash
        )
    _check_body(c, raw_digest, payment_hash)
    valid_until_s = seconds_of(c.expires) + redeem_s
    offer = Offer(service, request, body, int(charge["amount"]) * 1000, valid_until_s)
    grant = Grant(payment_hash, offer)
    if now_s >= valid_until_s:
        raise expired(grant)
    return grant


def _check_body(challenge: _Challenge, raw_digest: str, payment_hash: bytes) -> None:
    if not hmac.compare_digest(challenge.digest.encode(), raw_digest.encode()):
        raise CredentialRefused(
            "L402_BODY_MISMATCH",
            "This payment was made for other body bytes; MPP binds the raw body.",
            payment_hash,
        )


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


def _opened(parameter: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(from_b64url(parameter))
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise _malformed("a parameter is not base64url of JSON") from None
    if not isinstance(value, dict):
        raise _malformed("a parameter is not a JSON object")
    return value


def _nonce(details: dict[str, Any]) -> bytes:
    try:
        nonce = bytes.fromhex(details["ref"])
    except (KeyError, TypeError, ValueError):
        raise _malformed("its opaque parameter is not ours") from None
    if len(nonce) != NONCE_BYTES:
        raise _malformed("its opaque parameter is not ours")
    return nonce


def _proves(preimage: str, payment_hash: bytes) -> bool:
    try:
        raw = bytes.fromhex(preimage)
    except ValueError:
        return False
    return hmac.compare_digest(hashlib.sha256(raw).digest(), payment_hash)


def _malformed(why: str) -> CredentialRefused:
    return CredentialRefused("L402_CREDENTIAL_MALFORMED", f"Payment credential: {why}.")
