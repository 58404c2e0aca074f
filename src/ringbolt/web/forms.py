"""Forms as browsers send them: read, checked, and shown again with what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from ringbolt.api.kit.phone_input import international
from ringbolt.api.kit.query import read_pairs
from ringbolt.api.kit.words import Words
from ringbolt.core.errors import Forbidden, InvalidInput, RingboltError, Role
from ringbolt.core.phone import EXAMPLE, parse_destination
from ringbolt.http_body import read_body
from ringbolt.web.error_words import error_text
from ringbolt.web.i18n import _

MAX_FORM_BYTES: Final = 64 * 1024
MAX_PHONE_CHARS: Final = 64
WORDS: Final = Words(
    fields={
        Role.DESTINATION: "phone_number",
        Role.TEXT: "message",
        Role.AUDIO: "audio_url",
        Role.MINUTES: "duration_minutes",
        Role.ADDRESS: "address",
        Role.SUBJECT: "subject",
        Role.SERVICE: "service",
        Role.COUNTRY: "country",
        Role.NUMBER: "country",
        Role.VOICE: "voice",
        Role.LANGUAGE: "language",
        Role.FORMER_ORDER: "service",
        Role.AMOUNT: "amount",
        Role.PAYEE: "lightning_address",
    },
    labels={
        Role.DESTINATION: "The number",
        Role.TEXT: "The text",
        Role.AUDIO: "The address of the file",
        Role.MINUTES: "The length of the call",
        Role.ADDRESS: "The e-mail address",
        Role.SUBJECT: "The subject",
        Role.SERVICE: "The service",
        Role.COUNTRY: "The country",
        Role.NUMBER: "The number",
        Role.VOICE: "The voice",
        Role.LANGUAGE: "The language",
        Role.AMOUNT: "The amount",
    },
    suggestions={
        "HOLD_NOT_SUPPORTED": "This shop cannot sell on the web at the moment.",
        "RATE_LIMITED": "Wait a little, then press the button again. Nothing has been charged.",
    },
)


class Form:
    """What was typed. ``errors``: what is wrong, by field; '' is the form as a whole."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.errors: dict[str, str] = {}
        self.status = 200

    def get(self, name: str, usual: str = "") -> str:
        """The field, stripped; ``usual`` if it was not sent."""
        return self.values.get(name, usual).strip()

    def raw(self, name: str) -> str:
        """The field exactly as it was typed, with plain line ends."""
        return self.values.get(name, "").replace("\r\n", "\n")

    def has(self, name: str) -> bool:
        """Whether a box is checked."""
        return name in self.values

    def number(self, name: str, least: int, most: int, usual: int) -> int:
        """A choice of a list; anything else is the usual one."""
        text = self.get(name)
        is_number = text.isascii() and text.isdigit() and len(text) < 9
        return min(most, max(least, int(text))) if is_number else usual

    def refuse(self, field: str, message: str) -> None:
        self.errors.setdefault(field, message)
        self.status = 422

    def fail(self, error: RingboltError) -> None:
        """Show an error of the shop beside its field."""
        worded = WORDS.word(error)
        text = error_text(error, (worded.message, worded.suggestion))
        self.errors.setdefault(worded.field or "", text)
        self.status = error.status

    def phone(self, name: str, empty: str, *, for_texts: bool, scripted_allowed: bool) -> str:
        """The number in E.164; '' if it is refused, which ``errors`` then says."""
        written = self.get(name)
        if not written:
            self.refuse(name, empty)
            return ""
        number = international(written) if len(written) <= MAX_PHONE_CHARS else None
        if number is None:
            self.refuse(
                name,
                _(
                    "Write + and the country code, then the number, such as %(example)s.",
                    example=EXAMPLE,
                ),
            )
            return ""
        try:
            parse_destination(number, scripted_allowed=scripted_allowed, for_texts=for_texts)
        except InvalidInput as error:
            self.fail(error)
            return ""
        return number


async def read_form(request: Request, most_bytes: int = MAX_FORM_BYTES) -> Form:
    """The form in the request's body. Raises ``InvalidInput`` and ``Forbidden``."""
    check_origin(request)
    body = await read_body(request.scope, request.receive, most_bytes)
    return Form(read_pairs(body, "form", "INVALID_BODY"))


def check_origin(request: Request) -> None:
    """Raises ``Forbidden`` for a form that another site sends: browsers say where it was."""
    site = request.headers.get("sec-fetch-site", "")
    if site in ("cross-site", "same-site"):
        raise _foreign()
    origin = request.headers.get("origin", "")
    if not site and origin and origin != "null" and _host(origin) != request.headers.get("host"):
        raise _foreign()


def _host(origin: str) -> str | None:
    """The host and port of an origin; None for what is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _foreign() -> Forbidden:
    return Forbidden(
        _("This form was sent from another site."),
        code="FOREIGN_FORM",
        suggestion=_("Open the page itself, and send the form from there."),
    )
