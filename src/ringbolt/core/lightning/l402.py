"""L402: what one payment buys, minted into a macaroon and checked when it comes back.

Nothing is stored for a challenge. The macaroon's root key and the invoice's preimage are derived
from the shop's secret and a random nonce; the nonce stands in the invoice's memo, so that a
payment can be recognised as ours even if its credential is never shown.

Sources: the L402 specification (protocol-specification.md), Aperture's identifier.go for the
66-byte identifier, and the challenge form that every known client parses.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass

import msgspec

from ringbolt.core.keys import Keyring, derive
from ringbolt.core.lightning import macaroon
from ringbolt.core.timestamps import iso_seconds

LOCATION = "ringbolt"
NONCE_BYTES = 16
MAX_HEADER = 8192
MAX_CREDENTIALS = 8
"""How many credentials of each kind are checked; each costs a signature."""
_IDENTIFIER_VERSION = b"\0\0"
_MEMO_NONCE = re.compile(r"\bref ([0-9a-f]{32})$")
_SCHEMES = frozenset({"l402", "lsat", "payment"})
_WORD = re.compile(r"[^,\s]+")
_PREIMAGE = re.compile(r"[0-9a-fA-F]{64}")
_WHOLE_NUMBER = re.compile(r"-?[0-9]+", re.ASCII)


class Offer(msgspec.Struct, frozen=True):
    """What a payment buys: exactly one request, for an amount, until a time.

    ``request``: e.g. ``POST /api/l402/place-call``. ``body``: digest of the canonical JSON body.
    ``order``: the order itself (base64url), where the credential alone must be enough to place it;
    '' where the body is sent again.
    """

    service: str
    request: str
    body: str
    amount_msat: int
    valid_until_s: int
    order: str = ""


class Token(msgspec.Struct, frozen=True):
    """The secrets behind one challenge, all derived from ``nonce``."""

    nonce: bytes
    preimage: bytes
    payment_hash: bytes
    token_id: bytes

    @property
    def identifier(self) -> bytes:
        return _IDENTIFIER_VERSION + self.payment_hash + self.token_id


@dataclass(frozen=True, slots=True)
class Credential:
    """A shown credential: macaroon (as text) and preimage; nothing about it is checked yet."""

    macaroon: str
    preimage: str


class CredentialRefused(Exception):
    """Why a credential is not accepted; ``code`` is machine-readable, ``message`` a sentence.

    ``payment_hash`` is set once the credential is known to be one of ours and paid; ``expired``
    holds what it would have granted earlier.
    """

    def __init__(
        self,
        code: str,
        message: str,
        payment_hash: bytes | None = None,
        expired: Grant | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.payment_hash = payment_hash
        self.expired = expired


class Grant(msgspec.Struct, frozen=True):
    """A credential that verified: this payment bought ``offer``. ``nonce`` is its challenge's."""

    payment_hash: bytes
    offer: Offer
    nonce: bytes = b""


def new_token(keyring: Keyring, random: bytes) -> Token:
    """A token from ``NONCE_BYTES - 1`` random bytes; the first byte of a nonce is the key's id."""
    if len(random) != NONCE_BYTES - 1:
        raise ValueError(f"a nonce needs {NONCE_BYTES - 1} random bytes")
    return _token(keyring.current, bytes([keyring.key_id]) + random)


def _token(secret: bytes, nonce: bytes) -> Token:
    preimage = derive(secret, "l402 preimage", nonce)
    payment_hash = hashlib.sha256(preimage).digest()
    # A token id is public and only has to be unique; the macaroon's signature is the secret.
    return Token(nonce, preimage, payment_hash, nonce + payment_hash[:16])


def order_id(keyring: Keyring, nonce: bytes) -> str:
    """The id of the order of a challenge, for services whose orders have an id before they are
    paid: secret, because who knows an order's id may see the order."""
    secret = keyring.secret(nonce[0])
    assert secret is not None, "the nonce is one of ours"
    return derive(secret, "l402 order id", nonce).hex()


def memo(label: str, nonce: bytes) -> str:
    """The invoice's memo: what it is for in general, and the nonce. Nothing private."""
    return f"{label}, ref {nonce.hex()}"


def token_of_memo(keyring: Keyring, text: str, payment_hash: bytes) -> Token | None:
    """The token behind a settled invoice if it is one of ours; the hash proves it."""
    match = _MEMO_NONCE.search(text)
    if match is None:
        return None
    nonce = bytes.fromhex(match[1])
    secret = keyring.secret(nonce[0])
    if secret is None:
        return None
    token = _token(secret, nonce)
    return token if hmac.compare_digest(token.payment_hash, payment_hash) else None


def mint(keyring: Keyring, token: Token, offer: Offer) -> str:
    """The macaroon for an offer: standard base64 with padding, as Aperture and lnget expect."""
    identifier = token.identifier
    root_key = derive(keyring.current, "l402 root", identifier)
    name = offer.service
    caveats = (  # as ``_conditions`` names them
        f"services={name}:0",
        f"{name}_valid_until={offer.valid_until_s}",
        f"{name}_request={offer.request}",
        f"{name}_body={offer.body}",
        f"{name}_amount_msat={offer.amount_msat}",
        *((f"{name}_order={offer.order}",) if offer.order else ()),
    )
    return macaroon.encode_base64(macaroon.mint(root_key, identifier, LOCATION, caveats))


def parse_authorization(values: list[str]) -> tuple[list[Credential], list[str]]:
    """Every L402/LSAT credential and every MPP ``Payment`` value in the Authorization lines.

    Liberal: either case, a doubled scheme, several lines or several credentials in one line,
    quotes, several macaroons before the colon. At most ``MAX_CREDENTIALS`` of each.
    """
    credentials: list[Credential] = []
    payments: list[str] = []
    for value in values:
        line = value[:MAX_HEADER].strip()
        schemes = [word for word in _WORD.finditer(line) if _is_scheme(word[0], line, word.end())]
        ends = [word.start() for word in schemes[1:]] + [len(line)]
        for scheme, end in zip(schemes, ends, strict=False):  # without any, one end is left over
            content = line[scheme.end() : end].strip().strip(",").strip()
            if not content:
                continue
            if scheme[0].lower() == "payment":
                payments.append(content)
            else:
                credentials.extend(_credentials(content))
    return credentials[:MAX_CREDENTIALS], payments[:MAX_CREDENTIALS]


def _is_scheme(word: str, line: str, end: int) -> bool:
    """A scheme is a word of its own with white space after it, not a comma."""
    return len(word) <= 7 and word.lower() in _SCHEMES and line[end : end + 1].strip() == ""


def _credentials(content: str) -> list[Credential]:
    macaroons, _, preimage = content.strip("\"'").rpartition(":")
    preimage = preimage.strip().strip("\"'")
    texts = macaroons.split(",", MAX_CREDENTIALS)[:MAX_CREDENTIALS]
    return [Credential(text.strip(), preimage) for text in texts if text.strip()]


def verify(
    keyring: Keyring,
    credential: Credential,
    *,
    request: str,
    service: str,
    body: str | None,
    now_s: int,
) -> Grant:
    """What the credential bought, if it is ours, paid, in time, and for exactly this request.
    ``body`` None: whatever the body was.

    The grant, its time included, is what was minted; caveats that a holder added can only refuse.
    Raises ``CredentialRefused``.
    """
    parsed, payment_hash = _authentic(keyring, credential)
    caveats = [_condition_and_value(caveat) for caveat in parsed.caveats]
    offer = _minted_offer(caveats, service)
    minted = len(_conditions(service)) + bool(offer.order)
    _check_restrictions(caveats[minted:], offer, now_s)
    if offer.request != request:
        raise CredentialRefused(
            "L402_REQUEST_MISMATCH",
            f"This credential was bought for {offer.request}, not for {request}.",
            payment_hash,
        )
    if body is not None and not hmac.compare_digest(offer.body.encode(), body.encode()):
        raise CredentialRefused(
            "L402_BODY_MISMATCH",
            "This credential was bought for another request body. Repeat the request with "
            "exactly the body that the invoice was made for.",
            payment_hash,
        )
    nonce = parsed.identifier[34 : 34 + NONCE_BYTES]
    grant = Grant(payment_hash, offer, nonce)
    if now_s >= offer.valid_until_s:
        raise expired(grant)
    return grant


def _condition_and_value(caveat: str) -> tuple[str, str]:
    condition, _, value = caveat.partition("=")
    return condition.strip(), value.strip()


def expired(grant: Grant) -> CredentialRefused:
    """The refusal of a paid credential that comes too late; its money can be claimed back."""
    return CredentialRefused(
        "L402_TOKEN_EXPIRED",
        "This credential has expired: it could be used until "
        f"{iso_seconds(grant.offer.valid_until_s)}.",
        grant.payment_hash,
        grant,
    )


def _authentic(keyring: Keyring, credential: Credential) -> tuple[macaroon.Macaroon, bytes]:
    """The macaroon and its payment hash, once signature and preimage are right."""
    if not _PREIMAGE.fullmatch(credential.preimage):
        raise CredentialRefused(
            "L402_CREDENTIAL_MALFORMED",
            "After the macaroon and a colon, the preimage must follow: 64 hexadecimal digits.",
        )
    try:
        parsed = macaroon.parse(macaroon.decode_base64(credential.macaroon))
    except macaroon.MacaroonError as error:
        raise CredentialRefused(
            "L402_CREDENTIAL_MALFORMED", f"The macaroon cannot be read: {error}."
        ) from None
    identifier = parsed.identifier
    secret = None
    if len(identifier) == 66 and identifier[:2] == _IDENTIFIER_VERSION:
        secret = keyring.secret(identifier[34])
    if secret is None or not macaroon.verify(derive(secret, "l402 root", identifier), parsed):
        raise CredentialRefused(
            "L402_CREDENTIAL_FOREIGN", "This macaroon was not made by this shop, or was changed."
        )
    payment_hash = identifier[2:34]
    preimage = bytes.fromhex(credential.preimage)
    if not hmac.compare_digest(hashlib.sha256(preimage).digest(), payment_hash):
        raise CredentialRefused(
            "L402_PREIMAGE_MISMATCH",
            "The preimage does not belong to this macaroon's invoice; the invoice is not "
            "proven to be paid.",
        )
    return parsed, payment_hash


def _conditions(service: str) -> tuple[str, ...]:
    """The conditions that are minted for a service, in this order, before any of the holder's."""
    return (
        "services",
        f"{service}_valid_until",
        f"{service}_request",
        f"{service}_body",
        f"{service}_amount_msat",
    )


def _minted_offer(caveats: list[tuple[str, str]], service: str) -> Offer:
    """What was sold, from the shop's own caveats alone. Raises ``CredentialRefused``."""
    conditions = _conditions(service)
    minted = caveats[: len(conditions)]
    if tuple(condition for condition, _ in minted) != conditions:
        raise CredentialRefused(
            "L402_REQUEST_MISMATCH", f"This credential is not for the service {service}."
        )
    _, valid_until_s, request, body, amount_msat = (value for _, value in minted)
    order = ""
    # A service mints this caveat always or never. Where it never does, a holder may have added it;
    # nobody reads it there.
    if len(caveats) > len(minted) and caveats[len(minted)][0] == f"{service}_order":
        order = caveats[len(minted)][1]
    return Offer(service, request, body, int(amount_msat), int(valid_until_s), order)


def _check_restrictions(caveats: list[tuple[str, str]], offer: Offer, now_s: int) -> None:
    """Check the caveats that a holder added: they can only refuse.

    A condition that is not known is skipped, as the L402 text says. The refusal names no payment:
    a holder of a restricted credential learns nothing of its order, and cannot claim its money.
    """
    name = offer.service
    fixed = {
        f"{name}_request": offer.request,
        f"{name}_body": offer.body,
        f"{name}_amount_msat": str(offer.amount_msat),
        **({f"{name}_order": offer.order} if offer.order else {}),
    }
    for condition, value in caveats:
        if condition == f"{name}_valid_until":
            _check_time(value, now_s)
        elif condition == "services":
            if name not in {item.partition(":")[0].strip() for item in value.split(",")}:
                raise CredentialRefused(
                    "L402_REQUEST_MISMATCH",
                    f"This credential was restricted: it is not for the service {name}.",
                )
        elif fixed.get(condition, value) != value:
            raise CredentialRefused(
                "L402_REQUEST_MISMATCH",
                f"This credential was restricted ({condition}) so that it buys nothing here.",
            )


def _check_time(value: str, now_s: int) -> None:
    if not _WHOLE_NUMBER.fullmatch(value):
        raise CredentialRefused(
            "L402_CREDENTIAL_FOREIGN", "A time that this credential was restricted to is no number."
        )
    if now_s >= int(value):
        raise CredentialRefused(
            "L402_TOKEN_EXPIRED", "This credential was restricted to a time that is over."
        )


def b64url(data: bytes) -> str:
    """base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64url(text: str) -> bytes:
    """Raises ``ValueError`` for what is not base64url; padding is optional."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("not base64url") from error
