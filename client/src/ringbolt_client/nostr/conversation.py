"""One request to a wallet service by a relay, as frames in and out: NIP-47, NIP-01 and NIP-42.

It asks for the service's info event first, which says how to encrypt, unless that is known.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringbolt_client.errors import NotReached
from ringbolt_client.nostr.encryption import NIP04, NIP44, decrypt, encrypt
from ringbolt_client.nostr.events import Event
from ringbolt_client.nostr.keys import Keys

_INFO, _REQUEST, _RESPONSE, _AUTH = 13194, 23194, 23195, 22242
_AUTH_NEEDED: Final = "auth-required"


@dataclass(frozen=True, slots=True)
class Info:
    """How a wallet service is spoken to: ``encryption`` is ``nip44_v2`` or ``nip04``. ``methods``
    is empty for a service that does not say what it can do."""

    methods: frozenset[str]
    encryption: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What a wallet service is asked, not later than ``expires_s``."""

    method: str
    params: Mapping[str, Any]
    expires_s: int


class Conversation:
    """``hear`` is given each frame of the relay, and returns what to say to it; ``answer`` is the
    service's response once it has come. ``is_sent``: the service may have the request."""

    def __init__(
        self,
        keys: Keys,
        service: str,
        relay: str,
        ask: Ask,
        *,
        info: Info | None,
        now_s: Callable[[], float],
    ) -> None:
        self.info = info
        self.answer: dict[str, Any] | None = None
        self.is_sent = False
        self._keys = keys
        self._service = service
        self._relay = relay
        self._ask = ask
        self._now_s = now_s
        self._name = secrets.token_hex(8)
        self._request: Event | None = None
        self._auth_id = ""
        self._refused: list[str] = []
        """What the relay does not take as long as it does not know who asks."""

    def is_over(self) -> bool:
        return self.answer is not None

    def opening(self) -> list[str]:
        return self._asking() if self.info else [self._info_wanted()]

    def hear(self, frame: str) -> list[str]:
        """Raises ``NotReached`` if the relay refuses, or knows nothing of the service."""
        try:
            heard = json.loads(frame)
            kind = heard[0]
        except (ValueError, LookupError, TypeError):
            return []
        match [kind, *heard[1:]]:
            case ["EVENT", self._name, event]:
                self._heard_event(event)
            case ["EOSE", self._name] if self._request is None:
                return self._informed()
            case ["OK", str(name), bool(is_taken), *rest]:
                return self._heard_ok(name, is_taken, _words(rest))
            case ["CLOSED", self._name, *rest]:
                self._hear_refusal(_words(rest), self._listening(), is_sent=self.is_sent)
            case ["AUTH", str(challenge)]:
                return [self._authentication(challenge)]
        return []

    def _info_wanted(self) -> str:
        wanted = {"kinds": [_INFO], "authors": [self._service], "limit": 1}
        return json.dumps(["REQ", self._name, wanted])

    def _informed(self) -> list[str]:
        if self.info is None:
            words = f"The relay {self._relay} knows nothing of the wallet (no info event)."
            raise NotReached(words, is_sent=False)
        return [json.dumps(["CLOSE", self._name]), *self._asking()]

    def _asking(self) -> list[str]:
        """Listen for the response, then send the request."""
        assert self.info is not None
        method, scheme = self._ask.method, self.info.encryption
        if self.info.methods and method not in self.info.methods:
            words = f"this connection to it may not do {method}"
            self.answer = {"error": {"code": "NOT_IMPLEMENTED", "message": words}}
            return []
        content = json.dumps({"method": method, "params": dict(self._ask.params)})
        self._request = Event.signed(
            self._keys,
            _REQUEST,
            encrypt(scheme, self._keys, self._service, content),
            tags=[
                ["p", self._service],
                ["encryption", scheme],
                ["expiration", str(self._ask.expires_s)],
            ],
            created_at=int(self._now_s()),
        )
        self.is_sent = True
        return [self._listening(), self._sending(self._request)]

    def _listening(self) -> str:
        """For the response, or for the info event as long as nothing is asked."""
        if self._request is None:
            return self._info_wanted()
        wanted = {"kinds": [_RESPONSE], "authors": [self._service], "#e": [self._request.id]}
        return json.dumps(["REQ", self._name, wanted])

    def _sending(self, request: Event) -> str:
        return json.dumps(["EVENT", request.written()])

    def _heard_event(self, document: Any) -> None:
        event = Event.read(document)
        if event is None or event.pubkey != self._service:
            return
        if event.kind == _INFO and self._request is None:
            offered = event.tag("encryption").replace(",", " ").split()
            scheme = NIP44 if NIP44 in offered else NIP04
            self.info = Info(frozenset(event.content.split()), scheme)
        elif event.kind == _RESPONSE and self._is_response(event):
            self.answer = self._decrypted(event.content)

    def _is_response(self, event: Event) -> bool:
        return self._request is not None and event.tag("e") == self._request.id

    def _decrypted(self, content: str) -> dict[str, Any] | None:
        """None for what the service cannot have meant as the response."""
        assert self.info is not None
        try:
            written = decrypt(self.info.encryption, self._keys, self._service, content)
            document = json.loads(written)
        except ValueError:
            return None
        return document if isinstance(document, dict) else None

    def _heard_ok(self, name: str, is_taken: bool, words: str) -> list[str]:
        if name == self._auth_id and is_taken:
            refused, self._refused, self._auth_id = self._refused, [], ""
            return refused
        if name == self._auth_id:
            raise NotReached(self._refusal(words), is_sent=self.is_sent)
        if self._request is not None and name == self._request.id and not is_taken:
            # What a relay did not take did not reach the service by it.
            self._hear_refusal(words, self._sending(self._request), is_sent=False)
        return []

    def _hear_refusal(self, words: str, frame: str, *, is_sent: bool) -> None:
        """Keep ``frame`` until the relay knows who asks. Raises ``NotReached`` for a relay that
        refuses for another reason."""
        if not words.startswith(_AUTH_NEEDED):
            raise NotReached(self._refusal(words), is_sent=is_sent)
        self._refused.append(frame)

    def _authentication(self, challenge: str) -> str:
        event = Event.signed(
            self._keys,
            _AUTH,
            "",
            tags=[["relay", self._relay], ["challenge", challenge]],
            created_at=int(self._now_s()),
        )
        self._auth_id = event.id
        return json.dumps(["AUTH", event.written()])

    def _refusal(self, words: str) -> str:
        return f"The relay {self._relay} refused: {words or 'it did not say why'}"


def _words(rest: list[Any]) -> str:
    return str(rest[0]) if rest else ""
