"""Scripts of calls that the far end asks to be continued, kept in files until the call is over.

A shop that was restarted in the middle of a call goes on with it: the far end asks for the next
document, whoever answers.
"""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from ringbolt.core.calls.call import Clip, Pause, Record, RenderedGather, RenderedScript

_KEPT_S: Final = 3 * 86_400
_REF: Final = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


class _Clip(msgspec.Struct, tag="clip"):
    path: str
    ms: int


class _Gather(msgspec.Struct, tag="keys"):
    prompt: list[_Clip | Pause]
    max_digits: int
    finish_key: str
    timeout_ms: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[_Clip | Pause | Record | _Gather]).decode


class Scripts:
    """One file for each call, in ``folder``. All methods read or write the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, ref: str, script: RenderedScript) -> None:
        """Raises ``OSError``."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(ref)
        part = path.with_suffix(".part")
        part.write_bytes(_encode([_stored(step) for step in script]))
        part.replace(path)

    def find(self, ref: str) -> RenderedScript | None:
        """None if it is not kept, or cannot be read."""
        if _REF.fullmatch(ref) is None:
            return None
        try:
            return tuple(_step(each) for each in _decode(self._path(ref).read_bytes()))
        except (OSError, msgspec.DecodeError):
            return None

    def forget(self, ref: str) -> None:
        if _REF.fullmatch(ref) is not None:
            with suppress(OSError):  # it was not kept, or stays: it does no harm
                self._path(ref).unlink()

    def forget_lost(self) -> None:
        """Remove files of calls whose end nobody told."""
        before_s = time.time() - _KEPT_S
        for path in self._folder.glob("*.json"):
            with suppress(OSError):  # it is gone, or stays
                if path.stat().st_mtime < before_s:
                    path.unlink()

    def _path(self, ref: str) -> Path:
        return self._folder / f"{ref}.json"


def _stored(step: Clip | Pause | RenderedGather | Record) -> _Clip | Pause | _Gather | Record:
    if isinstance(step, RenderedGather):
        prompt = [_sound(each) for each in step.prompt]
        return _Gather(prompt, step.max_digits, step.finish_key, step.timeout_ms)
    return step if isinstance(step, Record) else _sound(step)


def _sound(sound: Clip | Pause) -> _Clip | Pause:
    return _Clip(sound.path, sound.duration_ms) if isinstance(sound, Clip) else sound


def _step(stored: _Clip | Pause | Record | _Gather) -> Clip | Pause | RenderedGather | Record:
    match stored:
        case _Gather():
            prompt = tuple(_heard(each) for each in stored.prompt)
            return RenderedGather(prompt, stored.max_digits, stored.finish_key, stored.timeout_ms)
        case Record():
            return stored
        case _:
            return _heard(stored)


def _heard(sound: _Clip | Pause) -> Clip | Pause:
    return Clip(sound.path, sound.ms) if isinstance(sound, _Clip) else sound
