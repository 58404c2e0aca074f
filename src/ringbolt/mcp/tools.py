"""The tools of a shop: each is a request to its HTTP API, or a few."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from ringbolt.core.closed_sales import SERVICES
from ringbolt.core.lightning.lnurl import LnurlError
from ringbolt.core.lightning.lnurl import decode as decode_lnurl
from ringbolt.mcp import arguments, results
from ringbolt.mcp.door import Answer, Door, NoAnswer
from ringbolt.mcp.purse import Purse
from ringbolt.mcp.results import Result
from ringbolt.mcp.waiting import Tell, wait_for

_WITHDRAW: Final = "/lnurl/withdraw/"
_MANIFEST: Final = "/.well-known/l402-services"
_ANY_COUNTRY: Final = 999


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that is called: the shop, what pays, and who is told of the progress."""

    door: Door
    purse: Purse
    tell: Tell


Run = Callable[[Call, Any], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Tool:
    """``service``: of ``core/closed_sales.SERVICES``, if it buys one. ``reads``: it changes
    nothing."""

    name: str
    title: str
    description: str
    takes: type[arguments.Arguments]
    run: Run
    service: str = ""
    reads: bool = False


async def use(tool: Tool, call: Call, given: Mapping[str, Any]) -> Result:
    """Call a tool. Never raises for what the agent or the shop did."""
    try:
        wanted = msgspec.convert(given, tool.takes, strict=False)
    except msgspec.ValidationError as error:
        return results.refusal(
            "INVALID_ARGUMENTS",
            f"{error}.",
            f"Call {tool.name} again with arguments as its schema says. Nothing was charged.",
        )
    try:
        return await tool.run(call, wanted)
    except NoAnswer:
        return results.lost(bool(tool.service))


async def _buy(call: Call, path: str, wanted: arguments.Buy, fields: dict[str, Any]) -> Result:
    wanted = replace(wanted, request_id=wanted.request_id or str(uuid4()))
    name = wanted.request_id
    given = {key: value for key, value in fields.items() if value not in ("", None, False)}

    async def place(payment: dict[str, object]) -> Result:
        headers = {"Idempotency-Key": name}
        answer = await call.door.ask("POST", path, given | payment, headers)
        return results.bought(answer.document) if answer.is_success else results.refused(answer)

    if not name.isascii() or not name.isprintable():
        return results.refusal(
            "INVALID_ARGUMENTS", "request_id is not printable ASCII.", "Use a random UUID."
        )
    return await call.purse.pay_for(wanted, place)


async def _call_phone(call: Call, wanted: arguments.CallPhone) -> Result:
    keys = {"maxDigits": wanted.most_keys} if wanted.ask_for_keys else None
    fields = {
        "phone": wanted.phone,
        "message": wanted.message,
        "audioUrl": wanted.audio_url,
        "durationMinutes": wanted.duration_minutes,
        "language": wanted.language,
        "voice": wanted.voice,
        "repeat": wanted.repeat,
        "gather": keys,
    }
    return await _buy(call, "/createcallorder", wanted, fields)


async def _send_text(call: Call, wanted: arguments.SendText) -> Result:
    fields = {"phone": wanted.phone, "message": wanted.message}
    return await _buy(call, "/createsendorder", wanted, fields)


async def _receive_code(call: Call, wanted: arguments.ReceiveCode) -> Result:
    fields = {"service": wanted.service, "country": wanted.country or _ANY_COUNTRY}
    return await _buy(call, "/createorder", wanted, fields)


async def _rent_number(call: Call, wanted: arguments.RentNumber) -> Result:
    fields = {
        "isRental": True,
        "rentalHours": wanted.hours,
        "service": wanted.service,
        "country": wanted.country or _ANY_COUNTRY,
    }
    return await _buy(call, "/createorder", wanted, fields)


async def _send_email(call: Call, wanted: arguments.SendEmail) -> Result:
    fields = {
        "address": wanted.address,
        "message": wanted.message,
        "subject": wanted.subject,
    }
    return await _buy(call, "/createemailsendorder", wanted, fields)


async def _quote(call: Call, wanted: arguments.Quote) -> Result:
    is_call, is_rent = wanted.buy == "call", wanted.buy == "rent"
    fields = {
        "service": wanted.buy,
        "phone_number": wanted.phone,
        "message": wanted.message,
        "duration_minutes": wanted.minutes if is_call else "",
        "app": wanted.service,
        "country": wanted.country,
        "hours": wanted.hours if is_rent else "",
    }
    given = {key: value for key, value in fields.items() if value != ""}
    answer = await call.door.ask("GET", "/api/estimate-cost", given, {})
    if not answer.is_success:
        return results.refused(answer)
    told = answer.document
    return Result(
        {
            "price_sats": told["amount_sats"],
            "quantity": told["quantity"],
            "unit": told["unit"],
            "is_exact": told["exact"],
            "next_step": "Buy it, with max_sats to be sure of the price.",
        }
    )


async def _list_services(call: Call, wanted: arguments.Services) -> Result:
    fields = {"country": wanted.country} if wanted.country else {}
    answer = await call.door.ask("GET", "/getnumbersstatus", fields, {})
    if not answer.is_success:
        return results.refused(answer)
    services = [
        {"service": each["value"], "name": each["text"], "free_numbers": int(each["count"])}
        for each in answer.document
    ]
    return Result({"services": services, "next_step": "Call receive_code with a service."})


async def _wait(call: Call, wanted: arguments.Wait) -> Result:
    return await wait_for(call.door, wanted.order_id, wanted.seconds, call.tell)


async def _get_order(call: Call, wanted: arguments.OneOrder) -> Result:
    answer = await call.door.ask("GET", "/orderstatus", {"orderId": wanted.order_id}, {})
    return _order_of(wanted.order_id, answer)


async def _cancel(call: Call, wanted: arguments.OneOrder) -> Result:
    answer = await call.door.ask("POST", "/cancelorder", {"orderId": wanted.order_id}, {})
    if not answer.is_success:
        return results.refused(answer)
    return await _get_order(call, wanted)


async def _accept(call: Call, wanted: arguments.OneOrder) -> Result:
    if not wanted.order_id.isalnum():
        return results.refusal("ORDER_NOT_FOUND", "There is no such order.", "Use its order_id.")
    answer = await call.door.ask("POST", f"/v1/orders/{wanted.order_id}/accept", {}, {})
    return _order_of(wanted.order_id, answer)


def _order_of(order_id: str, answer: Answer) -> Result:
    if not answer.is_success:
        return results.refused(answer)
    return results.order_result(order_id, answer.document)


async def _claim_refund(call: Call, wanted: arguments.ClaimRefund) -> Result:
    """Only links of this shop are followed: an agent could be made to call any other address."""
    k1 = _secret_of(wanted.link)
    if not k1:
        return results.refusal(
            "INVALID_LINK",
            "This is no refund link of a shop.",
            "Use lnurl_withdraw or withdraw_url as the shop answered it.",
        )
    offer = (await call.door.ask("GET", _WITHDRAW + k1, {}, {})).document
    if offer.get("status") == "ERROR":
        return _not_withdrawn(offer)
    sats = int(offer["maxWithdrawable"]) // 1000
    invoice = wanted.invoice or await call.purse.invoice(sats)
    if not invoice:
        step = f"Make an invoice of {sats} sats in a wallet, and call claim_refund with it."
        return Result({"refund_sats": sats, "next_step": step})
    claim = {"k1": k1, "pr": invoice}
    claimed = (await call.door.ask("GET", "/lnurl/callback", claim, {})).document
    if claimed.get("status") != "OK":
        return _not_withdrawn(claimed)
    return Result({"refund_sats": sats, "next_step": "The invoice is being paid."})


def _not_withdrawn(document: Mapping[str, Any]) -> Result:
    return results.refusal(
        "NOT_WITHDRAWN",
        str(document.get("reason", "The refund cannot be withdrawn.")),
        "Ask without an invoice how much can be withdrawn, and make an invoice of that amount.",
    )


def _secret_of(link: str) -> str:
    """What opens the refund of a link, '' if it is none."""
    address = link.strip()
    if not address.startswith(("http://", "https://")):
        try:
            address = decode_lnurl(address, http_allowed=True)
        except LnurlError:
            return ""
    k1 = address.partition(_WITHDRAW)[2].partition("?")[0]
    return k1 if k1.isascii() and k1.isalnum() else ""


async def _balance(call: Call, _: arguments.Nothing) -> Result:
    answer = await call.door.ask("GET", "/balance", {}, {})
    if not answer.is_success:
        return results.refused(answer)
    step = "Buy something, or call top_up for more."
    return Result({"balance_sats": answer.document["balance"], "next_step": step})


async def _top_up(call: Call, wanted: arguments.TopUp) -> Result:
    headers = {"Idempotency-Key": str(uuid4())}
    answer = await call.door.ask("POST", "/fund", {"amount": wanted.sats}, headers)
    return results.bought(answer.document) if answer.is_success else results.refused(answer)


_PAYMENT: Final = (
    " The answer has a Lightning invoice to pay, unless a prepaid key or wallet pays. It is paid "
    "for only if it is delivered; else the money returns by itself."
)

_ALL: Final = (
    Tool(
        "quote",
        "Ask for a price",
        "What a call, text, code, rented number or e-mail costs, in satoshis. Free.",
        arguments.Quote,
        _quote,
        reads=True,
    ),
    Tool(
        "call_phone",
        "Call a phone number",
        "Call a number and speak a text or play a file; optionally collect key presses." + _PAYMENT,
        arguments.CallPhone,
        _call_phone,
        "call",
    ),
    Tool(
        "send_text",
        "Send a text message",
        "Send an SMS to a phone number." + _PAYMENT,
        arguments.SendText,
        _send_text,
        "text",
    ),
    Tool(
        "receive_code",
        "Receive an activation code",
        "Get a fresh phone number, and the code that a service texts to it." + _PAYMENT,
        arguments.ReceiveCode,
        _receive_code,
        "code",
    ),
    Tool(
        "rent_number",
        "Rent a phone number",
        "Rent a phone number for some hours and receive its texts." + _PAYMENT,
        arguments.RentNumber,
        _rent_number,
        "rent",
    ),
    Tool(
        "send_email",
        "Send an e-mail",
        "Send a plain-text e-mail to one address." + _PAYMENT,
        arguments.SendEmail,
        _send_email,
        "email",
    ),
    Tool(
        "wait_for_result",
        "Wait for an order",
        "Wait until an order changes to something final: paid and answered, sent, a code has "
        "come, or failed. Reports progress; answers after `seconds` in any case.",
        arguments.Wait,
        _wait,
        reads=True,
    ),
    Tool(
        "get_order",
        "Look at an order",
        "An order as it is now, with its result: code, number, texts, pressed keys.",
        arguments.OneOrder,
        _get_order,
        reads=True,
    ),
    Tool(
        "cancel_order",
        "Cancel an order",
        "Cancel an order that is not paid, or whose code has not come, or hang up a call. The "
        "money returns by itself.",
        arguments.OneOrder,
        _cancel,
    ),
    Tool(
        "accept_text",
        "Accept a text without a code",
        "Pay for a received text in which no code was found, and see it whole.",
        arguments.OneOrder,
        _accept,
    ),
    Tool(
        "claim_refund",
        "Claim a refund",
        "Withdraw the refund of a purchase by L402 or MPP. Orders of these tools need none: their "
        "money returns by itself.",
        arguments.ClaimRefund,
        _claim_refund,
    ),
    Tool(
        "list_services",
        "List services with numbers",
        "Whose activation codes can be received, and how many numbers are free.",
        arguments.Services,
        _list_services,
        reads=True,
    ),
    Tool(
        "get_balance",
        "Balance of the prepaid key",
        "What the prepaid key can spend, in satoshis.",
        arguments.Nothing,
        _balance,
        reads=True,
    ),
    Tool(
        "top_up",
        "Add to the prepaid key",
        "Make an invoice that adds to the balance of the prepaid key.",
        arguments.TopUp,
        _top_up,
    ),
)
TOOLS: Final = MappingProxyType({tool.name: tool for tool in _ALL})
_OF_KEYS: Final = frozenset({"get_balance", "top_up"})
"""Tools that need a prepaid key."""


def usable(door: Door, sold: Container[str]) -> list[Tool]:
    """The tools that can be used with what the agent shows, at a shop that sells these services."""
    return [
        tool
        for tool in TOOLS.values()
        if (door.has_key or tool.name not in _OF_KEYS)
        and (not tool.service or tool.service in sold)
    ]


async def sold_at(door: Door) -> Container[str]:
    """The services that a shop sells now, by what it tells programs; all if it does not tell."""
    try:
        answer = await door.ask("GET", _MANIFEST, {}, {})
        listed = [*answer.document["services"], *answer.document["other_services"]]
        return {service for each in listed for service in each["sells"]}
    except (NoAnswer, KeyError, TypeError):
        return SERVICES
