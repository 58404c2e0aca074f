"""All other languages by espeak-ng (GPL-3.0, 22.05 kHz), through its C interface.

Runs in the speech process and nowhere else: there is one instance per process, two threads in it
crash, and a process boundary also keeps a GPL library at arm's length.
"""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from ringbolt.speech.telephone import Samples
from ringbolt.speech.voices import EngineVoice

# espeak-ng/speak_lib.h
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_POS_CHARACTER = 1
_CHARS_UTF8 = 1
_RATE = 1
_SLOWEST = 80  # espeakRATE_MINIMUM, words per minute
_OK = 0

_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)
_SENTENCE_END = re.compile(r"(?<=[.!?؟؛\n])\s+|\n")
_VOWEL_MARK = re.compile("[\u064b-\u0652\u0670]")
_ARABIC_LETTER = re.compile("[\u0621-\u064a]")


class EspeakFailed(Exception):
    """The library refused; the message says what, never the text."""


class EspeakEngine:
    name = "espeak-ng"

    def __init__(self) -> None:
        self._library: Any = None
        self._callback: Any = None  # a ctypes callback lives only as long as it is referenced
        self._chunks: list[bytes] = []
        self._sample_rate = 0
        self._diacritizer: Any = None

    def load(self) -> None:
        """Some 20 ms."""
        if self._library is not None:
            return
        import espeakng_loader  # noqa: PLC0415 - lazy

        library = ctypes.CDLL(espeakng_loader.get_library_path())
        # The library cuts data paths near 170 characters, and then looks in a folder of the
        # machine that built it. From its own folder "." is short enough everywhere.
        os.chdir(Path(espeakng_loader.get_data_path()).parent)
        self._sample_rate = library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, 0, b".", _INITIALIZE_DONT_EXIT
        )
        if self._sample_rate <= 0:
            raise EspeakFailed("espeak-ng does not find its data")
        self._callback = _CALLBACK(self._take)
        library.espeak_SetSynthCallback(self._callback)
        self._library = library

    def speak(
        self, text: str, language: str, voice: EngineVoice, _wanted_rate: int
    ) -> tuple[Samples, int]:
        """The samples and their rate, Hz. Raises ``EspeakFailed``."""
        self.load()
        if language == "ar":
            text = self._with_vowels(text)
        # an unknown name leaves the previous voice selected; this status is the only sign
        if self._library.espeak_SetVoiceByName(voice.name.encode()) != _OK:
            raise EspeakFailed(f"espeak-ng has no voice {voice.name}")
        pace = max(_SLOWEST, round(voice.words_per_minute * voice.rate))
        self._library.espeak_SetParameter(_RATE, pace, 0)
        self._chunks.clear()
        data = text.encode() + b"\0"
        if self._library.espeak_Synth(
            data, ctypes.c_size_t(len(data)), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None
        ):
            raise EspeakFailed("espeak-ng did not speak")
        samples = np.frombuffer(b"".join(self._chunks), np.int16).astype(np.float32) / np.float32(
            32768
        )
        self._chunks.clear()
        return samples, self._sample_rate

    def _take(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._chunks.append(ctypes.string_at(samples, 2 * count))
        return 0  # go on

    def _with_vowels(self, text: str) -> str:
        """Add the short vowels that written Arabic omits: espeak-ng would not speak them."""
        if 4 * len(_VOWEL_MARK.findall(text)) > len(_ARABIC_LETTER.findall(text)):
            return text  # the text has them
        if self._diacritizer is None:
            from text2tashkeel import Diacritizer  # noqa: PLC0415 - lazy

            self._diacritizer = Diacritizer()
        sentences = _SENTENCE_END.split(text)
        return " ".join(self._diacritizer(sentence) for sentence in sentences if sentence.strip())
