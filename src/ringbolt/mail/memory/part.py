"""``type = "memory"``: a mail server in memory, for tests."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ringbolt.core.outcome import Recovery
from ringbolt.mail.mailer import Mailer
from ringbolt.registry.settings import RoutedByDomain
from ringbolt.registry.types import Context, PartType


class MemoryMailerSettings(RoutedByDomain):
    """For tests: does at once what the test scripts ([how](testing-with-memory.md))."""

    simulated: ClassVar[bool] = True

    recovery: Recovery = Field(
        Recovery.LOOKUP, description="How a request whose answer is lost is resolved."
    )


def _build(settings: MemoryMailerSettings, context: Context) -> Mailer:
    from ringbolt.mail.memory.mailer import memory_mailer  # noqa: PLC0415 - as configured

    return memory_mailer(settings.recovery, settings.name)


MEMORY = PartType(MemoryMailerSettings, _build)
