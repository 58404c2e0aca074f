"""Mailers over SMTP as their settings describe them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringbolt.clock import Clock, SystemClock
from ringbolt.core.outcome import Recovery
from ringbolt.mail.mailer import Accepted, Mailer, MailResult, OutMail
from ringbolt.mail.smtp.part import SMTP, SmtpSettings
from ringbolt.registry.types import Context


def smtp_settings(**options: Any) -> SmtpSettings:
    return SmtpSettings.model_validate({"type": "smtp", "name": "relay", **options})


SENDER = "Ringbolt <no-reply@shop.example>"


def smtp_mailer(
    clock: Clock | None = None,
    *,
    base_url: str = "https://shop.example",
    sender: str = SENDER,
    **options: Any,
) -> Mailer:
    """Raises ``PartUnusable``."""
    context = Context(
        clock or SystemClock(), Path(), "", base_url, lambda _: bytes(32), mail_sender=sender
    )
    return SMTP.build(smtp_settings(**options), context)


def relay_url(port: int, login: str = "", scheme: str = "smtp") -> str:
    """``login``: "user:password"."""
    return f"{scheme}://{login}{'@' if login else ''}127.0.0.1:{port}"


@dataclass
class Counted:
    """A mailer that counts the mails that were accepted."""

    mailer: Mailer
    accepted: int = 0

    @property
    def name(self) -> str:
        return self.mailer.name

    @property
    def recovery(self) -> Recovery:
        return self.mailer.recovery

    async def send(self, mail: OutMail) -> MailResult:
        result = await self.mailer.send(mail)
        self.accepted += isinstance(result, Accepted)
        return result

    async def close(self) -> None:
        await self.mailer.close()
