"""Events, as relays carry them (NIP-01)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ringbolt_client.nostr.keys import Keys, is_signed


@dataclass(frozen=True, slots=True)
class Event:
    """``id``, ``pubkey`` and ``sig`` are hex, ``created_at`` is Unix time."""

    id: str
    pubkey: str
    created_at: int
    kind: int
    tags: tuple[tuple[str, ...], ...]
    content: str
    sig: str

    @classmethod
    def signed(
        cls, keys: Keys, kind: int, content: str, *, tags: list[list[str]], created_at: int
    ) -> Event:
        digest = _digest([0, keys.public, created_at, kind, tags, content])
        kept = tuple(tuple(tag) for tag in tags)
        return cls(digest.hex(), keys.public, created_at, kind, kept, content, keys.sign(digest))

    @classmethod
    def read(cls, document: Any) -> Event | None:
        """An event that is what its author signed; None for all else."""
        try:
            tags = [[str(each) for each in tag] for tag in document["tags"]]
            event = cls(
                str(document["id"]),
                str(document["pubkey"]),
                int(document["created_at"]),
                int(document["kind"]),
                tuple(tuple(tag) for tag in tags),
                str(document["content"]),
                str(document["sig"]),
            )
        except (KeyError, TypeError, ValueError):
            return None
        digest = _digest([0, event.pubkey, event.created_at, event.kind, tags, event.content])
        if digest.hex() != event.id or not is_signed(digest, event.pubkey, event.sig):
            return None
        return event

    def tag(self, name: str) -> str:
        """The value of the first tag of that name; '' without one."""
        return next((each[1] for each in self.tags if each[0] == name and len(each) > 1), "")

    def written(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "pubkey": self.pubkey,
            "created_at": self.created_at,
            "kind": self.kind,
            "tags": [list(tag) for tag in self.tags],
            "content": self.content,
            "sig": self.sig,
        }


def _digest(fields: list[Any]) -> bytes:
    written = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    return sha256(written.encode()).digest()
