"""The scripted recipients, for which the simulated mail server does not simply deliver."""

from __future__ import annotations

from enum import StrEnum


class ScriptedDomain(StrEnum):
    """The domain of a recipient whose mail fares otherwise."""

    REFUSES = "refuse.example"
    """Refused for good (550)."""
    DEFERS = "defer.example"
    """Refused for now (450)."""
    SILENT = "silent.example"
    """Delivered, but the server's answer is lost."""
    LOSES = "lost.example"
    """Never delivered, and no answer."""


def scripted_domain(address: str) -> ScriptedDomain | None:
    """The scripted outcome of mail to ``address``; None if it is simply delivered."""
    domain = address.rpartition("@")[2].lower()
    return ScriptedDomain(domain) if domain in set(ScriptedDomain) else None
