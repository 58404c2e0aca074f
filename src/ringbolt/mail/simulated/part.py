"""``type = "simulated"``: e-mails reach mailboxes of the simulated world."""

from __future__ import annotations

from typing import ClassVar

from ringbolt.mail.mailer import Mailer
from ringbolt.registry.settings import RoutedByDomain
from ringbolt.registry.types import Context, PartType


class SimulatedMailerSettings(RoutedByDomain):
    """E-mails reach mailboxes of the simulated world."""

    simulated: ClassVar[bool] = True


def _build(settings: SimulatedMailerSettings, context: Context) -> Mailer:
    from ringbolt.mail.simulated.mailer import SimulatedMailer  # noqa: PLC0415 - as configured

    return SimulatedMailer(context.world_url, context.clock, settings.name, context.world_token)


SIMULATED = PartType(SimulatedMailerSettings, _build)
