"""One account at Twilio or a relative: its requests, their answers, and the checks of callbacks."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from ringbolt.core.callback import CallbackRequest
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.twilio.dialect import WAYS, Dialect, Signing
from ringbolt.twilio.signature import (
    SETTINGS_HEADER,
    ed25519_key,
    is_signed,
    is_signed_ed25519,
)
from ringbolt.upstream.exchange import Answer, Exchange, Lost, NeverSent
from ringbolt.upstream.http import HttpClient

Form = Iterable[tuple[str, str]]

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_TRY_LATER: Final = frozenset({401, 402, 403, 407, 408, 425, 429})
"""Refusals that say nothing about the one request: credentials, an account without money or
suspended, too many requests at once."""
_MAX_WORDS: Final = 200


@dataclass(frozen=True, slots=True)
class Account:
    """``signing_key``: what callbacks are signed with if not with the auth token (SignalWire's
    signing key, Telnyx's public key, a shared key of Twilio's)."""

    base_url: str
    account_sid: str
    auth_token: str = field(repr=False)
    dialect: Dialect = Dialect.TWILIO
    signing_key: str = field(default="", repr=False)
    application_sid: str = ""


class TwilioApi:
    """The resources of one account, each addressed by its path below it: ``Calls``,
    ``Messages/SM...``. ``name`` is used in errors."""

    def __init__(self, account: Account, name: str = "Twilio") -> None:
        ways = WAYS[account.dialect]
        token = account.auth_token
        if not ways.is_bearer:
            token = b64encode(f"{account.account_sid}:{token}".encode()).decode()
        scheme = "Bearer" if ways.is_bearer else "Basic"
        self.account = account
        self.ways = ways
        self._name = name
        base_url = (account.base_url or ways.base_url).rstrip("/")
        self._url = f"{base_url}{ways.accounts}/{quote(account.account_sid, safe='')}"
        self._http = HttpClient({"Authorization": f"{scheme} {token}"})
        self._ed25519: Any = None
        if ways.signing is Signing.ED25519 and account.signing_key:
            self._ed25519 = ed25519_key(account.signing_key)

    async def create(self, resource: str, form: Form) -> Exchange:
        """POST once: a request that must not be repeated. ``refusal`` reads its answer."""
        body = urlencode(list(form)).encode()
        return await self._http.once("POST", self._at(resource), body, headers=_FORM)

    async def update(self, resource: str, form: Form) -> Answer:
        """POST what may be repeated. Raises ``Unavailable`` without an answer, or for 5xx, 429 and
        refused credentials."""
        body = urlencode(list(form)).encode()
        return self._told(await self._http.ask("POST", self._at(resource), body, headers=_FORM))

    async def get(self, resource: str, params: Mapping[str, str] | None = None) -> Any:
        """The document of a resource (a mapping); None if the API itself says that there is none.
        Raises ``Unavailable``."""
        answer = self._told(
            await self._http.ask(
                "GET", self._at(resource), params=params or {}, max_bytes=MAX_ANSWER_BYTES
            )
        )
        document = document_of(answer.body)
        if answer.status == 404 and document is not None:
            return None  # a proxy's 404 says nothing
        if answer.status != 200 or document is None:
            raise self.unavailable(f"HTTP {answer.status}")
        return document

    async def fetch(self, url: str, max_bytes: int) -> Answer:
        """A file below the account, e.g. a recording. Raises ``Unavailable``."""
        return self._told(await self._http.ask("GET", url, max_bytes=max_bytes))

    def url_of(self, resource: str, suffix: str) -> str:
        return f"{self._url}/{resource}{suffix}"

    async def close(self) -> None:
        await self._http.close()

    def unavailable(self, why: str) -> Unavailable:
        return Unavailable(f"{self._name} does not answer: {why}.")

    def form_of(self, request: CallbackRequest) -> dict[str, str] | None:
        """The form of a callback that the account's vendor signed; None for any other.

        Telnyx signs with a key that not every operator sets; without it, the secret in the
        callback's path is all that shows who calls.
        """
        try:
            pairs = parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=200)
        except ValueError:
            return None
        if not self._is_signed(request, pairs):
            return None
        form = dict(pairs)
        sid = form.get("AccountSid", "")
        return form if sid in ("", self.account.account_sid) else None

    def _is_signed(self, request: CallbackRequest, pairs: list[tuple[str, str]]) -> bool:
        given = next(
            (request.headers[name] for name in self.ways.signatures if name in request.headers), ""
        )
        if self.ways.signing is Signing.ED25519:
            timestamp = request.headers.get("telnyx-timestamp", "")
            return self._ed25519 is None or is_signed_ed25519(
                self._ed25519, timestamp, request.body, given
            )
        key = self.account.signing_key or self.account.auth_token
        settings = request.headers.get(SETTINGS_HEADER, "")
        return is_signed(key, request.url, pairs, given, settings)

    def _at(self, resource: str) -> str:
        return f"{self._url}/{resource}{self.ways.suffix}"

    def _told(self, exchange: Exchange) -> Answer:
        match exchange:
            case Answer(status) as answer:
                if status >= 500 or status in _TRY_LATER:
                    raise self.unavailable(f"HTTP {status}{_because(answer)}")
                return answer
            case NeverSent(why) | Lost(why):
                raise self.unavailable(why)


def created(exchange: Exchange) -> dict[str, Any] | Rejected | Unknown:
    """What became of a request to create a resource: its document with a ``sid``, a definite no,
    or unknown. A yes that cannot be read, and 5xx, are unknown: it may have been done."""
    match exchange:
        case Answer() as answer if answer.is_success:
            document = document_of(answer.body)
            if document is not None and isinstance(document.get("sid"), str) and document["sid"]:
                return document
            return Unknown(f"HTTP {answer.status}, but the answer has no sid")
        case Answer(status) as answer if answer.is_refusal:
            why = f"HTTP {status}{_because(answer)}"
            return Rejected(why, status not in _TRY_LATER, _retry_after_ms(answer))
        case Answer(status):
            return Unknown(f"HTTP {status}")
        case NeverSent(why):
            return Rejected(f"it cannot be reached: {why}", permanent=False)
        case Lost(why):
            return Unknown(f"the answer was lost: {why}")


def document_of(body: bytes) -> dict[str, Any] | None:
    """A JSON object; None for anything else, such as a proxy's HTML."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _because(answer: Answer) -> str:
    """`` (21211: Invalid 'To' Phone Number)``, of an error document of the API."""
    document = document_of(answer.body) or {}
    code, message = document.get("code"), document.get("message")
    told = ": ".join(str(each) for each in (code, message) if each not in (None, ""))
    return f" ({told[:_MAX_WORDS]})" if told else ""


def _retry_after_ms(answer: Answer) -> int | None:
    value = next(
        (text for name, text in answer.headers.items() if name.lower() == "retry-after"), ""
    ).strip()
    return int(value) * 1000 if value.isascii() and value.isdigit() and len(value) < 7 else None
