"""The types of mail servers. To add one, add a folder here and a line below, or an entry point of a
plug-in in the group ``ringbolt.mail``."""

from __future__ import annotations

from typing import Final

from ringbolt.mail.mailer import Mailer
from ringbolt.registry.types import Context, PartTypes

MAILERS: Final = PartTypes[Context, Mailer](
    "ringbolt.mail",
    {
        "simulated": "ringbolt.mail.simulated.part:SIMULATED",
        "smtp": "ringbolt.mail.smtp.part:SMTP",
        "memory": "ringbolt.mail.memory.part:MEMORY",
    },
)
