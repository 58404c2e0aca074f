"""Why an audio file is refused."""

from __future__ import annotations


class Unplayable(Exception):
    """The file cannot be played; ``code`` and ``message`` are the answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
