"""What was bought, as the shop tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ringbolt_client.errors import Failed


@dataclass(frozen=True, slots=True)
class Result:
    """``status`` in the shop's words, ``charged_sats`` what it cost at last, ``document`` all that
    the shop says. ``refund`` says where money is that came back."""

    status: str
    charged_sats: int
    refund: Mapping[str, Any] | None
    document: Mapping[str, Any]

    @property
    def is_delivered(self) -> bool:
        return self.status in ("completed", "sent", "delivered", "ready")

    def or_fail(self) -> Self:
        """This, if it was delivered. Raises ``Failed``."""
        if not self.is_delivered:
            said = self.document.get("cause") or self.document.get("reason") or self.status
            raise Failed(f"It was not delivered: {said}.", document=self.document)
        return self


@dataclass(frozen=True, slots=True)
class CallResult(Result):
    """``digits`` are the keys that were pressed, ``timeline`` what happened when (ISO 8601)."""

    digits: str
    duration_seconds: float
    timeline: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> CallResult:
        return cls(
            **_common(document),
            digits=str(document["digits"]),
            duration_seconds=float(document["duration_seconds"]),
            timeline=tuple(document["timeline"]),
        )


@dataclass(frozen=True, slots=True)
class MessageResult(Result):
    """``sent_at`` and ``delivered_at`` are ISO 8601, '' for not (yet)."""

    sent_at: str
    delivered_at: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> MessageResult:
        return cls(
            **_common(document),
            sent_at=document.get("sent_at") or "",
            delivered_at=document.get("delivered_at") or "",
        )


@dataclass(frozen=True, slots=True)
class SpeechResult(Result):
    """``audio_url`` is where the file is until ``available_until`` (ISO 8601); '' if there is
    none."""

    audio_url: str
    media_type: str
    duration_seconds: float
    available_until: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> SpeechResult:
        return cls(
            **_common(document),
            audio_url=document.get("audio_url") or "",
            media_type=str(document["media_type"]),
            duration_seconds=float(document.get("duration_seconds") or 0),
            available_until=document.get("available_until") or "",
        )


@dataclass(frozen=True, slots=True)
class NumberResult:
    """``number`` in E.164, ``code`` and ``text`` of the latest text ('' for none yet), ``texts``
    all that the shop shows. ``state`` is the order's."""

    state: str
    number: str
    code: str
    text: str
    texts: tuple[Mapping[str, Any], ...]
    document: Mapping[str, Any]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> NumberResult:
        number = document.get("number")
        return cls(
            state=str(document["state"]),
            number=f"+{number}" if number else "",
            code=str(document.get("codeText") or ""),
            text=str(document.get("sms") or ""),
            texts=tuple(document.get("messages") or ()),
            document=document,
        )

    @property
    def is_delivered(self) -> bool:
        return self.state in ("fulfilled", "settled")

    def or_fail(self) -> NumberResult:
        """This, if it was delivered. Raises ``Failed``: the money came back by itself."""
        if self.state in ("failed", "returned", "expired"):
            said = self.document.get("error") or self.state
            raise Failed(f"It was not delivered: {said}", document=self.document)
        return self


def _common(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": str(document["status"]),
        "charged_sats": int(document["charged_sats"]),
        "refund": document.get("refund"),
        "document": document,
    }
