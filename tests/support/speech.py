"""Spoken texts of the whole run: to load a voice takes seconds, and minutes on a busy machine."""

from __future__ import annotations

from pathlib import Path

from ringbolt.speech.engine import SpeechRequest
from ringbolt.speech.speaker import LocalSpeaker

TEXT = "This is a test."
"""What calls of shops say that are killed before they could speak a text of their own."""

_shared: list[Path] = []


def share(folder: Path) -> None:
    """Shops that are started from now on keep their spoken texts in ``folder``."""
    _shared[:] = [folder]


def link_into(data_dir: Path) -> None:
    """Let a shop in ``data_dir`` find and keep spoken texts where all do."""
    data_dir.mkdir(parents=True, exist_ok=True)
    link = data_dir / "speech"
    if _shared and not link.exists():
        link.symlink_to(_shared[0], target_is_directory=True)


async def speak(text: str, folder: Path) -> None:
    """Have ``text`` spoken in ``folder``, whatever it takes."""
    speaker = LocalSpeaker(folder, timeout_s=600)
    try:
        await speaker.speak(SpeechRequest(text))
    finally:
        await speaker.close()
