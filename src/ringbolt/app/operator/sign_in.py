"""The operator's sign-in on the web: a link that works once, and a session that it opens.

The newest link is a fact of the shop until it is used or replaced. A session is a signed time: no
session is stored, and signing out everywhere changes what sessions are signed with.
"""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from typing import Final

from ringbolt.core.keys import Keyring
from ringbolt.store import shop_facts
from ringbolt.store.engine.db import Tx

LINK_MS: Final = 600_000
"""How long a link can be opened."""
SESSION_MS: Final = 12 * 3_600_000
_LINK: Final = "operator link"
_SESSIONS: Final = "operator sessions"
_LABEL: Final = "operator session"


def new_link(tx: Tx) -> str:
    """The secret of a new link; earlier links no longer work."""
    secret = tx.new_secret()
    fact = {"hash": _digest(secret), "until_ms": tx.now_ms + LINK_MS}
    shop_facts.keep(tx, _LINK, json.dumps(fact))
    return secret


def use_link(tx: Tx, keyring: Keyring, secret: str) -> str | None:
    """The session that the link opens; None if it was used, replaced, or is too old."""
    if not _is_open(tx, secret):
        return None
    shop_facts.keep(tx, _LINK, "")
    return _session(tx, keyring, tx.now_ms + SESSION_MS)


def is_link(tx: Tx, secret: str) -> bool:
    """Whether the link can be opened. Asking does not use it."""
    return _is_open(tx, secret)


def is_session(tx: Tx, keyring: Keyring, session: str) -> bool:
    """Whether the session was opened by a link, and is not over."""
    until, _, _ = session.partition(".")
    if not (until.isascii() and until.isdigit() and len(until) < 20):
        return False
    is_ours = hmac.compare_digest(session.encode(), _session(tx, keyring, int(until)).encode())
    return is_ours and tx.now_ms < int(until)


def end_sessions(tx: Tx) -> None:
    """Sign out everywhere, and drop the newest link."""
    shop_facts.keep(tx, _SESSIONS, tx.new_secret())
    shop_facts.keep(tx, _LINK, "")


def form_token(session: str) -> str:
    """What the forms of a session carry, so that no other site can send them."""
    return _digest(f"form {session}")


def _is_open(tx: Tx, secret: str) -> bool:
    fact = shop_facts.get(tx, _LINK)
    if not fact:
        return False
    link = json.loads(fact)
    is_it = hmac.compare_digest(link["hash"], _digest(secret))
    return is_it and tx.now_ms < link["until_ms"]


def _session(tx: Tx, keyring: Keyring, until_ms: int) -> str:
    generation = shop_facts.get(tx, _SESSIONS) or ""
    key = keyring.derive(_LABEL)
    signature = hmac.new(key, f"{generation} {until_ms}".encode(), sha256).hexdigest()
    return f"{until_ms}.{signature}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
