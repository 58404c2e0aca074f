"""The one tree of errors that callers see.

An error carries a stable ``code``, a plain sentence, what to do about it, and which part of the
request is at fault (its ``role``). Each API family renders it in its own shape and words: only the
family knows the names of its fields and addresses. Nothing else in the code knows an
HTTP status.

    RingboltError
    |-- InvalidInput            the request cannot be served as it stands; nothing was charged
    |   `-- DestinationRefused  the number may not be called, or has no price
    |-- AudioUnplayable         the audio behind a URL cannot be fetched or played
    |-- SpeechFailed            a text could not be spoken
    |-- RateLimited             too many requests; come back after ``retry_after_s``
    |-- NotFound                no such thing, or not yours
    |-- Conflict                the thing is in a state that forbids this
    |-- Unauthorized            an API key or token is missing, unknown or revoked
    |-- Forbidden               the key is valid, but may not do this
    `-- Unavailable             a part that we depend on does not answer; nothing was charged
        |-- AudioBusy           ... because other audio files are being read
        `-- NodeUnavailable     ... and that part is the Lightning node
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self


class Role(StrEnum):
    """The part of a request that is at fault. Each family has its own name for it."""

    DESTINATION = "destination"
    """The number that is called or texted."""
    TEXT = "text"
    """What is said or sent."""
    AUDIO = "audio"
    PLAN = "plan"
    MINUTES = "minutes"
    VOICE = "voice"
    LANGUAGE = "language"
    ADDRESS = "address"
    """The e-mail address."""
    SUBJECT = "subject"
    SERVICE = "service"
    COUNTRY = "country"
    NUMBER = "number"
    """A number of the operator's own."""
    FORMER_ORDER = "former order"
    """An earlier order, whose number is ordered again."""
    AMOUNT = "amount"
    PAYEE = "Lightning Address"
    """Where unused balance is withdrawn to."""
    API_KEY = "API key"
    SCOPES = "scopes"
    WEBHOOK = "webhook URL"
    CURSOR = "cursor"


class RingboltError(Exception):
    """Base of every error with a meaning for the caller.

    ``code``: stable, upper case, e.g. ``INVALID_PHONE_NUMBER``. ``message``: one plain sentence.
    ``suggestion``: what to do next. ``role``: the part of the request at fault, if one is;
    ``field``: the family's name for it, where the family knows it already. ``params``: what a
    family needs to say the same in its own words. ``retryable``: the same request may succeed
    later. ``retry_after_s``: when, in seconds; None if that is not known.
    """

    status = 500
    title = "Something went wrong"
    default_code = "INTERNAL"
    retryable = False
    usual_retry_after_s: int | None = None
    default_role: Role | None = None

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        suggestion: str = "",
        role: Role | None = None,
        field: str | None = None,
        retry_after_s: int | None = None,
        **params: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.suggestion = suggestion
        self.role = role or self.default_role
        self.field = field
        self.params = params
        self.predicate = ""
        self.retry_after_s = self.usual_retry_after_s if retry_after_s is None else retry_after_s

    @classmethod
    def about(cls, role: Role, predicate: str, **about: Any) -> Self:
        """The error whose sentence is ``predicate``, with what is at fault as its subject: "The
        number is not in E.164 format." """
        error = cls(f"The {role} {predicate}", role=role, **about)
        error.predicate = predicate
        return error

    def call_it(self, field: str, label: str = "") -> None:
        """Use a family's name for the part at fault: ``label`` in the sentence."""
        self.field = field
        if self.predicate:
            self.message = f"{label or field} {self.predicate}"


class InvalidInput(RingboltError):
    status = 400
    title = "The request cannot be served as it stands"
    default_code = "INVALID_INPUT"


class DestinationRefused(InvalidInput):
    status = 422
    title = "This number cannot be called"
    default_code = "DESTINATION_REFUSED"


class AudioUnplayable(RingboltError):
    status = 422
    title = "The audio cannot be played"
    default_role = Role.AUDIO
    default_code = "AUDIO_UNPLAYABLE"


class SpeechFailed(RingboltError):
    status = 422
    title = "The text cannot be spoken"
    default_code = "SPEECH_FAILED"


class SpeechBusy(SpeechFailed):
    """Other texts are in the queue; the same text can be spoken a little later."""

    status = 503
    title = "The voices are busy"
    default_code = "SPEECH_BUSY"
    retryable = True


class RateLimited(RingboltError):
    status = 429
    title = "Too many requests"
    default_code = "RATE_LIMITED"
    retryable = True


class NotFound(RingboltError):
    status = 404
    title = "Not found"
    default_code = "NOT_FOUND"


class Conflict(RingboltError):
    status = 409
    title = "Not possible in this state"
    default_code = "CONFLICT"


class Unauthorized(RingboltError):
    status = 401
    title = "No valid key"
    default_code = "UNAUTHORIZED"


class Forbidden(RingboltError):
    status = 403
    title = "Not allowed"
    default_code = "FORBIDDEN"


class Unavailable(RingboltError):
    status = 503
    title = "Temporarily unavailable"
    default_code = "UNAVAILABLE"
    retryable = True
    usual_retry_after_s = 5


class AudioBusy(Unavailable):
    """Other audio files are being read; the same file can be read a little later."""

    title = "Other audio files are being read"
    default_code = "AUDIO_BUSY"
    default_role = Role.AUDIO


class NodeUnavailable(Unavailable):
    title = "The Lightning node does not answer"
    default_code = "NODE_UNAVAILABLE"
