"""The error for settings that cannot be used."""

from __future__ import annotations


class SettingsError(Exception):
    """Settings cannot be used; the message names each and says what is wrong, one per line.
    ``suggestion``: what to do about it, '' if the message says it."""

    suggestion = ""
