"""One account at Twilio or a relative: its requests, their answers, and the checks of callbacks."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ringbolt.core import foreign_json
from ringbolt.core.callback import CallbackRequest
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.core.part_checks import Finding
from ringbolt.core.pricing.amount import Amount
from ringbolt.twilio.dialect import RULES, Dialect, Signing
from ringbolt.twilio.signature import (
    SETTINGS_HEADER,
    ed25519_key,
    is_recent,
    is_signed,
    is_signed_ed25519,
)
from ringbolt.upstream.exchange import Answer, Exchange, Lost, NeverSent
from ringbolt.upstream.http import HttpClient

Form = Iterable[tuple[str, str]]

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
_REFUSED_CREDENTIALS: Final = frozenset({401, 403})
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_TRY_LATER: Final = frozenset({401, 402, 403, 407, 408, 425, 429})
"""Refusals that say nothing about the one request: credentials, an account without money or
suspended, too many requests at once."""
_TIMED_OUT: Final = 408
"""Proxies also say it when the server behind them, which has the request, took too long."""
_MAX_WORDS: Final = 200
_MOST_OF_SID: Final = 200
_BY_DESTINATION: Final = frozenset({21211, 21214, 21217, 21610, 21614})
"""The number is none, cannot be called or texted at all, or its owner has unsubscribed:
https://www.twilio.com/docs/api/errors."""


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
        rules = RULES[account.dialect]
        token = account.auth_token
        if not rules.is_bearer:
            token = b64encode(f"{account.account_sid}:{token}".encode()).decode()
        scheme = "Bearer" if rules.is_bearer else "Basic"
        self.account = account
        self.rules = rules
        self._name = name
        base_url = (account.base_url or rules.base_url).rstrip("/")
        self._url = f"{base_url}{rules.accounts}/{quote(account.account_sid, safe='')}"
        self._http = HttpClient({"Authorization": f"{scheme} {token}"})
        self._ed25519: Ed25519PublicKey | None = None
        if rules.signing is Signing.ED25519 and account.signing_key:
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

    async def file(self, path: str, max_bytes: int) -> Answer:
        """A file below the account, e.g. ``Recordings/RE....wav``. Raises ``Unavailable``."""
        return self._told(await self._http.ask("GET", f"{self._url}/{path}", max_bytes=max_bytes))

    async def check(self, resource: str) -> Sequence[Finding]:
        """Whether the API is reached and takes the credentials, by a list of one resource, e.g.
        ``Calls``. Raises ``Unavailable`` if it is not reached."""
        params = {"PageSize": "1"}
        exchange = await self._http.ask("GET", self._at(resource), params=params)
        if isinstance(exchange, Answer) and exchange.status in _REFUSED_CREDENTIALS:
            fix = "Compare account_sid and auth_token with the vendor's console."
            detail = f"The API refuses the credentials: HTTP {exchange.status}{_reason(exchange)}."
            return [Finding("wrong", "credentials", detail, fix)]
        answer = self._told(exchange)
        if answer.status != 200 or document_of(answer.body) is None:
            detail = f"What answers is not such an API: HTTP {answer.status}."
            return [Finding("wrong", "address", detail, "Compare base_url and dialect.")]
        found = [Finding("ok", "credentials", "The API takes the credentials.")]
        if self.rules.signing is Signing.ED25519 and not self.account.signing_key:
            detail = "Callbacks are not checked: anybody who knows their address can send them."
            found.append(Finding("note", "callbacks", detail, "Set signing_key."))
        if self.account.dialect is Dialect.SIGNALWIRE and not self.account.signing_key:
            detail = "SignalWire signs callbacks with a key of its own: all will be refused."
            found.append(Finding("wrong", "callbacks", detail, "Set signing_key."))
        return found

    async def balance(self) -> Amount | None:
        """Raises ``Unavailable``."""
        if self.account.dialect is not Dialect.TWILIO:
            return None  # the others have no such resource
        document = await self.get("Balance")
        if document is None:
            return None
        return Amount.read(document.get("balance"), document.get("currency"))

    async def close(self) -> None:
        await self._http.close()

    def unavailable(self, why: str) -> Unavailable:
        return Unavailable(f"{self._name} does not answer: {why}.")

    def form_of(self, request: CallbackRequest, now_ms: int) -> dict[str, str] | None:
        """The form of a callback that the account's vendor signed; None for any other.

        Telnyx signs with a key that not every operator sets; without it, the secret in the
        callback's path is all that shows who calls.
        """
        try:
            pairs = parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=200)
        except ValueError:
            return None
        if not self._is_signed(request, pairs, now_ms):
            return None
        form = dict(pairs)
        sid = form.get("AccountSid", "")
        return form if sid in ("", self.account.account_sid) else None

    def _is_signed(
        self, request: CallbackRequest, pairs: list[tuple[str, str]], now_ms: int
    ) -> bool:
        given = next(
            (request.headers[name] for name in self.rules.signatures if name in request.headers), ""
        )
        if self.rules.signing is Signing.ED25519:
            timestamp = request.headers.get("telnyx-timestamp", "")
            return self._ed25519 is None or (
                is_recent(timestamp, now_ms)
                and is_signed_ed25519(self._ed25519, timestamp, request.body, given)
            )
        key = self.account.signing_key or self.account.auth_token
        settings = request.headers.get(SETTINGS_HEADER, "")
        return is_signed(key, request.url, pairs, given, settings)

    def _at(self, resource: str) -> str:
        return f"{self._url}/{resource}{self.rules.suffix}"

    def _told(self, exchange: Exchange) -> Answer:
        match exchange:
            case Answer(status) as answer:
                if status >= 500 or status in _TRY_LATER:
                    raise self.unavailable(f"HTTP {status}{_reason(answer)}")
                return answer
            case NeverSent(why) | Lost(why):
                raise self.unavailable(why)


def created(exchange: Exchange) -> dict[str, Any] | Rejected | Unknown:
    """What became of a request to create a resource: its document with a ``sid``, a definite no,
    or unknown. A yes that cannot be read, and 5xx, are unknown: it may have been done."""
    match exchange:
        case Answer() as answer if answer.is_success:
            document = document_of(answer.body)
            if document is not None and is_sid(document.get("sid")):
                return document
            return Unknown(f"HTTP {answer.status}, but the answer has no usable sid")
        case Answer(status) as answer if answer.is_refusal and status != _TIMED_OUT:
            code = (document_of(answer.body) or {}).get("code")
            return Rejected(
                f"HTTP {status}{_reason(answer)}",
                permanent=status not in _TRY_LATER,
                retry_after_ms=answer.retry_after_ms,
                by_destination=isinstance(code, int) and code in _BY_DESTINATION,
            )
        case Answer(status):
            return Unknown(f"HTTP {status}")
        case NeverSent(why):
            return Rejected(f"it cannot be reached: {why}", permanent=False)
        case Lost(why):
            return Unknown(f"the answer was lost: {why}")


def is_sid(value: object) -> bool:
    """Whether it can be a far end's id of a resource, which becomes a part of addresses."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= _MOST_OF_SID
        and value.isascii()
        and value.isprintable()
        and " " not in value
        and bool(value.strip("."))
    )


def resource(kind: str, sid: str) -> str:
    """The path of one resource below the account, e.g. of ``Calls``."""
    return f"{kind}/{quote(sid, safe='')}"


def document_of(body: bytes) -> dict[str, Any] | None:
    """A JSON object; None for anything else, such as a proxy's HTML."""
    try:
        return foreign_json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _reason(answer: Answer) -> str:
    """`` (21211: Invalid 'To' Phone Number)``, of an error document of the API."""
    document = document_of(answer.body) or {}
    code, message = document.get("code"), document.get("message")
    told = ": ".join(str(each) for each in (code, message) if each not in (None, ""))
    return f" ({told[:_MAX_WORDS]})" if told else ""
