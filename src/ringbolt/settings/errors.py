"""What is said about settings that cannot be used."""

from __future__ import annotations


class SettingsError(Exception):
    """A setting cannot be used; the message names each and says what is wrong, one a line."""
