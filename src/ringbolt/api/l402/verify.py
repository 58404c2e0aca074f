"""Which of a client's credentials are valid for this request."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.core.keys import Keyring
from ringbolt.core.lightning import l402, mpp
from ringbolt.core.lightning.l402 import CredentialRefused, Grant


@dataclass(frozen=True, slots=True)
class Verified:
    """A credential that verified. ``challenge_id`` is set if it was shown the MPP way."""

    grant: Grant
    challenge_id: str | None


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a credential must be valid for: the service, its method and path, digests of the body
    (None: whatever it was), and the time of the request."""

    service: str
    request: str
    body: str | None
    raw_digest: str | None
    now_s: int
    redeem_after_expiry_s: int


def verify(keyring: Keyring, authorization: list[str], purpose: Purpose) -> list[Verified]:
    """Every payment that was shown and verifies, once each, in the order shown.

    Raises ``CredentialRefused``, with the most specific reason, if none does.
    """
    credentials, payments = l402.parse_authorization(authorization)
    verified: dict[bytes, Verified] = {}
    refusals: list[CredentialRefused] = []
    presented: list[l402.Credential | str] = [*credentials, *payments]
    for shown in presented:
        try:
            found = _verified(keyring, shown, purpose)
            verified.setdefault(found.grant.payment_hash, found)
        except CredentialRefused as refused:
            refusals.append(refused)
    if verified:
        return list(verified.values())
    specific = [refusal for refusal in refusals if refusal.payment_hash is not None] or refusals
    if specific:
        raise specific[0]
    raise CredentialRefused(
        "L402_CREDENTIAL_MALFORMED",
        "The Authorization header holds no L402, LSAT or Payment credential.",
    )


def _verified(keyring: Keyring, shown: l402.Credential | str, purpose: Purpose) -> Verified:
    """``shown``: an L402 credential, or the value of a Payment. Raises ``CredentialRefused``."""
    if isinstance(shown, str):
        return _payment(keyring, shown, purpose)
    return Verified(_l402(keyring, shown, purpose), None)


def _l402(keyring: Keyring, credential: l402.Credential, purpose: Purpose) -> Grant:
    return l402.verify(
        keyring,
        credential,
        request=purpose.request,
        service=purpose.service,
        body=purpose.body,
        now_s=purpose.now_s,
    )


def _payment(keyring: Keyring, value: str, purpose: Purpose) -> Verified:
    shown = mpp.parse(value)
    if shown.l402 is not None:
        return Verified(_l402(keyring, shown.l402, purpose), shown.challenge.id)
    sold = mpp.Sold(purpose.service, purpose.request, purpose.raw_digest, purpose.body or "")
    grant = mpp.verify(
        keyring, shown, sold, redeem_s=purpose.redeem_after_expiry_s, now_s=purpose.now_s
    )
    return Verified(grant, shown.challenge.id)
