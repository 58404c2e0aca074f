"""What espeak-ng says, in its own phonemes, while it speaks through the product's engine class.

Not ``espeak_TextToPhonemes``, which reads some numbers otherwise than the synthesis does.
"""

from __future__ import annotations

import ctypes
import os
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ringbolt.speech.espeak import EspeakEngine
from ringbolt.speech.voices import espeak_voice

_PLAIN = 1  # espeakPHONEMES_SHOW
_STRESS = re.compile("[',_!|\\s]")
_FASTEST = 3.0  # times as fast as usual: the less sound, the less work


class Listener:
    """Use it as a context: the library's working directory lasts no longer."""

    def __init__(self) -> None:
        self._engine = EspeakEngine()
        self._before = Path.cwd()
        self._read = 0

    def __enter__(self) -> Self:
        descriptor, self._path = tempfile.mkstemp()
        os.close(descriptor)
        self._c: Any = ctypes.CDLL(None)
        self._c.fopen.restype = ctypes.c_void_p
        self._file = ctypes.c_void_p(self._c.fopen(self._path.encode(), b"w"))
        self._engine.load()
        self._library: Any = self._engine._library
        self._trace(_PLAIN, self._file)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._trace(0, None)
        self._c.fclose(self._file)
        Path(self._path).unlink()
        os.chdir(self._before)

    def phonemes(self, spoken: str, language: str, region: str = "") -> str:
        """Of a text as the engine gets it, with stress and pauses."""
        voice = replace(espeak_voice(language, region, "male"), rate=_FASTEST)
        self._engine.speak(spoken, language, voice, 8000)
        self._c.fflush(self._file)
        with Path(self._path).open(encoding="utf-8") as trace:
            trace.seek(self._read)
            said = trace.read()
            self._read = trace.tell()
        return " ".join(said.split())

    def sounds(self, spoken: str, language: str, region: str = "") -> str:
        """The same without stress and pauses."""
        return _STRESS.sub("", self.phonemes(spoken, language, region))

    def _trace(self, mode: int, file: ctypes.c_void_p | None) -> None:
        self._library.espeak_SetPhonemeTrace(mode, file)
