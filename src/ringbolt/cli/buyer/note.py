"""What the commands keep with a purchase."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from ringbolt.cli.buyer.wallet import WalletAddress
from ringbolt_client.journal import Purchase


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """``is_failed``: what was bought failed, so the credential may buy it again, or the money can
    be withdrawn with ``links``."""

    wallet: WalletAddress
    is_failed: bool = False
    links: list[str] = []

    def written(self) -> dict[str, Any]:
        document: dict[str, Any] = msgspec.to_builtins(self)
        return document

    def on(self, purchase: Purchase) -> Purchase:
        """``purchase`` with this note."""
        return replace(purchase, note=self.written())
