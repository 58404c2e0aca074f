"""Find, among all that a client showed, the credential that pays for this request."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.api.l402.challenge import REQUEST, SERVICE
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning import l402, mpp
from ringbolt.core.lightning.l402 import CredentialRefused, Grant


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A credential that verified. ``challenge_id`` is set if it was shown the MPP way."""

    grant: Grant
    challenge_id: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """What the credential must have been bought for."""

    body: str
    raw_digest: str
    now_s: int
    redeem_after_expiry_s: int


def redeem(keyring: Keyring, authorization: list[str], request: Request) -> list[Redeemed]:
    """Every payment that was shown and verifies, once each, in the order shown.

    Raises ``CredentialRefused``, with the most telling reason, if none does.
    """
    credentials, payments = l402.parse_authorization(authorization)
    redeemed: dict[bytes, Redeemed] = {}
    refusals: list[CredentialRefused] = []
    for credential in credentials:
        try:
            grant = _l402(keyring, credential, request)
            redeemed.setdefault(grant.payment_hash, Redeemed(grant, None))
        except CredentialRefused as refused:
            refusals.append(refused)
    for value in payments:
        try:
            shown = _payment(keyring, value, request)
            redeemed.setdefault(shown.grant.payment_hash, shown)
        except CredentialRefused as refused:
            refusals.append(refused)
    if redeemed:
        return list(redeemed.values())
    telling = [refusal for refusal in refusals if refusal.payment_hash is not None] or refusals
    if telling:
        raise telling[0]
    raise CredentialRefused(
        "L402_CREDENTIAL_MALFORMED",
        "The Authorization header holds no L402, LSAT or Payment credential.",
    )


def _l402(keyring: Keyring, credential: l402.Credential, request: Request) -> Grant:
    return l402.verify(
        keyring,
        credential,
        request=REQUEST,
        service=SERVICE,
        body=request.body,
        now_s=request.now_s,
    )


def _payment(keyring: Keyring, value: str, request: Request) -> Redeemed:
    shown = mpp.parse(value)
    if shown.l402 is not None:
        return Redeemed(_l402(keyring, shown.l402, request), shown.challenge.id)
    grant = mpp.verify(
        keyring,
        shown,
        service=SERVICE,
        request=REQUEST,
        raw_digest=request.raw_digest,
        body=request.body,
        redeem_s=request.redeem_after_expiry_s,
        now_s=request.now_s,
    )
    return Redeemed(grant, shown.challenge.id)
