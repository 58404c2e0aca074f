"""The page of an order that receives: one code, or the texts of a rented number."""

from __future__ import annotations

from typing import Final

from ringbolt.core.commands import ReceiveTexts
from ringbolt.core.countries import COUNTRIES
from ringbolt.core.notices import NumberNotice, OrderNotice
from ringbolt.core.order import DELIVERED, NOT_DELIVERED, UNPAID, OrderState
from ringbolt.core.services import SERVICES
from ringbolt.store.orders import Order, OrderEvent
from ringbolt.web.formats import clock, day, minute, place_name, span
from ringbolt.web.i18n import _, both, marked
from ringbolt.web.views.money import back, first_steps, last_step, plain_reason, sats, unpaid_head
from ringbolt.web.views.view import Action, Body, Head, Numbered, Step, Tag

_IF_CODE: Final = marked("Taken only if the code arrives.")
_IF_NUMBER: Final = marked("Taken at the first text, or after 20 minutes.")


def number_body(
    order: Order,
    command: ReceiveTexts,
    notice: OrderNotice,
    history: list[OrderEvent],
    now_ms: int,
) -> Body:
    """The page's body for an order that receives texts."""
    receiving = notice.receiving
    taken_if = _(_IF_NUMBER) if command.hours else _(_IF_CODE)
    return Body(
        what=both(_service(command), _country(command, receiving)),
        head=_head(order, command, notice, now_ms, taken_if),
        steps=(*first_steps(order), *_steps(order, command, notice), last_step(order, history)),
        facts=_facts(order, command, receiving),
        again="/rent" if command.hours else "/code",
        actions=_actions(order, command, notice, now_ms),
        numbered=None if receiving is None else _numbered(command, receiving),
        taken_if=taken_if,
        changes_ms=_changes_ms(command, notice, now_ms),
        left_s=_left_ms(notice.expires_ms, now_ms) // 1000 if command.hours else 0,
    )


def _changes_ms(command: ReceiveTexts, notice: OrderNotice, now_ms: int) -> int | None:
    """When the number may be given back, or a rented one is the visitor's no more."""
    times = [notice.expires_ms] if command.hours else []
    if notice.receiving is not None and not command.hours:
        times = [notice.receiving.cancel_after_ms, notice.expires_ms]
    return min((time for time in times if time is not None and time > now_ms), default=None)


def _left_ms(expires_ms: int | None, now_ms: int) -> int:
    return max(0, (expires_ms or now_ms) - now_ms)


def _service(command: ReceiveTexts) -> str:
    if command.hours:
        return _("Rented number")
    service = SERVICES.get(command.service)
    return command.service if service is None else service.name


def _country(command: ReceiveTexts, receiving: NumberNotice | None) -> str:
    country = COUNTRIES.get(command.country if receiving is None else receiving.country)
    return place_name(country) or _("any country")


def _numbered(command: ReceiveTexts, receiving: NumberNotice) -> Numbered | None:
    if not receiving.number:
        return None
    return Numbered(
        number=receiving.number,
        code=receiving.code,
        texts=tuple(reversed(receiving.texts)),
        is_masked=receiving.is_masked,
        is_rental=bool(command.hours),
    )


def _head(
    order: Order, command: ReceiveTexts, notice: OrderNotice, now_ms: int, taken_if: str
) -> Head:
    receiving = notice.receiving
    if order.state in UNPAID or receiving is None:
        return unpaid_head(order, taken_if)
    if order.state in NOT_DELIVERED:
        return _returned(order, command, notice)
    if order.state in DELIVERED and not command.hours:
        is_here = _("Your code is here") if receiving.code else _("Your text is here")
        return Head(Tag(_("Received"), "ok"), is_here)
    return _waiting(command, receiving, notice.expires_ms, now_ms)


def _waiting(
    command: ReceiveTexts, receiving: NumberNotice, expires_ms: int | None, now_ms: int
) -> Head:
    if command.hours and receiving.number:
        if not expires_ms or not _left_ms(expires_ms, now_ms):
            return Head(Tag(_("Over")), _("Your rented number"), _("Its time is over."))
        until = _(
            "Yours until %(day)s, %(time)s UTC.", day=day(expires_ms), time=minute(expires_ms)
        )
        return Head(Tag(_("Listening for texts"), "now"), _("Your rented number"), until)
    if receiving.is_masked:
        return Head(
            Tag(_("A text came"), "warn"),
            _("A text came, but we found no code in it"),
            _("Read it below: if it is what you need, take it. If not, wait for another one."),
        )
    if receiving.number:
        return Head(
            Tag(_("Waiting for the text"), "now"),
            _("Use this number now"),
            _(
                "Enter it at %(service)s and ask for the code. It appears here by itself.",
                service=_service(command),
            ),
        )
    return Head(
        Tag(_("Finding a number"), "now"), _("Finding a number"), _("This takes a few seconds.")
    )


def _returned(order: Order, command: ReceiveTexts, notice: OrderNotice) -> Head:
    if notice.has_no_number:
        return Head(
            Tag(_("No number"), "bad"),
            back(order, _("No number was free.")),
            _(
                "Our supplier had none left for %(service)s. You paid nothing.",
                service=_service(command),
            ),
        )
    if order.reason.startswith("cancel"):
        return Head(Tag(_("Cancelled")), back(order, _("Cancelled.")), _("You paid nothing."))
    return Head(Tag(_("No code"), "bad"), back(order, _("No code came.")), plain_reason(order))


def _steps(order: Order, command: ReceiveTexts, notice: OrderNotice) -> tuple[Step, ...]:
    receiving = notice.receiving
    if order.state is OrderState.EXPIRED:
        return ()
    number = receiving.number if receiving else ""
    is_paid = order.paid_ms is not None
    ready = Step("now" if is_paid else "todo", _("Number ready"))
    if receiving is not None and number:
        ready = Step("done", _("Number ready"), receiving.assigned_ms)
    if order.state in NOT_DELIVERED:
        missing = Step("bad", _("No code came") if number else _("No number was free"))
        return (ready, missing) if number else (missing,)
    if command.hours:
        return (ready,)
    if order.state in DELIVERED:
        came_ms = receiving.texts[-1].at_ms if receiving and receiving.texts else None
        return (ready, Step("done", _("Code received"), came_ms))
    return (ready, Step("now" if number else "todo", _("Waiting for the code")))


def _facts(
    order: Order, command: ReceiveTexts, receiving: NumberNotice | None
) -> tuple[tuple[str, str], ...]:
    found = [(_("Service"), _service(command)), (_("Country"), _country(command, receiving))]
    if command.hours:
        found.append((_("For"), span(command.hours * 3_600_000)))
    return (*found, (_("Total"), sats(order)))


def _actions(
    order: Order, command: ReceiveTexts, notice: OrderNotice, now_ms: int
) -> tuple[Action, ...]:
    receiving = notice.receiving
    if order.state is not OrderState.IN_PROGRESS or receiving is None or command.hours:
        is_delivered = order.state in DELIVERED and not command.hours and receiving is not None
        is_open = is_delivered and (notice.expires_ms or 0) > now_ms
        return (
            (Action("another-text", _("Wait for another text on this number")),) if is_open else ()
        )
    wait = ""
    if receiving.cancel_after_ms > now_ms:
        wait = _("Possible from %(time)s UTC on.", time=clock(receiving.cancel_after_ms))
    found: list[Action] = []
    if receiving.is_masked:
        found.append(Action("accept", _("Take this text"), "primary"))
    return (
        *found,
        Action("another-number", _("Another number"), wait_note=wait),
        Action("cancel", _("Cancel and get the money back"), "danger", wait),
    )
