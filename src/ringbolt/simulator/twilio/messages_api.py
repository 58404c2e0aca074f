"""``Messages`` and ``IncomingPhoneNumbers`` of the simulated Twilio-compatible API."""

from __future__ import annotations

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.core.phone import is_e164
from ringbolt.simulator.twilio.account_api import (
    absent,
    account_routes,
    as_the_account_answers,
    form_of,
    problem,
    proxy_page,
)
from ringbolt.simulator.twilio.accounts import Accounts, AccountState
from ringbolt.simulator.twilio.message import TwilioMessage, shown
from ringbolt.simulator.twilio.messages import TwilioMessages, TwilioNumber
from ringbolt.simulator.twilio.paging import paged, piece_of
from ringbolt.sms.carrier import Accepted, SendResult

_MOST_CHARS: Final = 1600
_MOST_VALIDITY_S: Final = 36_000
_NUMBER: Final = re.compile(r"\+[0-9]{2,15}", re.ASCII)
UNSUBSCRIBED: Final = "+1234567830"
"""Who gets no texts from any sender any more (error 21610)."""
_REFUSED: Final = {
    UNSUBSCRIBED: (21610, "Attempt to send to unsubscribed recipient"),
    "+1234567831": (21614, "'To' number is not a valid mobile number"),
    "+1234567832": (21211, "Invalid 'To' Phone Number"),
}


def routes(messages: TwilioMessages, accounts: Accounts) -> list[Route]:
    resource = _Messages(messages, accounts)
    paths = {
        "/Messages.json": {"POST": resource.create, "GET": resource.list},
        "/Messages/{sid}.json": {"GET": resource.fetch},
        "/IncomingPhoneNumbers.json": {"POST": resource.keep_number, "GET": resource.numbers},
    }
    return account_routes(accounts, paths)


class _Messages:
    def __init__(self, messages: TwilioMessages, accounts: Accounts) -> None:
        self._messages = messages
        self._accounts = accounts

    async def create(self, request: Request, account: AccountState) -> Response:
        form = dict(await form_of(request))
        wrong = _wrong(form)
        if wrong is not None:
            return wrong
        sid = request.path_params["account"]

        async def sent() -> Response:
            return await self._answer(*await self._messages.create(sid, form), account)

        return await as_the_account_answers(self._accounts, sid, sent)

    async def _answer(
        self, made: TwilioMessage, result: SendResult, account: AccountState
    ) -> Response:
        match result:
            case Rejected(permanent=True) as refused:
                return problem(400, 21408, f"Permission to send an SMS: {refused.reason}")
            case Rejected() as refused:
                after_s = -(-(refused.retry_after_ms or 0) // 1000)
                return problem(429, 20429, refused.reason, **{"Retry-After": str(after_s)})
            case Unknown():
                return proxy_page(504)
            case Accepted(_, sent):
                document = await self._shown(made, account)
                return JSONResponse({**document, "status": "sent" if sent else "queued"}, 201)

    async def fetch(self, request: Request, account: AccountState) -> Response:
        sid = request.path_params["sid"]
        made = self._messages.find(request.path_params["account"], sid)
        if made is None:
            return absent(request)
        return JSONResponse(await self._shown(made, account))

    async def list(self, request: Request, account: AccountState) -> Response:
        wanted = request.query_params
        found = [
            made
            for made in self._messages.of(request.path_params["account"])
            if all(made.form.get(name) == wanted[name] for name in ("To", "From") if name in wanted)
        ]
        piece, has_more = piece_of(request, found)
        documents = [await self._shown(made, account) for made in piece]
        return paged(request, "messages", documents, has_more=has_more)

    async def _shown(self, made: TwilioMessage, account: AccountState) -> dict[str, Any]:
        receipts = await self._messages.receipts(made)
        return shown(made, receipts, account, self._messages.now_ms())

    async def keep_number(self, request: Request, account: AccountState) -> Response:
        form = dict(await form_of(request))
        number = form.get("PhoneNumber", "")
        if not is_e164(number):
            return problem(400, 21421, "PhoneNumber is invalid")
        account_sid = request.path_params["account"]
        kept = await self._messages.keep_number(account_sid, number, form.get("SmsUrl", ""))
        return JSONResponse(_number(kept), 201)

    async def numbers(self, request: Request, account: AccountState) -> Response:
        kept = self._messages.numbers_of(request.path_params["account"])
        piece, has_more = piece_of(request, kept)
        documents = [_number(each) for each in piece]
        return paged(request, "incoming_phone_numbers", documents, has_more=has_more)


def _number(kept: TwilioNumber) -> dict[str, Any]:
    return {
        "sid": kept.sid,
        "account_sid": kept.account_sid,
        "phone_number": kept.number,
        "sms_url": kept.sms_url,
        "sms_method": "POST",
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
    }


def _wrong(form: dict[str, str]) -> Response | None:
    """The API's refusal of a request that no message can be made of."""
    number, body = form.get("To", ""), form.get("Body", "")
    validity = form.get("ValidityPeriod", "1")
    is_valid = validity.isdigit() and 1 <= int(validity) <= _MOST_VALIDITY_S
    has_sender = bool(form.get("From") or form.get("MessagingServiceSid"))
    faults = [
        (number in _REFUSED, *_REFUSED.get(number, (0, ""))),
        (not _NUMBER.fullmatch(number), 21211, f"The 'To' number {number} is not valid."),
        (not has_sender, 21603, "A 'From' phone number is required."),
        (not body, 21602, "Message body is required."),
        (len(body) > _MOST_CHARS, 21617, "The message body exceeds 1600 characters."),
        (not is_valid, 21626, "ValidityPeriod is not valid"),
    ]
    return next((problem(400, code, why) for is_so, code, why in faults if is_so), None)
