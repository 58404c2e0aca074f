"""Bearer tokens: JSON Web Tokens (RFC 7519) that stand for an API key for a while.

They hold no secret and no right of their own: a token is worth what its key is worth at the moment
it is shown, so it dies with its key, also when the key is
replaced. They are signed with HS256 under a key of the keyring for this
purpose alone; ``kid`` says which master secret, so that a rotation ends no session.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import jwt

from ringbolt.core.errors import Unauthorized
from ringbolt.core.keys import Keyring, derive
from ringbolt.store.keys import ApiKey

_ALGORITHM: Final = "HS256"
_LABEL: Final = "voice token"
_AGAIN: Final = "Sign in again: POST /auth/v1/tokens with your apiKey."
_CLAIMS: Final = ["sub", "iat", "exp", "jti"]
# Compared below with the shop's own clock, which the simulator moves.
_OPTIONS: Final[Any] = {
    "require": _CLAIMS,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


@dataclass(frozen=True, slots=True)
class Named:
    """The API key that a token stands for. ``mark``: of the key that it was made for, which may
    have been replaced since; '' in tokens of earlier versions."""

    key_id: str
    mark: str


def mark_of(key: ApiKey) -> str:
    """By what tokens tell a key from the one that replaced it; not what the key is stored as."""
    return sha256(b"mark" + key.hash).hexdigest()[:16]


def issue(keyring: Keyring, key: ApiKey, user_name: str, now_s: int, lifetime_s: int) -> str:
    """A token for an API key. ``user_name`` is recorded in it and means nothing."""
    claims = {
        "sub": key.id,
        "key": mark_of(key),
        "name": user_name,
        "iat": now_s,
        "exp": now_s + lifetime_s,
        "jti": secrets.token_hex(16),
    }
    signing_key = keyring.derive(_LABEL)
    return jwt.encode(claims, signing_key, _ALGORITHM, headers={"kid": str(keyring.key_id)})


def looks_like_token(text: str) -> bool:
    """Whether it is a token, not an API key: three parts, the first an encoded JSON object."""
    return text.startswith("eyJ") and text.count(".") == 2


def named_by(keyring: Keyring, token: str, now_s: int) -> Named:
    """What a token stands for. Raises ``Unauthorized`` with the reason."""
    try:
        secret = _secret_of(keyring, jwt.get_unverified_header(token).get("kid"))
        if secret is None:
            raise _not_ours()
        claims = jwt.decode(
            token, derive(secret, _LABEL), algorithms=[_ALGORITHM], options=_OPTIONS
        )
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise _not_ours() from None
    if now_s >= int(claims["exp"]):
        raise Unauthorized("This token has expired.", code="TOKEN_EXPIRED", suggestion=_AGAIN)
    return Named(str(claims["sub"]), str(claims.get("key", "")))


def _secret_of(keyring: Keyring, kid: object) -> bytes | None:
    is_number = isinstance(kid, str) and kid.isascii() and kid.isdigit() and len(kid) <= 3
    return keyring.secret(int(str(kid))) if is_number else None


def _not_ours() -> Unauthorized:
    return Unauthorized(
        "This token was not made by this shop, or it was changed.",
        code="TOKEN_INVALID",
        suggestion=_AGAIN,
    )
