"""The form of an e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ringbolt.app.checkout.prices import mail_price
from ringbolt.app.checkout.purchase import Buyer
from ringbolt.app.checkout.sell_mail import sell_mail
from ringbolt.core.commands import SendMail
from ringbolt.core.pricing.money import sats_up
from ringbolt.store.orders import Order
from ringbolt.web.forms import Form
from ringbolt.web.i18n import _, marked
from ringbolt.web.sales.sale import Quote, Sale
from ringbolt.web.sales.text import checked_message

_EMPTY: Final = marked("Enter the e-mail address to write to.")
_NO_TEXT: Final = marked("Write what we should send.")


class EmailSale(Sale):
    """One e-mail."""

    name = "email"

    async def choices(self, form: Form) -> Mapping[str, Any]:
        mail = self.shop.settings.mail
        return {"most_chars": mail.max_chars, "has_subject": mail.allow_subject}

    async def quote(self, form: Form) -> Quote:
        sats = sats_up(mail_price(self.shop))
        return Quote(sats, ((_("One e-mail"), sats),))

    async def buy(self, form: Form, buyer: Buyer, client: str) -> Order | None:
        address = form.get("address")
        if not address:
            form.refuse("address", _(_EMPTY))
        message = checked_message(form, _NO_TEXT, self.shop.settings.mail.max_chars)
        if form.errors:
            return None
        command = SendMail(address, message, form.get("subject"))
        return (await sell_mail(self.shop, command, buyer)).order
