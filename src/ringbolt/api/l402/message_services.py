"""``POST /api/l402/send-sms`` and ``/send-email``: a text, or an e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ringbolt.api.kit.request import Request
from ringbolt.api.l402.documents import (
    FailedWords,
    MailPaymentRequired,
    SentMessage,
    TextPaymentRequired,
)
from ringbolt.api.l402.message_schema import (
    MAIL_EXAMPLE,
    MAX_SUBJECT_CHARS,
    TEXT_EXAMPLE,
    MailQuote,
    SendEmail,
    SendSms,
    TextQuote,
)
from ringbolt.api.l402.paid_request import (
    PaidRequest,
    Wish,
    read_callback_url,
    read_refund_address,
)
from ringbolt.api.l402.service import ACCESS, Documented, P, PaidService, Q
from ringbolt.api.l402.wording import Wording
from ringbolt.api.l402.words import MAIL_WORDS, TEXT_WORDS
from ringbolt.app.checkout.check_message import check_mail, check_text
from ringbolt.app.checkout.order_rows import OrderRow
from ringbolt.app.checkout.prices import mail_price, text_price
from ringbolt.app.checkout.sell_mail import checked_mail
from ringbolt.app.checkout.sell_text import text_destination, with_sender
from ringbolt.app.webhooks.message_status import MessageReport, report_by_id
from ringbolt.app.webhooks.send_webhook import check_webhook_url
from ringbolt.core.commands import SendMail, SendText
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.texts.segments import count
from ringbolt.store.engine.db import Tx
from ringbolt.store.messages import Message
from ringbolt.store.orders import Order

_PAID: Final = (
    "Without a credential the answer is 402 with an invoice. Pay it, and send the same body again "
    "with the credential: {what} is sent. {otherwise} is refunded at `status_url`."
)


class _Messages(PaidService[P, Q]):
    """What texts and e-mails have in common."""

    answers = SentMessage

    @property
    def deadline_ms(self) -> int:
        return self._shop.policies.deadlines.send_ms

    def report(self, tx: Tx, order_id: str) -> MessageReport | None:
        return report_by_id(tx, order_id)

    def _check_callback(self, request: PaidRequest) -> None:
        if request.webhook_url:
            check_webhook_url(self._shop, request.webhook_url)

    def _described(
        self, base: str, about: Mapping[str, Any], limits: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Sats4AI's metadata document."""
        settings = self._shop.settings.l402
        return {
            **about,
            "access": {**ACCESS, "endpoint": f"{base}{self.path}", "method": "POST"},
            "content_type": "api",
            "limits": {
                **limits,
                "invoice_expires_after_seconds": settings.invoice_expiry_s,
                "credential_valid_seconds": settings.redeem_s,
            },
            "examples": list(self.documented.examples.values()),
        }


class Texts(_Messages[SendSms, TextQuote]):
    """Texts that are paid for one by one."""

    name = "send_sms"
    path = "/api/l402/send-sms"
    former_path = "/api/l402/sms"
    label = "Text message"
    sells = ("text",)
    wording = Wording(
        words=TEXT_WORDS,
        no_body="Send a JSON object with phone_number and message.",
        example=TEXT_EXAMPLE,
    )
    documented = Documented(
        does="Send a text to a number.",
        describes="What a text takes and costs.",
        how=_PAID.format(what="the text", otherwise="A text that could not be sent"),
        unit="segment",
        quote="phone_number=%2B12025550123&message=Hello",
        examples={"text": TEXT_EXAMPLE},
    )
    failed = FailedWords("MESSAGE_FAILED", "The text could not be sent", "Nothing was sent")
    takes = SendSms
    quotes = TextQuote
    asks = TextPaymentRequired

    def read(self, request: Request[SendSms]) -> Wish:
        fields, params = request.fields, request.params
        if not params.message.strip():
            raise fields.missing("message", "It is the text to send.")
        command = SendText(params.phone_number, params.message)
        return Wish(
            with_sender(self._shop, command),
            read_refund_address(fields, params.refund_address),
            webhook_url=read_callback_url(fields, params.callback_url),
        )

    def check(self, request: PaidRequest) -> int:
        self._check_callback(request)
        return check_text(self._shop, _text(request.order))

    async def look(self, request: PaidRequest) -> dict[str, Any]:
        return {"segments": count(_text(request.order).message).segments}

    def accepted(self, order: Order, row: OrderRow, common: dict[str, Any]) -> SentMessage:
        assert isinstance(row, Message), "a text is written down with its order"
        to = _text(order.command).to
        return SentMessage(
            sid=row.public_id, to=to, order_id=order.id, segments=row.parts, **common
        )

    def describe(self, base: str, quote: TextQuote) -> dict[str, Any]:
        about: dict[str, Any] = {
            "name": "Text message",
            "description": "Sends a text (SMS) to a number anywhere. A text that could not be "
            "sent is refunded.",
            "pricing": {
                "currency": "sat",
                "unit": self.documented.unit,
                "amount": sats_up(text_price(self._shop)),
                "quote": f"{base}{self.path}?{self.documented.quote}",
            },
        }
        limits = {"message_max_characters": self._shop.settings.sms.max_chars}
        document = self._described(base, about, limits)
        if quote.phone_number.strip():
            document["quote"] = self._quote(quote)
        return document

    def _quote(self, quote: TextQuote) -> dict[str, Any]:
        number = quote.phone_number.strip()
        if not number.startswith("+"):  # a plus in a query is a space unless it is escaped
            number = "+" + number
        segments = count(quote.message).segments if quote.message else 1
        price_msat = text_price(self._shop, text_destination(self._shop, number), segments)
        return {"phone_number": number, "segments": segments, "amount_sats": sats_up(price_msat)}


class Mails(_Messages[SendEmail, MailQuote]):
    """E-mails that are paid for one by one."""

    name = "send_email"
    path = "/api/l402/send-email"
    former_path = "/api/l402/email"
    label = "E-mail"
    sells = ("email",)
    wording = Wording(
        words=MAIL_WORDS,
        no_body="Send a JSON object with to and body.",
        example=MAIL_EXAMPLE,
    )
    documented = Documented(
        does="Send an e-mail to an address.",
        describes="What an e-mail takes and costs.",
        how=_PAID.format(what="the e-mail", otherwise="An e-mail that no mail server took"),
        unit="e-mail",
        quote="",
        examples={"e-mail": MAIL_EXAMPLE},
    )
    failed = FailedWords("MESSAGE_FAILED", "The e-mail could not be sent", "Nothing was sent")
    takes = SendEmail
    quotes = MailQuote
    asks = MailPaymentRequired

    def read(self, request: Request[SendEmail]) -> Wish:
        fields, params = request.fields, request.params
        if not params.body.strip():
            raise fields.missing("body", "It is the text to send.")
        # Whether it may have a subject is the shop's rule of the day, and looked at in ``check``.
        policy = replace(self._shop.policies.messages, may_choose_subject=True)
        mail = SendMail(params.to, params.body, params.subject, params.reply_to)
        command = checked_mail(mail, policy)
        return Wish(
            command,
            read_refund_address(fields, params.refund_address),
            webhook_url=read_callback_url(fields, params.callback_url),
        )

    def check(self, request: PaidRequest) -> int:
        self._check_callback(request)
        return check_mail(self._shop, _mail(request.order))

    async def look(self, request: PaidRequest) -> dict[str, Any]:
        return {}

    def accepted(self, order: Order, row: OrderRow, common: dict[str, Any]) -> SentMessage:
        assert isinstance(row, Message), "an e-mail is written down with its order"
        to = _mail(order.command).to
        return SentMessage(sid=row.public_id, to=to, order_id=order.id, **common)

    def describe(self, base: str, quote: MailQuote) -> dict[str, Any]:
        settings = self._shop.settings.mail
        about: dict[str, Any] = {
            "name": "E-mail",
            "description": "Sends an e-mail in plain text to one address. An e-mail that no mail "
            "server took is refunded.",
            "pricing": {
                "currency": "sat",
                "unit": self.documented.unit,
                "amount": sats_up(mail_price(self._shop)),
            },
        }
        limits = {
            "body_max_characters": settings.max_chars,
            "subject_max_characters": MAX_SUBJECT_CHARS if settings.allow_subject else 0,
        }
        return self._described(base, about, limits)


def _text(command: object) -> SendText:
    assert isinstance(command, SendText), "send-sms is of texts"
    return command


def _mail(command: object) -> SendMail:
    assert isinstance(command, SendMail), "send-email is of e-mails"
    return command
