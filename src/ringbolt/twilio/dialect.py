"""How Twilio's relatives differ: addresses, authentication, and what they sign callbacks with.

Sources: the vendors' own references, as of 2026: twilio.com/docs/voice/api/call-resource,
developer.signalwire.com (Compatibility API), developers.telnyx.com (TeXML REST commands),
www.somleng.org (Somleng's REST API).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Dialect(StrEnum):
    """Whose form of the API an account speaks."""

    TWILIO = "twilio"
    SIGNALWIRE = "signalwire"
    TELNYX = "telnyx"
    SOMLENG = "somleng"


class Signing(StrEnum):
    """What a callback is signed with. HMAC: the URL and the form, under the auth token or a key of
    its own. ED25519: the time and the body, by the vendor's private key."""

    HMAC = "hmac"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class DialectRules:
    """How a dialect is spoken.

    ``base_url``: the vendor's address, '' if every customer has another. ``accounts``: the path of
    an account's resources, before its id; ``suffix`` ends the path of a resource. ``is_bearer``:
    the token is sent as a bearer token, without the account's id. ``takes_twiml``: a call's
    document may be in the request itself, else it is fetched from a URL. ``signatures``: the
    headers of a callback that may carry its signature. ``needs_application``: calls name an
    application of the account.
    """

    base_url: str
    accounts: str
    suffix: str
    signatures: tuple[str, ...]
    signing: Signing = Signing.HMAC
    is_bearer: bool = False
    takes_twiml: bool = True
    needs_application: bool = False


_ACCOUNTS: Final = "/2010-04-01/Accounts"

RULES: Final = MappingProxyType(
    {
        Dialect.TWILIO: DialectRules(
            "https://api.twilio.com", _ACCOUNTS, ".json", ("x-twilio-signature",)
        ),
        Dialect.SIGNALWIRE: DialectRules(
            "",
            f"/api/laml{_ACCOUNTS}",
            ".json",
            ("x-signalwire-signature", "x-twilio-signature"),
        ),
        Dialect.TELNYX: DialectRules(
            "https://api.telnyx.com",
            "/v2/texml/Accounts",
            "",
            ("telnyx-signature-ed25519",),
            signing=Signing.ED25519,
            is_bearer=True,
            takes_twiml=False,
            needs_application=True,
        ),
        Dialect.SOMLENG: DialectRules(
            "https://api.somleng.org",
            _ACCOUNTS,
            ".json",
            ("x-twilio-signature", "x-somleng-signature"),
            takes_twiml=False,
        ),
    }
)
