"""A test call, text or e-mail through one part, to the operator's own number or address.

It is no order: nothing is stored, and the part is asked once. What its far end reports of it
belongs to no attempt, and changes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final

from ringbolt.app.part_limits import CALLS, MAIL, SMS
from ringbolt.app.shop import Shop
from ringbolt.core.calls.call import Clip
from ringbolt.core.email_address import parse_address
from ringbolt.core.errors import Conflict, NotFound
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.core.phone import parse_destination
from ringbolt.core.pricing.amount import Amount
from ringbolt.core.texts import segments
from ringbolt.mail import letter
from ringbolt.mail.mailer import Mailer
from ringbolt.registry.parts import Part
from ringbolt.sms.carrier import (
    DeliveryReceipt,
    OpenText,
    OutSms,
    ReceiptState,
    SmsCarrier,
    SupportsSmsLookup,
    SupportsSmsPolling,
)
from ringbolt.speech.engine import SpeechRequest
from ringbolt.voice.carrier import PlaceCall, SupportsCallLookup, VoiceCarrier

SENTENCE: Final = "This is a test of your carrier by Ringbolt. You may hang up now."
LONGEST_CALL_S: Final = 60
_FINAL: Final = frozenset({ReceiptState.DELIVERED, ReceiptState.FAILED})


async def begin_test(shop: Shop, name: str, to: str) -> dict[str, Any]:
    """Ask the part ``name`` (or ``area.name``) for a call or text to a number, or for an e-mail to
    an address. Raises ``NotFound``, ``Conflict``, ``InvalidInput``, ``DestinationRefused``, and
    what speech raises."""
    area, part = _named(shop, name, to)
    ref = secrets.token_hex(16)
    if area == MAIL:
        to = parse_address(to).address
        result = await _mail(shop, part, ref, to)
    else:
        parse_destination(to, scripted_allowed=part.is_simulated, for_texts=area == SMS)
        result = await (_call if area == CALLS else _text)(shop, part, ref, to)
    return {"area": area, "name": part.name, "to": to, "ref": ref, **result}


async def look_at_test(
    shop: Shop, area: str, name: str, ref: str, part_ids: tuple[str, ...] = ()
) -> dict[str, Any]:
    """What became of a test by now, as far as the part can be asked. ``part_ids``: its own ids of a
    text. Raises ``NotFound``, ``Unavailable``."""
    part = shop.parts_of(area).named(name) if area in (CALLS, SMS) else None
    if part is None:
        raise NotFound(f"There is no carrier {area}.{name}.")
    if isinstance(part, SupportsCallLookup) and area == CALLS:
        call = await part.find(ref)
        if call is not None and call.events:
            last = call.events[-1]
            said = f"{last.status}{f' ({last.cause})' if last.cause else ''}"
            return _seen(said, last.cost, is_over=last.status.is_final)
        return _seen("", None, is_over=False)
    if isinstance(part, SupportsSmsLookup):
        text = await part.find(ref)
        return _seen_text(() if text is None else text.receipts)
    if isinstance(part, SupportsSmsPolling) and part_ids:
        return _seen_text(await part.poll([OpenText(ref, part_ids)]))
    return _seen("", None, is_over=True)


def _seen_text(receipts: Sequence[DeliveryReceipt]) -> dict[str, Any]:
    if not receipts:
        return _seen("", None, is_over=False)
    latest = receipts[-1]
    return _seen(latest.raw, latest.cost, is_over=latest.state in _FINAL)


def _seen(detail: str, cost: Amount | None, *, is_over: bool) -> dict[str, Any]:
    return {"detail": detail, "cost": "" if cost is None else str(cost), "is_over": is_over}


def _named(shop: Shop, name: str, to: str) -> tuple[str, Part[Any]]:
    """An address means a mail server, a number a carrier."""
    areas = (MAIL,) if "@" in to else (CALLS, SMS)
    every = [(area, part) for area in areas for part in shop.parts_of(area).entries]
    found = [each for each in every if name in (each[1].name, f"{each[0]}.{each[1].name}")]
    if not found:
        what = "mail server" if "@" in to else "carrier"
        names = [part.name for _, part in every]
        known = ", ".join(
            each if names.count(each) == 1 else f"{area}.{each}"
            for each, (area, _) in zip(names, every, strict=True)
        )
        raise NotFound(f"There is no {what} {name}; there are: {known or 'none'}.")
    if len(found) > 1:
        raise Conflict(
            f"Carriers of calls and of texts are both called {name}: write {CALLS}.{name} or "
            f"{SMS}.{name}."
        )
    return found[0]


async def _call(shop: Shop, part: Part[VoiceCarrier], ref: str, to: str) -> dict[str, Any]:
    policy = shop.policies.calls
    speech = await shop.speaker.speak(SpeechRequest(SENTENCE))
    answer = await part.port.place(
        PlaceCall(
            ref=ref,
            to=to,
            caller_id=(part.terms.caller_ids or (policy.caller_id,))[0],
            script=(Clip(str(speech.path), speech.duration_ms),),
            ring_timeout_s=policy.ring_timeout_s,
            max_duration_s=LONGEST_CALL_S,
        )
    )
    if isinstance(answer, Rejected | Unknown):
        return _not_accepted(answer)
    return _accepted(answer.carrier_id, "it took the call")


async def _text(shop: Shop, part: Part[SmsCarrier], ref: str, to: str) -> dict[str, Any]:
    answer = await part.port.send(
        OutSms(
            ref=ref,
            to=to,
            sender=(part.terms.senders or shop.settings.sms.senders)[0],
            parts=segments.split(SENTENCE),
            encoding=segments.encoding_of(SENTENCE).value,
        )
    )
    if isinstance(answer, Rejected | Unknown):
        return _not_accepted(answer)
    said = "it was sent" if answer.sent else "it took the text"
    return _accepted(", ".join(answer.part_ids), said, answer.cost)


async def _mail(shop: Shop, part: Part[Mailer], ref: str, to: str) -> dict[str, Any]:
    mail = letter.write(
        ref=ref,
        sender=shop.policies.messages.mail_sender,
        to=to,
        subject="A test by Ringbolt",
        text="This is a test of your mail server.",
        origin=shop.base_url,
        unsubscribe_url="",
    )
    answer = await part.port.send(mail)
    if isinstance(answer, Rejected | Unknown):
        return _not_accepted(answer)
    return _accepted(answer.remote_id, "the mail server took it", answer.cost)


def _accepted(remote_id: str, said: str, cost: object = None) -> dict[str, Any]:
    told = "" if cost is None else str(cost)
    return {"result": "accepted", "id": remote_id, "detail": said, "cost": told}


def _not_accepted(answer: Rejected | Unknown) -> dict[str, Any]:
    result = "refused" if isinstance(answer, Rejected) else "unknown"
    return {"result": result, "id": "", "detail": answer.reason, "cost": ""}
