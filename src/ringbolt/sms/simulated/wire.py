"""The JSON between the simulated SMS carrier and its adapter; both use this."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from ringbolt.core.texts.segments import part_fault
from ringbolt.sms.carrier import DeliveryReceipt, OutSms

MAX_PARTS = 10


class SmsRequest(Struct):
    """A request to send a text: ``POST /simulator/sms-carrier/messages``."""

    ref: Annotated[str, Meta(min_length=1, max_length=200)]
    to: Annotated[str, Meta(pattern=r"^\+[0-9]{2,15}$")]
    sender: Annotated[str, Meta(min_length=1, max_length=16)] = field(name="from")
    parts: Annotated[list[str], Meta(min_length=1, max_length=MAX_PARTS)]
    encoding: Literal["gsm7", "ucs2"]

    def fault(self) -> str | None:
        """Why a telephone network cannot carry it; None if it can."""
        return part_fault(self.parts, self.encoding)


class SmsAccepted(Struct):
    """201: the carrier accepted the text. Its id of each part, and whether it is sent already."""

    part_ids: list[str]
    sent: bool


class SmsRefusal(Struct):
    """Why the text is not sent, with a status of 4xx."""

    reason: str
    permanent: bool
    retry_after_ms: int | None = None


class SmsState(Struct):
    """A text and every receipt of it: ``GET /simulator/sms-carrier/messages/{ref}``."""

    ref: str
    part_ids: list[str]
    receipts: list[DeliveryReceipt]


class ReceiptsLine(Struct):
    """One line of the stream of receipts; ``cursor``: where to continue once they are stored."""

    cursor: int
    receipts: list[DeliveryReceipt]


def request_of(sms: OutSms) -> SmsRequest:
    return SmsRequest(sms.ref, sms.to, sms.sender, list(sms.parts), sms.encoding)
