"""The texts in the protocol's documents.

A text is reported again with every look. Its event's id is made of the lease and the code, or of
the text where there is no code: the same in every document that shows it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from ringbolt.numbers.handler_api.fields import code_of, items_of, text_of, time_ms, times_ms
from ringbolt.numbers.handler_api.reply import Document, Word
from ringbolt.numbers.provider import InboundText

MOST: Final = 500
"""How many texts of one lease are looked at: more than an order shows."""
_HALF: Final = MOST // 2
RENTAL: Final = "rent-"
"""Ids of rentals begin so: a provider counts them apart from activations."""


def with_code(
    lease_id: str, number: str, code: object, text: object, sender: object, at_ms: int
) -> InboundText | None:
    """The text; None if there is neither a code nor a text."""
    written, read = text_of(text), code_of(code)
    written = written or text_of(code)
    if not written:
        return None
    name = read or hashlib.sha256(written.encode("utf-8", "replace")).hexdigest()[:24]
    return InboundText(
        f"{lease_id}:{name}", number, lease_id, text_of(sender), written, read, at_ms
    )


def of_listed(
    lease_id: str, number: str, item: Mapping[str, Any], now_ms: int
) -> tuple[InboundText, ...]:
    """The texts of an item of the list of active leases: the codes and texts so far, or the last
    of each."""
    codes, texts = _listed(item.get("smsCode")), _listed(item.get("smsText"))
    pairs = [
        (codes[n] if n < len(codes) else None, texts[n] if n < len(texts) else None)
        for n in range(max(len(codes), len(texts)))
    ]
    found = [with_code(lease_id, number, code, text, "", now_ms) for code, text in pairs]
    return tuple(each for each in found if each is not None)


def _listed(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return list(islice(value.values(), MOST))
    if isinstance(value, list):
        return value[:MOST]
    return [] if value in (None, "", "0", False) else [value]


def of_status(lease_id: str, number: str, status: Word, now_ms: int) -> tuple[InboundText, ...]:
    """The text that ``STATUS_OK:code``, ``STATUS_WAIT_RETRY:code`` (the last one, while another is
    awaited) or ``FULL_SMS:text`` shows."""
    text = None
    if status.word in ("STATUS_OK", "STATUS_WAIT_RETRY"):
        text = with_code(lease_id, number, status.rest, "", "", now_ms)
    elif status.word == "FULL_SMS":
        text = with_code(lease_id, number, "", status.rest, "", now_ms)
    return () if text is None else (text,)


def of_status_document(
    lease_id: str, number: str, document: Document, now_ms: int
) -> tuple[InboundText, ...]:
    """The text that ``getStatusV2`` shows: that of a message, or of a call."""
    if not isinstance(document, Mapping):
        return ()
    found = []
    for kind in ("sms", "call"):
        shown = document.get(kind)
        if isinstance(shown, Mapping):
            at_ms = time_ms(shown.get("dateTime"), now_ms) or now_ms
            code, text, sender = (shown.get(name) for name in ("code", "text", "from"))
            found.append(with_code(lease_id, number, code, text, sender, at_ms))
    return tuple(each for each in found if each is not None)


def of_rental(
    lease_id: str, number: str, document: Document, now_ms: int
) -> tuple[InboundText, ...]:
    """The texts that ``getRentStatus`` or ``getAllSms`` shows of a rental, in their order of
    time."""
    found = []
    for item, at_ms in _dated_items(document, now_ms):
        written, sender, date = (text_of(item.get(key)) for key in ("text", "phoneFrom", "date"))
        if not written:
            continue
        name = hashlib.sha256(f"{date}\n{sender}\n{written}".encode("utf-8", "replace"))
        event_id = f"{lease_id}:{name.hexdigest()[:24]}"
        found.append(InboundText(event_id, number, lease_id, sender, written, "", at_ms))
    if isinstance(document, Mapping) and "values" in document:
        found.reverse()  # the last one stands first; their times are in whole seconds
    return tuple(sorted(found, key=lambda text: text.at_ms))


def of_all_texts(
    lease_id: str, number: str, document: Document, now_ms: int
) -> tuple[InboundText, ...]:
    """The texts that ``getAllSms`` shows of an activation, in their order of time."""
    found = []
    for item, at_ms in _dated_items(document, now_ms):
        code, written, sender = (item.get(key) for key in ("code", "text", "phoneFrom"))
        text = with_code(lease_id, number, code, written, sender, at_ms)
        found += [] if text is None else [text]
    return tuple(sorted(found, key=lambda text: text.at_ms))


def _dated_items(document: Document, now_ms: int) -> list[tuple[Mapping[str, Any], int]]:
    items = _items(document)
    times = times_ms([item.get("date") for item in items], now_ms)
    return [(item, at_ms or now_ms) for item, at_ms in zip(items, times, strict=True)]


def _items(document: Document) -> list[Mapping[str, Any]]:
    """The first and the last of them: some providers begin with the latest."""
    listed = document
    if isinstance(document, Mapping):
        listed = document.get("values", document.get("data", ()))
    if isinstance(listed, Mapping):
        listed = list(listed.values())
    if not isinstance(listed, list):
        return []
    return items_of(listed if len(listed) <= MOST else [*listed[:_HALF], *listed[-_HALF:]])
