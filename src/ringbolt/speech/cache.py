"""Spoken texts on disk, by everything that determines their audio. The files are the index.

A clip is two files, ``aa/bb/KEY.json`` (which voice spoke) and ``aa/bb/KEY.pcm`` (raw audio). The
modification time of the first is when the clip was made, that of the second when it was last used.
Texts may hold codes and names, so only the owner can read the files, names are digests, and nothing
is kept longer than necessary.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

IN_USE_S = 3600.0
"""How long a clip must be unused before it is removed: a call may still play it."""


@dataclass(frozen=True, slots=True)
class Clip:
    """``path``: raw s16le mono 8 kHz. ``facts``: what was stored with it."""

    path: Path
    size: int
    facts: dict[str, Any]


def cache_key(ingredients: dict[str, Any]) -> str:
    """SHA-256 over canonical JSON: the same ingredients give the same key, always."""
    canonical = json.dumps(ingredients, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


class SpeechCache:
    """``max_bytes`` may be exceeded by clips used within the last ``in_use_s`` seconds."""

    def __init__(
        self, root: Path, max_bytes: int, ttl_s: float, in_use_s: float = IN_USE_S
    ) -> None:
        self._root = root
        self._max_bytes = max_bytes
        self._ttl_s = ttl_s
        self._in_use_s = in_use_s
        self._added = 0

    def get(self, key: str) -> Clip | None:
        """The clip, marked as used now; None if there is none, or it is too old or incomplete."""
        facts_path, path = self._paths(key)
        try:
            born = facts_path.stat().st_mtime
            facts: dict[str, Any] = json.loads(facts_path.read_bytes())
            size = path.stat().st_size
            if time.time() - born > self._ttl_s or facts.get("bytes") != size:
                return None
            os.utime(path)
        except (FileNotFoundError, ValueError):
            return None
        return Clip(path, size, facts)

    def put(self, key: str, pcm: bytes, facts: dict[str, Any]) -> Clip:
        """Store a clip (atomically; another process may store the same). Raises ``OSError``."""
        facts_path, path = self._paths(key)
        facts = facts | {"bytes": len(pcm)}
        for folder in (self._root, path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(facts_path, json.dumps(facts).encode())
        _write(path, pcm)
        self._added += len(pcm)
        return Clip(path, len(pcm), facts)

    @property
    def purge_is_due(self) -> bool:
        """Whether so much was added since the last purge that the limit may be exceeded."""
        return self._added * 10 > self._max_bytes

    def purge(self) -> int:
        """Remove clips that are too old, then the least recently used; returns the bytes freed."""
        self._added = 0
        now = time.time()
        clips = sorted(self._clips())
        total = sum(size for _, _, size, _ in clips)
        freed = 0
        for used, born, size, path in clips:
            if now - used <= self._in_use_s:
                break  # sorted by last use: so are all that follow
            if now - born > self._ttl_s or total - freed > self._max_bytes:
                path.unlink(missing_ok=True)
                path.with_suffix(".json").unlink(missing_ok=True)
                freed += size
        self._remove_leftovers(now)
        return freed

    def _paths(self, key: str) -> tuple[Path, Path]:
        stem = self._root / key[:2] / key[2:4] / key
        return stem.with_suffix(".json"), stem.with_suffix(".pcm")

    def _clips(self) -> list[tuple[float, float, int, Path]]:
        """(last use, made, bytes, path) of every clip."""
        found = []
        for path in self._root.glob("??/??/*.pcm"):
            with contextlib.suppress(FileNotFoundError):  # another process purges too
                audio = path.stat()
                born = path.with_suffix(".json").stat().st_mtime
                found.append((audio.st_mtime, born, audio.st_size, path))
        return found

    def _remove_leftovers(self, now: float) -> None:
        """Remove incomplete clips, whose writer died."""
        for path in self._root.glob("??/??/*"):
            if path.suffix == ".json" and path.with_suffix(".pcm").exists():
                continue
            if path.suffix == ".pcm" and path.with_suffix(".json").exists():
                continue
            with contextlib.suppress(FileNotFoundError):
                if now - path.stat().st_mtime > self._in_use_s:
                    path.unlink()


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
