"""Ask a carrier or a mail server to send an order's message, and store its answer.

The intent is stored before. Each answer is stored in one transaction with the job, so that a
worker which lost its lease meanwhile changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from ringbolt.app.attempts import hear, part_is_gone, retry_delay_ms
from ringbolt.app.checkout.routes import mail_route, text_route
from ringbolt.app.limits.suppress import unsubscribe_link
from ringbolt.app.messages.record_receipt import close, is_told_of, record_answer
from ringbolt.app.part_costs import tell_cost
from ringbolt.app.part_limits import MAIL, SMS, Route, estimate_of
from ringbolt.app.payments.decide_outcome import fail, fulfil
from ringbolt.app.policies import SettleOn
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import notify
from ringbolt.core.commands import SendMail, SendText
from ringbolt.core.order import OrderKind, OrderState
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.core.texts import segments
from ringbolt.mail import letter, mailer
from ringbolt.sms import carrier
from ringbolt.store import attempts, jobs, messages, orders, suppressions
from ringbolt.store.attempts import Attempt, AttemptState
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.messages import MessageStatus
from ringbolt.store.orders import Order
from ringbolt.store.suppressions import channel_of

LAST_MOMENT_MS = 10_000
"""This long before the deadline we stop asking: the answer would come after it."""


def last_moment_ms(order: Order) -> int | None:
    """Until when this order may be sent (ms UTC); None if that does not matter."""
    return None if order.deadline_ms is None else order.deadline_ms - LAST_MOMENT_MS


def is_late(order: Order, now_ms: int) -> bool:
    """Whether it is too late to send this order."""
    until_ms = last_moment_ms(order)
    return until_ms is not None and now_ms >= until_ms


def route_of(shop: Shop, order: Order) -> Route:
    """The carriers or mail servers that may send it, in the order of asking."""
    exchange = shop.policies.exchange
    if order.kind is OrderKind.EMAIL:
        mail = order.command_as(SendMail)
        names = [part.name for part in mail_route(shop, mail.to)]
        return Route.of(MAIL, shop.mailers, names, estimate_of(exchange, mail))
    text = order.command_as(SendText)
    names = [part.name for part in text_route(shop, text.to)]
    return Route.of(SMS, shop.sms_carriers, names, estimate_of(exchange, text))


async def ask(shop: Shop, job: Job, order: Order, attempt: Attempt) -> None:
    """Have the carrier of ``attempt`` send it, once per ``attempt.ref``. Raises ``LeaseLost``."""
    if order.kind is OrderKind.EMAIL:
        mail_server = shop.mailers.named(attempt.carrier)
        if mail_server is not None:
            await _ask_mailer(shop, job, mail_server, order, attempt)
            return
    else:
        sms_carrier = shop.sms_carriers.named(attempt.carrier)
        if sms_carrier is not None:
            await _ask_carrier(shop, job, sms_carrier, order, attempt)
            return
    part_is_gone(attempt)
    await shop.db.tx(jobs.finish, job)  # its deadline returns the money


async def _ask_carrier(
    shop: Shop, job: Job, sms_carrier: carrier.SmsCarrier, order: Order, attempt: Attempt
) -> None:
    command = order.command_as(SendText)
    jobs.sure(job)
    shop.sms_carriers.asking(attempt.carrier)
    result = await sms_carrier.send(out_sms(shop, command, attempt, job.still_ours))
    if job.still_ours():
        await hear(shop.db, SMS, shop.sms_carriers, attempt.carrier, result)
    settle_on = shop.policies.messages.settles_on(attempt.carrier)
    route = route_of(shop, order).names
    await shop.db.tx(sms_answered, job, attempt, result, settle_on, route)


def out_sms(
    shop: Shop,
    command: SendText,
    attempt: Attempt,
    still_wanted: Callable[[], bool] = carrier.always,
) -> carrier.OutSms:
    """The text of an order, as the carrier of ``attempt`` gets it: its sender is one that the
    settings of the carrier list."""
    own = shop.sms_carriers.terms(attempt.carrier).senders
    return carrier.OutSms(
        ref=attempt.ref,
        to=command.to,
        sender=command.sender if not own or command.sender in own else own[0],
        parts=segments.split(command.message),
        encoding=segments.encoding_of(command.message).value,
        still_wanted=still_wanted,
    )


def sms_answered(
    tx: Tx,
    job: Job,
    attempt: Attempt,
    result: carrier.SendResult,
    settle_on: SettleOn,
    route: tuple[str, ...],
) -> None:
    """Store a carrier's answer. Raises ``LeaseLost``."""
    if not isinstance(result, carrier.Accepted) and is_told_of(tx, attempt.id):
        # A receipt came, so there is a text; a refusal or "not known" must be out of date.
        result = carrier.Accepted(())
    match result:
        case carrier.Accepted(part_ids, sent, cost):
            jobs.finish(tx, job)
            tell_cost(tx, attempt, SMS, cost)
            record_answer(
                tx, attempt.order_id, attempt.ref, attempt.carrier, part_ids, settle_on, sent=sent
            )
        case Rejected():
            _refused(tx, job, attempt, result, route)
        case Unknown(reason):
            _unclear(tx, job, attempt, reason)


async def _ask_mailer(
    shop: Shop, job: Job, mail_server: mailer.Mailer, order: Order, attempt: Attempt
) -> None:
    command, policy = order.command_as(SendMail), shop.policies.messages
    result: mailer.MailResult
    try:
        mail = letter.write(
            ref=attempt.ref,
            sender=policy.mail_sender,
            to=command.to,
            subject=command.subject or policy.mail_subject,
            text=command.message,
            origin=shop.base_url,
            unsubscribe_url=unsubscribe_link(shop.base_url, shop.keyring, command.to),
            still_wanted=job.still_ours,
        )
        if command.reply_to:
            mail = letter.answered_to(mail, command.reply_to)
    except ValueError as error:
        result = Rejected(str(error))
    else:
        jobs.sure(job)
        shop.mailers.asking(attempt.carrier)
        result = await mail_server.send(mail)
        if job.still_ours():
            await hear(shop.db, MAIL, shop.mailers, attempt.carrier, result)
    await shop.db.tx(mail_answered, job, attempt, result, route_of(shop, order).names)


def mail_answered(
    tx: Tx, job: Job, attempt: Attempt, result: mailer.MailResult, route: tuple[str, ...]
) -> None:
    """Store a mail server's answer. Raises ``LeaseLost``."""
    match result:
        case mailer.Accepted(remote_id, cost):
            jobs.finish(tx, job)
            tell_cost(tx, attempt, MAIL, cost)
            record_mailed(tx, attempt, remote_id)
        case Rejected():
            _refused(tx, job, attempt, result, route)
        case Unknown(reason):
            _unclear(tx, job, attempt, reason)


def record_mailed(tx: Tx, attempt: Attempt, remote_id: str) -> None:
    """A mail server accepted it; no later step of an e-mail can be observed."""
    attempts.update(tx, attempt.id, carrier_id=remote_id)
    message = messages.lock(tx, attempt.order_id)
    if message is not None and message.status is MessageStatus.CREATED:
        sent = MessageStatus.SENT
        messages.update_message(tx, attempt.order_id, status=sent, sent_ms=tx.now_ms)
        fulfil(tx, attempt.order_id, "the mail server took it")
        notify.changed(tx, attempt.order_id)
    close(tx, attempt.order_id, attempt.id)


def _refused(tx: Tx, job: Job, attempt: Attempt, answer: Rejected, route: tuple[str, ...]) -> None:
    """A refusal: ask the next carrier at once, or the same one a little later."""
    attempts.reject(tx, attempt.id, answer)
    why = f"it was refused ({answer.reason})"
    order = orders.by_id(tx, attempt.order_id)
    if order is not None and answer.is_opted_out:
        _suppress(tx, order, attempt.carrier)
    asked = attempts.asked_in_this_try(tx, attempt.order_id)
    delay_ms = retry_delay_ms(asked, route, answer)
    if delay_ms is None or order is None or is_late(order, tx.now_ms + delay_ms):
        give_up(tx, attempt.order_id, why, may_retry=True)
        jobs.finish(tx, job)
    else:
        orders.move(tx, attempt.order_id, OrderState.PAID, why, only_from=OrderState.DISPATCHING)
        jobs.retry(tx, job, delay_ms, answer.reason)


def _suppress(tx: Tx, order: Order, carrier: str) -> None:
    """The recipient asked ``carrier`` for no more messages: none is sold any more."""
    message = messages.message_of(tx, order.id)
    if message is not None:
        why = f"unsubscribed at {carrier}"
        suppressions.add(tx, channel_of(order.kind), message.to_hash, why)


def _unclear(tx: Tx, job: Job, attempt: Attempt, reason: str) -> None:
    """It may have been sent: the job's next run finds out if it can."""
    current = attempts.by_ref(tx, attempt.ref, lock=True)
    if current is not None and current.finished_ms is None:
        attempts.update(tx, attempt.id, state=AttemptState.UNKNOWN, reason=reason)
    jobs.retry(tx, job, 1000, reason)


def give_up(tx: Tx, order_id: str, why: str, *, may_retry: bool = False) -> bool:
    """Fail the order and all that belongs to it; False if it was decided before. ``may_retry``:
    nothing was sent for sure, so that an L402 credential may try again."""
    message = messages.lock(tx, order_id)
    if message is None or not fail(tx, order_id, why, may_retry=may_retry):
        return False
    messages.update_message(
        tx, order_id, status=MessageStatus.FAILED, cause=why, failed_ms=tx.now_ms
    )
    attempt = messages.present_attempt(tx, order_id)
    is_open = attempt is not None and attempt.finished_ms is None
    close(tx, order_id, attempt.id if attempt is not None and is_open else None)
    notify.changed(tx, order_id)
    return True
