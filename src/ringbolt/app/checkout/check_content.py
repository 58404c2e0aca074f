"""Refuse texts, links and services that the operator does not allow."""

from __future__ import annotations

from ringbolt.app.requests.spoken import forms_of, spoken_texts
from ringbolt.core.commands import (
    CallOrder,
    Command,
    ReceiveTexts,
    SendMail,
    SendText,
    SpeakText,
)
from ringbolt.core.errors import InvalidInput, Role
from ringbolt.core.humanise import counted
from ringbolt.core.texts import content_rules
from ringbolt.settings.abuse import AbuseSettings


def check_content(abuse: AbuseSettings, command: Command) -> None:
    """Raises ``InvalidInput`` for content that the operator refuses."""
    match command:
        case SendText(message=text):
            _check_text(abuse, text)
        case SendMail(message=text, subject=subject):
            _check_text(abuse, f"{subject}\n{text}")
        case CallOrder():
            if abuse.denied_words:
                _check_words(abuse, spoken_texts(command), "A call that says", "spoken")
        case SpeakText(message=text):
            if abuse.denied_words:
                _check_words(abuse, forms_of(text), "A text that says", "spoken")
        case ReceiveTexts(service=service):
            if service.lower() in abuse.denied_services:
                raise InvalidInput(
                    "Codes of this service are not received here.",
                    code="SERVICE_NOT_OFFERED",
                    role=Role.SERVICE,
                    suggestion="Choose another service of those on offer.",
                )


def _check_text(abuse: AbuseSettings, text: str) -> None:
    _check_words(abuse, (text,), "A message that contains", "sent")
    allowed = abuse.links_allowed
    hosts = content_rules.link_hosts(text)
    hidden = [each for each in hosts if content_rules.is_of(each, abuse.denied_links)]
    if hidden:
        raise InvalidInput(
            f"A message with a web address at {hidden[0][:64]} is not sent.",
            code="CONTENT_REFUSED",
            role=Role.TEXT,
            suggestion="Write the address that it leads to. Nothing was charged.",
        )
    if len(hosts) > allowed:
        raise InvalidInput(
            "A message may hold no web address."
            if allowed == 0
            else f"A message may hold at most {counted(allowed, 'web address')}.",
            code="CONTENT_REFUSED",
            role=Role.TEXT,
            suggestion="Remove links from the message. Nothing was charged.",
        )


def _check_words(abuse: AbuseSettings, texts: tuple[str, ...], what: str, done: str) -> None:
    word = content_rules.denied_word(abuse.denied_words, texts)
    if word is not None:
        raise InvalidInput(
            f"{what} {word!r} is not {done}.",
            code="CONTENT_REFUSED",
            role=Role.TEXT,
            suggestion="Leave the word out. Nothing was charged.",
        )
