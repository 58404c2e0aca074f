"""Since when the settings name the present account.

A call that was asked for at another account is not in the lists of this one. It must not be taken
for one that was never accepted, and be asked for again.
"""

from __future__ import annotations

from pathlib import Path

import msgspec


class _Kept(msgspec.Struct):
    account: str
    since_ms: int


class SameAccount:
    """Kept in ``folder``. ``account``: the present one, by address and id."""

    def __init__(self, folder: Path, account: str) -> None:
        self._path = folder / "account"
        self._account = account
        self._since_ms: int | None = None

    def since_ms(self, now_ms: int) -> int:
        """0 if no other account is known. It reads and writes the disk; raises ``OSError``."""
        if self._since_ms is None:
            kept = self._read()
            if kept is None or kept.account != self._account:
                kept = _Kept(self._account, 0 if kept is None else now_ms)
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._path.write_bytes(msgspec.json.encode(kept))
            self._since_ms = kept.since_ms
        return self._since_ms

    def _read(self) -> _Kept | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError):
            return None
