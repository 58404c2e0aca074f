"""Purchases that were begun before the commands bought with the client: they stay resumable.

Such a file is named after the first 12 digits of its payment hash, which are the purchase's id; the
journal's own have longer names.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from ringbolt.cli.buyer.note import Note
from ringbolt.cli.buyer.wallet import WalletAddress
from ringbolt.store.engine.file_lock import FileLock
from ringbolt.store.errors import StoreLocked
from ringbolt_client.errors import ClientError
from ringbolt_client.journal import Journal, Purchase, key_of

_ID_CHARS: Final = 12


class _Earlier(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    body: dict[str, Any]
    macaroon: str
    invoice: str
    amount_sats: int
    asked_at: str
    wallet: WalletAddress
    preimage: str = ""
    answer: dict[str, Any] | None = None
    is_failed: bool = False
    links: list[str] = []


def adopt_earlier_purchases(journal: Journal) -> None:
    """Write them as the journal does; but one that its process is still going on with is left to
    it. Raises ``ClientError``."""
    for file in (journal.folder / "purchases").glob("[!.]*.json"):
        if len(file.stem) != _ID_CHARS:
            continue
        lock = file.with_suffix(".lock")
        try:
            held = FileLock(lock, f"Purchase {file.stem}", "Wait for it, or stop it.")
        except StoreLocked:
            continue
        try:
            _adopt(journal, file)
            lock.unlink(missing_ok=True)
        finally:
            held.release()


def _adopt(journal: Journal, file: Path) -> None:
    """Written before the old file is removed: after a crash between, the same is written again."""
    try:
        earlier = msgspec.json.decode(file.read_bytes(), type=_Earlier)
        asked_at = datetime.fromisoformat(earlier.asked_at).timestamp()
    except FileNotFoundError:  # adopted by another process meanwhile
        return
    except (msgspec.MsgspecError, ValueError) as error:
        raise ClientError(f"{file} is not a purchase: {error}") from None
    note = Note(wallet=earlier.wallet, is_failed=earlier.is_failed, links=earlier.links)
    journal.keep(
        Purchase(
            key=key_of("POST", earlier.url, earlier.body, file.stem),
            id=file.stem,
            method="POST",
            url=earlier.url,
            body=earlier.body,
            scheme="L402",
            parameters={"macaroon": earlier.macaroon},
            invoice=earlier.invoice,
            amount_sats=earlier.amount_sats,
            asked_at=asked_at,
            preimage=earlier.preimage,
            answer=earlier.answer,
            is_kept=True,
            needs_document=True,
            note=note.written(),
        )
    )
    file.unlink(missing_ok=True)
