"""The call that a request describes, after every field is checked."""

from __future__ import annotations

from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.request import Request
from ringbolt.api.l402.call_schema import GatherKeys, PlaceCall
from ringbolt.api.l402.paid_request import Wish, read_callback_url, read_refund_address
from ringbolt.app.requests.plain_call import Keys, PlainCall
from ringbolt.core.commands import CallOrder


def read_call(request: Request[PlaceCall]) -> Wish:
    """Raises ``InvalidInput``."""
    params = request.params
    refund_address = read_refund_address(request.fields, params.refund_address)
    order = read_order(request.fields, params)
    return Wish(order, refund_address, audio_url=params.audio_url.strip())


def read_order(fields: Fields, params: PlaceCall) -> CallOrder:
    """The call, with every field checked except the number. Raises ``InvalidInput``."""
    gather = params.gather
    audio_url = params.audio_url.strip()
    call = PlainCall(
        to=params.phone_number,
        message=params.message,
        audio_url=audio_url,
        minutes=params.duration_minutes,
        voice=params.voice.strip(),
        language=params.language.strip(),
        neural=params.neural,
        repeat=params.repeat,
        keys=Keys(gather.max_digits, gather.finish_key, gather.timeout_s)
        if isinstance(gather, GatherKeys)
        else None,
        status_url=read_callback_url(fields, params.callback_url),
    )
    if audio_url:
        if params.duration_minutes is None:
            raise fields.missing(
                "duration_minutes",
                "It is required with audio_url: how many minutes to play, 1 to 30.",
            )
    elif not params.message.strip():
        raise fields.missing(
            "message", "Provide message (text to speak) or audio_url (a file to play)."
        )
    return call.command()
