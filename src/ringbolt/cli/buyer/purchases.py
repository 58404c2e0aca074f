"""The purchases of a user: those of the client's journal, with what the commands note on each."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from ringbolt.cli.buyer.earlier_purchases import adopt_earlier_purchases
from ringbolt.cli.buyer.errors import WrongInput
from ringbolt.cli.buyer.note import Note
from ringbolt_client.errors import ClientError
from ringbolt_client.journal import Journal, Purchase

STATE_VARIABLE: Final = "XDG_STATE_HOME"


def users_journal() -> Journal:
    """Where the user's purchases are: ``$XDG_STATE_HOME/ringbolt``, by default under
    ``~/.local/state`` (XDG Base Directory Specification). Raises ``WrongInput``."""
    named = os.environ.get(STATE_VARIABLE, "")
    try:
        state = Path(named) if Path(named).is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError:
        raise WrongInput(
            f"There is no home folder to keep purchases in; name a folder in {STATE_VARIABLE}."
        ) from None
    journal = Journal(state / "ringbolt", None)
    adopt_earlier_purchases(journal)
    return journal


def find_purchase(journal: Journal, name: str) -> Purchase:
    """The purchase whose id begins with ``name``. Raises ``WrongInput``."""
    found = [each for each in journal.all() if each.id.startswith(name.lower())]
    if len(found) == 1:
        return found[0]
    what = "There is no purchase" if not found else "There are several purchases"
    raise WrongInput(f"{what} {name} in {journal.folder}.")


def is_in_use(journal: Journal, purchase: Purchase) -> bool:
    """Whether a process is buying it."""
    turn = journal.turn(purchase.key)
    if turn is not None:
        turn.release()
    return turn is None


def note_of(purchase: Purchase) -> Note:
    """What the commands keep with a purchase. Raises ``ClientError``."""
    try:
        return msgspec.convert(purchase.note, Note)
    except msgspec.ValidationError as error:
        raise ClientError(f"Purchase {purchase.id} cannot be read: {error}") from None


def asked_at(purchase: Purchase) -> str:
    """When it was begun, ISO 8601."""
    return datetime.fromtimestamp(purchase.asked_at, UTC).isoformat(timespec="seconds")


def links_of(document: dict[str, Any]) -> list[str]:
    """The links by which a refund can be withdrawn: LNURL, then its plain address."""
    refund = document.get("refund")
    if not isinstance(refund, dict):
        return []
    return [str(refund[name]) for name in ("lnurl_withdraw", "withdraw_url") if refund.get(name)]
