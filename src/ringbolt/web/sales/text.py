"""The form of a text message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ringbolt.api.kit.phone_input import international
from ringbolt.app.checkout.prices import text_price
from ringbolt.app.checkout.purchase import Buyer
from ringbolt.app.checkout.sell_text import sell_text, text_destination
from ringbolt.core.commands import SendText
from ringbolt.core.errors import RingboltError
from ringbolt.core.phone import region_of
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.texts.segments import count
from ringbolt.store.orders import Order
from ringbolt.web.formats import region_name
from ringbolt.web.forms import Form
from ringbolt.web.i18n import _, both, marked, ngettext
from ringbolt.web.sales.sale import Quote, Sale

_EMPTY: Final = marked("Enter the number to text.")
_NO_TEXT: Final = marked("Write what we should send.")


class TextSale(Sale):
    """One text message."""

    name = "text"

    async def choices(self, form: Form) -> Mapping[str, Any]:
        return {"most_chars": self.shop.settings.sms.max_chars}

    async def quote(self, form: Form) -> Quote:
        message = form.raw("message")
        number = international(form.get("phone_number")) or ""
        segments = count(message or " ").segments
        try:
            destination = text_destination(self.shop, number) if number else None
        except RingboltError:
            destination = None
        sats = sats_up(text_price(self.shop, destination, segments))
        parts = ngettext("%(num)s part", "%(num)s parts", segments)
        chars = ngettext("%(num)s character", "%(num)s characters", len(message))
        where = region_name(region_of(number)) if number else ""
        what = _("Text to %(where)s", where=where) if where else _("Text")
        return Quote(sats, ((both(what, parts), sats),), both(chars, parts) if message else "")

    async def buy(self, form: Form, buyer: Buyer, client: str) -> Order | None:
        has_simulated = self.shop.sms_carriers.has_simulated
        number = form.phone(
            "phone_number", _(_EMPTY), for_texts=True, scripted_allowed=has_simulated
        )
        message = checked_message(form, _NO_TEXT, self.shop.settings.sms.max_chars)
        if form.errors:
            return None
        return (await sell_text(self.shop, SendText(number, message), buyer)).order


def checked_message(form: Form, empty: str, max_chars: int) -> str:
    """The text as it was typed; ``form.errors`` says if it is empty or too long."""
    message = form.raw("message")
    if not message.strip():
        form.refuse("message", _(empty))
    elif len(message) > max_chars:
        too_many = ngettext(
            "%(num)s character too many.", "%(num)s characters too many.", len(message) - max_chars
        )
        form.refuse("message", too_many)
    return message
