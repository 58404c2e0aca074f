"""The page of a call."""

from __future__ import annotations

from typing import Final

from ringbolt.app.requests.digits import answered_digits
from ringbolt.app.requests.spoken import spoken_texts
from ringbolt.app.webhooks.call_status import talked_ms
from ringbolt.core.calls.call import HUNG_UP, CallStatus
from ringbolt.core.commands import CallOrder
from ringbolt.core.order import DELIVERED, FINAL, NOT_DELIVERED, UNPAID, OrderState
from ringbolt.store.calls import Call
from ringbolt.store.orders import Order, OrderEvent
from ringbolt.web.formats import amount
from ringbolt.web.i18n import _, marked, ngettext
from ringbolt.web.views.money import (
    back,
    first_steps,
    last_step,
    plain_reason,
    quoted,
    sats,
    set_aside,
    unpaid_head,
)
from ringbolt.web.views.view import Action, Body, Head, Step, Tag

TAKEN_IF: Final = marked("Taken only if someone answers.")
_CUT: Final = "message_cut"
_DECLINED: Final = ("603", "607")
"""SIP: Decline (RFC 3261 21.6.2), Unwanted (RFC 8197)."""


def call_body(
    order: Order, command: CallOrder, call: Call, history: list[OrderEvent], now_ms: int
) -> Body:
    """The page's body for a call. ``now_ms``: for how long it has been up."""
    digits = answered_digits(command, call.digits) if command.gathers else ""
    return Body(
        what=_("Call to %(number)s", number=call.to_number),
        head=_head(order, command, call, digits, now_ms),
        steps=(
            *first_steps(order),
            *_steps(order, command, call, digits),
            last_step(order, history),
        ),
        facts=_facts(order, command),
        again="/call",
        actions=_actions(order, call),
        taken_if=_(TAKEN_IF),
        can_hear=order.paid_ms is not None and command.first_words is not None,
    )


def _head(order: Order, command: CallOrder, call: Call, digits: str, now_ms: int) -> Head:
    if order.state in UNPAID:
        return unpaid_head(order, _(TAKEN_IF))
    if order.state in NOT_DELIVERED:
        return _returned(order, call)
    if call.status.is_final or (order.state in DELIVERED and call.ended_ms is not None):
        return _answered(command, call, digits)
    return _under_way(order, command, call, now_ms)


def _under_way(order: Order, command: CallOrder, call: Call, now_ms: int) -> Head:
    to = call.to_number
    if call.status is CallStatus.IN_PROGRESS:
        so_far = _(
            "In the call for %(time)s.", time=amount(talked_ms(call, now_ms) // 1000, "second")
        )
        if command.gathers:
            return Head(
                Tag(_("Waiting for a key"), "now"), _("Answered. Waiting for a key."), so_far
            )
        return Head(Tag(_("Speaking"), "now"), _("Answered. The message is playing."), so_far)
    if call.status is CallStatus.RINGING:
        return Head(
            Tag(_("Ringing"), "now"),
            _("Ringing %(number)s", number=to),
            _("You can close this page."),
        )
    if order.state is OrderState.PAID:
        return Head(
            Tag(_("Starting"), "now"),
            _("Paid. Starting the call."),
            set_aside(order),
        )
    return Head(
        Tag(_("Dialling"), "now"),
        _("Dialling %(number)s", number=to),
        _("You can close this page. The call goes on."),
    )


def _answered(command: CallOrder, call: Call, digits: str) -> Head:
    seconds = -(-talked_ms(call, call.ended_ms or 0) // 1000)
    lasted = _("The call lasted %(time)s.", time=amount(seconds, "second"))
    if digits:
        return Head(
            Tag(_("Answered"), "ok"), _("Answered. They pressed %(keys)s.", keys=digits), lasted
        )
    if _CUT in call.notes:
        return Head(
            Tag(_("Answered"), "ok"),
            _("Answered. The minutes were over before the end of the message."),
            lasted,
        )
    title = _("Answered. No key was pressed.") if command.gathers else _("Answered.")
    return Head(Tag(_("Answered"), "ok"), title, lasted)


def _returned(order: Order, call: Call) -> Head:
    nothing = _("You paid nothing.")
    match call.status:
        case CallStatus.NO_ANSWER:
            return Head(Tag(_("No answer"), "bad"), back(order, _("Nobody answered.")), nothing)
        case CallStatus.BUSY if _is_declined(call):
            return Head(
                Tag(_("Declined"), "bad"),
                back(order, _("The call was declined.")),
                _("Somebody pressed the red button. You paid nothing."),
            )
        case CallStatus.BUSY:
            return Head(
                Tag(_("Busy"), "bad"),
                back(order, _("Busy.")),
                _("The line was engaged, or the call was declined. You paid nothing."),
            )
        case CallStatus.CANCELED if call.cause == HUNG_UP or call.answered_ms is None:
            return Head(Tag(_("Stopped")), back(order, _("The call was stopped.")), nothing)
        case _:
            return Head(
                Tag(_("Failed"), "bad"),
                back(order, _("The call could not be made.")),
                plain_reason(order),
            )


def _is_declined(call: Call) -> bool:
    return call.status is CallStatus.BUSY and call.cause.startswith(_DECLINED)


def _steps(order: Order, command: CallOrder, call: Call, digits: str) -> tuple[Step, ...]:
    if order.state is OrderState.EXPIRED:
        return ()
    is_over = order.state in FINAL or call.ended_ms is not None
    found: list[Step] = []
    if call.ringing_ms is not None or not is_over:
        found.append(_ring(order, call))
    if call.answered_ms is not None:
        talking = call.ended_ms is None
        found.append(Step("now" if talking else "done", _("Answered"), call.answered_ms))
    elif not is_over:
        found.append(Step("todo", _("Answered")))
    if digits:
        found.append(Step("done", _("Pressed %(keys)s", keys=digits)))
    elif command.gathers and not is_over:
        found.append(Step("todo", _("Key pressed")))
    if call.ended_ms is not None and order.paid_ms is not None:
        is_well = call.answered_ms is not None
        found.append(Step("done" if is_well else "bad", _ending(call), call.ended_ms))
    return tuple(found)


def _ring(order: Order, call: Call) -> Step:
    if call.ringing_ms is not None:
        is_now = call.answered_ms is None and call.ended_ms is None
        return Step("now" if is_now else "done", _("Ringing"), call.ringing_ms)
    return Step("now" if order.paid_ms is not None else "todo", _("Ringing"))


def _ending(call: Call) -> str:
    if _is_declined(call):
        return _("Declined")
    words = {
        CallStatus.NO_ANSWER: _("Nobody answered"),
        CallStatus.BUSY: _("Busy"),
        CallStatus.FAILED: _("The call failed"),
        CallStatus.CANCELED: _("The call was stopped"),
    }
    return words.get(call.status, _("Call ended"))


def _facts(order: Order, command: CallOrder) -> tuple[tuple[str, str], ...]:
    texts = spoken_texts(command)
    heard = quoted(texts[0]) if texts and texts[0] else _("An audio file")
    found = [(_("Call"), command.to), (_("They hear"), heard)]
    if command.gathers:
        keys = command.gathers[0]
        found.append((_("Key press"), ngettext("%(num)s key", "%(num)s keys", keys.max_digits)))
    found += [
        (_("Length"), _("up to %(time)s", time=amount(command.minutes, "minute"))),
        (_("Total"), sats(order)),
    ]
    return tuple(found)


def _actions(order: Order, call: Call) -> tuple[Action, ...]:
    if order.paid_ms is not None and call.ended_ms is None and order.state not in NOT_DELIVERED:
        words = _("Stop the call") if call.answered_ms is None else _("Hang up")
        return (Action("cancel", words, "danger"),)
    return ()
