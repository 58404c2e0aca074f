"""The page of an order that receives: one code, or the texts of a rented number."""

from __future__ import annotations

from typing import Final

from ringbolt.core.commands import ReceiveTexts
from ringbolt.core.countries import COUNTRIES
from ringbolt.core.humanise import span
from ringbolt.core.notices import NumberNotice, OrderNotice
from ringbolt.core.order import DELIVERED, NOT_DELIVERED, UNPAID, OrderState
from ringbolt.core.services import SERVICES
from ringbolt.store.orders import Order, OrderEvent
from ringbolt.web.views.money import back, first_steps, last_step, plain_reason, sats, unpaid_head
from ringbolt.web.views.view import Action, Body, Head, Numbered, Step, Tag

_IF_CODE: Final = "Taken only if the code arrives."
_IF_NUMBER: Final = "Taken at the first text, or after 20 minutes."


def number_body(
    order: Order,
    command: ReceiveTexts,
    notice: OrderNotice,
    history: list[OrderEvent],
    now_ms: int,
) -> Body:
    receiving = notice.receiving
    taken_if = _IF_NUMBER if command.hours else _IF_CODE
    return Body(
        what=f"{_service(command)}, {_country(command, receiving)}",
        head=_head(order, command, notice, now_ms, taken_if),
        steps=(*first_steps(order), *_steps(order, command, notice), last_step(order, history)),
        facts=_facts(order, command, receiving),
        again="/rent" if command.hours else "/code",
        actions=_actions(order, command, notice, now_ms),
        numbered=None if receiving is None else _numbered(command, receiving),
        taken_if=taken_if,
    )


def _service(command: ReceiveTexts) -> str:
    if command.hours:
        return "Rented number"
    service = SERVICES.get(command.service)
    return command.service if service is None else service.name


def _country(command: ReceiveTexts, receiving: NumberNotice | None) -> str:
    country = COUNTRIES.get(command.country if receiving is None else receiving.country)
    return "any country" if country is None or not country.region else country.name


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
        what = "code" if receiving.code else "text"
        return Head(Tag("Received", "ok"), f"Your {what} is here")
    return _waiting(command, receiving, notice.expires_ms, now_ms)


def _waiting(
    command: ReceiveTexts, receiving: NumberNotice, expires_ms: int | None, now_ms: int
) -> Head:
    if command.hours and receiving.number:
        left = max(0, (expires_ms or now_ms) - now_ms)
        note = f"Yours for {span(left)} more." if left else "Its time is over."
        return Head(Tag("Listening for texts", "now" if left else ""), "Your rented number", note)
    if receiving.is_masked:
        return Head(
            Tag("A text came", "warn"),
            "A text came, but we found no code in it",
            "Read it below: if it is what you need, take it. If not, wait for another one.",
        )
    if receiving.number:
        return Head(
            Tag("Waiting for the text", "now"),
            "Use this number now",
            f"Enter it at {_service(command)} and ask for the code. It appears here by itself.",
        )
    return Head(Tag("Finding a number", "now"), "Finding a number", "This takes a few seconds.")


def _returned(order: Order, command: ReceiveTexts, notice: OrderNotice) -> Head:
    if notice.has_no_number:
        return Head(
            Tag("No number", "bad"),
            f"No number was free. {back(order)}",
            f"Our supplier had none left for {_service(command)}. You paid nothing.",
        )
    if order.reason.startswith("cancel"):
        return Head(Tag("Cancelled"), f"Cancelled. {back(order)}", "You paid nothing.")
    return Head(Tag("No code", "bad"), f"No code came. {back(order)}", plain_reason(order))


def _steps(order: Order, command: ReceiveTexts, notice: OrderNotice) -> tuple[Step, ...]:
    receiving = notice.receiving
    if order.state is OrderState.EXPIRED:
        return ()
    number = receiving.number if receiving else ""
    is_paid = order.paid_ms is not None
    ready = Step("now" if is_paid else "todo", "Number ready")
    if receiving is not None and number:
        ready = Step("done", "Number ready", receiving.assigned_ms)
    if order.state in NOT_DELIVERED:
        missing = Step("bad", "No code came" if number else "No number was free")
        return (ready, missing) if number else (missing,)
    if command.hours:
        return (ready,)
    if order.state in DELIVERED:
        came_ms = receiving.texts[-1].at_ms if receiving and receiving.texts else None
        return (ready, Step("done", "Code received", came_ms))
    return (ready, Step("now" if number else "todo", "Waiting for the code"))


def _facts(
    order: Order, command: ReceiveTexts, receiving: NumberNotice | None
) -> tuple[tuple[str, str], ...]:
    found = [("Service", _service(command)), ("Country", _country(command, receiving))]
    if command.hours:
        found.append(("For", span(command.hours * 3_600_000)))
    return (*found, ("Total", sats(order)))


def _actions(
    order: Order, command: ReceiveTexts, notice: OrderNotice, now_ms: int
) -> tuple[Action, ...]:
    receiving = notice.receiving
    if order.state is not OrderState.IN_PROGRESS or receiving is None or command.hours:
        is_delivered = order.state in DELIVERED and not command.hours and receiving is not None
        is_open = is_delivered and (notice.expires_ms or 0) > now_ms
        return (Action("another-text", "Wait for another text on this number"),) if is_open else ()
    wait = ""
    if receiving.cancel_after_ms > now_ms:
        wait = f"Possible in {span(receiving.cancel_after_ms - now_ms)}."
    found: list[Action] = []
    if receiving.is_masked:
        found.append(Action("accept", "Take this text", "primary"))
    return (
        *found,
        Action("another-number", "Another number", wait_note=wait),
        Action("cancel", "Cancel and get the money back", "danger", wait),
    )
