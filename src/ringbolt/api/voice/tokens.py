"""Bearer tokens: JSON Web Tokens (RFC 7519) that stand for an API key for a while.

They hold no secret and no right of their own: a token is worth what its key is worth at the moment
it is shown, so it dies with its key. They are signed with HS256 under a key of the keyring for this
purpose alone; ``kid`` says which master secret, so that a rotation ends no session.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

import jwt

from ringbolt.core.errors import Unauthorized
from ringbolt.core.keys import Keyring, derive

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


def issue(keyring: Keyring, key_id: str, user_name: str, now_s: int, lifetime_s: int) -> str:
    """A token for the API key of that id. ``user_name`` is recorded in it and means nothing."""
    claims = {
        "sub": key_id,
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


def key_id_of(keyring: Keyring, token: str, now_s: int) -> str:
    """The API key that a token stands for. Raises ``Unauthorized`` with the reason."""
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
    return str(claims["sub"])


def _secret_of(keyring: Keyring, kid: object) -> bytes | None:
    is_number = isinstance(kid, str) and kid.isascii() and kid.isdigit() and len(kid) <= 3
    return keyring.secret(int(str(kid))) if is_number else None


def _not_ours() -> Unauthorized:
    return Unauthorized(
        "This token was not made by this shop, or it was changed.",
        code="TOKEN_INVALID",
        suggestion=_AGAIN,
    )
