"""The form of a phone call."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from ringbolt.api.kit.phone_input import international
from ringbolt.app.calls.preview_speech import preview
from ringbolt.app.checkout.prices import call_price
from ringbolt.app.checkout.purchase import Buyer
from ringbolt.app.checkout.sell_call import sell_plain_call
from ringbolt.app.requests.plain_call import MAX_MESSAGE_CHARS, MAX_REPEAT, Keys, PlainCall
from ringbolt.app.requests.reserve_minutes import length_of
from ringbolt.core.errors import InvalidInput, RingboltError
from ringbolt.core.phone import region_of
from ringbolt.core.pricing.rates import MAX_MINUTES
from ringbolt.speech.voices import PERSONAS
from ringbolt.store.orders import Order
from ringbolt.web.formats import amount, region_name
from ringbolt.web.forms import Form
from ringbolt.web.i18n import _, marked
from ringbolt.web.sales.sale import Quote, Sale

_EMPTY: Final = marked("Enter the number to call.")
_NO_TEXT: Final = marked("Write what we should say.")
_NO_FILE: Final = marked("Write the address of the file.")
_FINISH_KEY: Final = "#"
MINUTES: Final = (1, 2, 3, 5, 10, 20, 30)


class CallSale(Sale):
    """Phone calls: a text is spoken, or a file is played."""

    name = "call"

    async def choices(self, form: Form) -> Mapping[str, Any]:
        return {
            "voices": PERSONAS,
            "repeats": range(1, 6),
            "minutes": MINUTES,
            "most_chars": MAX_MESSAGE_CHARS,
        }

    async def quote(self, form: Form) -> Quote:
        number = international(form.get("phone_number")) or ""
        if not number:
            return Quote()
        try:
            minutes = self._minutes(form, number)
            price = call_price(self.shop, number, minutes)
        except RingboltError:
            return Quote()
        where = region_name(region_of(number)) or price.rate.label
        what = _(
            "Call to %(where)s, up to %(time)s",
            where=where or number,
            time=amount(minutes, "minute"),
        )
        return Quote(
            price.sats,
            ((what, price.sats),),
            where,
        )

    async def buy(self, form: Form, buyer: Buyer, client: str) -> Order | None:
        number = form.phone(
            "phone_number",
            _(_EMPTY),
            for_texts=False,
            scripted_allowed=self.shop.carriers.has_simulated,
        )
        if form.get("kind", "say") == "play":
            if not form.get("audio_url"):
                form.refuse("audio_url", _(_NO_FILE))
        elif not form.raw("message").strip():
            form.refuse("message", _(_NO_TEXT))
        if form.errors:
            return None
        sold = await sell_plain_call(self.shop, self._call(form, number), buyer, client)
        return sold.order

    async def listen(self, form: Form) -> bytes | None:
        """The text as it will sound, a WAV; None if ``form.errors`` says why there is none."""
        if not form.raw("message").strip():
            form.refuse("message", _(_NO_TEXT))
            return None
        call = PlainCall(to="", message=form.raw("message"), voice=form.get("voice"))
        call.command()
        heard = await preview(self.shop, call.message, call.voice, "", False)
        return heard.wav

    def _call(self, form: Form, number: str) -> PlainCall:
        is_file = form.get("kind", "say") == "play"
        return PlainCall(
            to=number,
            message="" if is_file else form.raw("message"),
            audio_url=form.get("audio_url") if is_file else "",
            minutes=self._minutes(form, number),
            voice=form.get("voice"),
            repeat=form.number("repeat", 1, MAX_REPEAT, 1),
            keys=self._keys(form),
        )

    def _keys(self, form: Form) -> Keys | None:
        if not form.has("gather"):
            return None
        digits = form.number("max_digits", 1, 16, 1)
        return Keys(digits, "" if digits == 1 else _FINISH_KEY, form.number("timeout", 5, 30, 10))

    def _minutes(self, form: Form, number: str) -> int:
        """As many as the whole message needs; of a file, as many as the buyer chose."""
        if form.get("kind", "say") == "play":
            return form.number("duration_minutes", 1, MAX_MINUTES, 1)
        text = form.raw("message")
        if not text.strip():
            return 1
        call = PlainCall(
            to=number,
            message=text,
            voice=form.get("voice"),
            repeat=form.number("repeat", 1, MAX_REPEAT, 1),
            keys=self._keys(form),
            minutes=MAX_MINUTES,
        )
        try:
            length = length_of(call.command())
        except InvalidInput:
            return 1
        return max(1, min(MAX_MINUTES, math.ceil((length.about_s + length.exact_s) / 60)))
