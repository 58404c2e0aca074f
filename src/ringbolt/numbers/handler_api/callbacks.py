"""What providers send to a URL of ours when a text came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from ringbolt.core import foreign_json
from ringbolt.core.callback import CallbackRequest
from ringbolt.core.json_errors import UNREADABLE
from ringbolt.numbers.handler_api.fields import lease_id_of
from ringbolt.numbers.handler_api.texts import RENTAL

PATH: Final = "/texts"


def lease_ids(request: CallbackRequest) -> list[str]:
    """The leases that a callback may be about; none if it names none.

    ``{"activationId": 17, "text": ..., "code": ...}`` or ``{"rentId": 17, "sms": {...}}``; some
    providers send a form, and some name rentals like activations.
    """
    fields = _fields(request)
    rental = lease_id_of(fields.get("rentId"))
    if rental:
        return [f"{RENTAL}{rental}"]
    activation = lease_id_of(fields.get("activationId", fields.get("id")))
    return [activation] if activation else []


def _fields(request: CallbackRequest) -> Mapping[str, Any]:
    try:
        found = foreign_json.decode(request.body)
    except UNREADABLE:
        text = request.body.decode("utf-8", "replace")
        return dict(request.query) | dict(parse_qsl(text))
    return found if isinstance(found, dict) else {}
