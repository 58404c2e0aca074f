"""``/simulator/twilio``: the simulated Twilio-compatible API of calls, and its accounts."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.simulator.twilio.account_api import (
    absent,
    account_routes,
    as_the_account_answers,
    form_of,
    problem,
    proxy_page,
)
from ringbolt.simulator.twilio.accounts import AccountChange, Accounts, AccountState
from ringbolt.simulator.twilio.call import TwilioCall
from ringbolt.simulator.twilio.calls import TwilioCalls
from ringbolt.simulator.twilio.paging import paged, piece_of
from ringbolt.twilio.settings import WORLD_PATH
from ringbolt.voice.audio.wav import HEADER_SIZE
from ringbolt.voice.carrier import Accepted

_EVENTS: Final = frozenset({"initiated", "ringing", "answered", "completed"})
_OVER: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


def routes(calls: TwilioCalls, accounts: Accounts) -> list[Route]:
    resource = _Calls(calls, accounts)
    paths = {
        "/Calls.json": {"POST": resource.create, "GET": resource.list},
        "/Calls/{sid}.json": {"POST": resource.update, "GET": resource.fetch},
        "/Calls/{sid}/Recordings.json": {"GET": resource.recordings},
        "/Recordings/{recording}.wav": {"GET": resource.media},
        "/Balance.json": {"GET": resource.balance},
        ".json": {"GET": resource.account},
    }
    return account_routes(accounts, paths)


def control_routes(accounts: Accounts) -> list[Route]:
    """What an account has from now on; for tests of what goes wrong."""

    async def change(request: Request) -> Response:
        try:
            wanted = msgspec.json.decode(await request.body(), type=AccountChange)
        except msgspec.DecodeError as error:
            return problem(400, 20001, str(error))
        account = await accounts.change(request.path_params["account"], wanted)
        return JSONResponse(msgspec.to_builtins(account))

    return [Route(f"{WORLD_PATH}/accounts/{{account}}", change, methods=["POST"])]


class _Calls:
    def __init__(self, calls: TwilioCalls, accounts: Accounts) -> None:
        self._calls = calls
        self._accounts = accounts

    async def create(self, request: Request, account: AccountState) -> Response:
        pairs = await form_of(request)
        form = {"Timeout": "60", "TimeLimit": "14400"} | dict(pairs)
        events = [value for name, value in pairs if name == "StatusCallbackEvent"]
        wrong = _wrong(form, events)
        if wrong is not None:
            return wrong
        sid = request.path_params["account"]
        placed = partial(self._placed, sid, form, events)
        return await as_the_account_answers(self._accounts, sid, placed)

    async def _placed(self, account: str, form: dict[str, str], events: list[str]) -> Response:
        made, result = await self._calls.place(account, form, events or ["completed"])
        match result:
            case Rejected(permanent=True):
                return problem(400, 21215, f"Geo Permission configuration: {result.reason}")
            case Rejected():
                return problem(429, 20429, result.reason, **{"Retry-After": "1"})
            case Unknown():
                return proxy_page(504)
            case Accepted():
                return await self._shown(made, 201)

    async def fetch(self, request: Request, account: AccountState) -> Response:
        made = self._found(request)
        return absent(request) if made is None else await self._shown(made, 200)

    async def list(self, request: Request, account: AccountState) -> Response:
        wanted = request.query_params
        shown = []
        for made in self._calls.of(request.path_params["account"]):
            document = await self._calls.show(made)
            if document is not None and _matches(document, wanted):
                shown.append(document)
        piece, has_more = piece_of(request, shown)
        return paged(request, "calls", piece, has_more=has_more)

    async def update(self, request: Request, account: AccountState) -> Response:
        made = self._found(request)
        if made is None:
            return absent(request)
        form = dict(await form_of(request))
        if form.get("Status") not in ("canceled", "completed"):
            return problem(400, 20001, "Parameter 'Status' is not valid")
        document = await self._calls.show(made)
        if document is None or document["status"] in _OVER:
            return problem(400, 21220, "Call is not in-progress. Cannot redirect.")
        await self._calls.hang_up(made)
        return await self._shown(made, 200)

    async def recordings(self, request: Request, account: AccountState) -> Response:
        made = self._found(request)
        if made is None:
            return absent(request)
        kept = [
            {
                "sid": sid,
                "call_sid": made.sid,
                "duration": str(-(-(len(wav) - HEADER_SIZE) // 16_000)),
                "status": "completed",
            }
            async for sid, wav in self._calls.recordings(made)
        ]
        # Newest first, as all lists of the API.
        return JSONResponse({"recordings": kept[::-1], "page": 0, "next_page_uri": None})

    async def media(self, request: Request, account: AccountState) -> Response:
        for made in self._calls.of(request.path_params["account"]):
            async for sid, wav in self._calls.recordings(made):
                if sid == request.path_params["recording"]:
                    return Response(wav, media_type="audio/x-wav")
        return absent(request)

    async def balance(self, request: Request, account: AccountState) -> Response:
        sid = request.path_params["account"]
        return JSONResponse(
            {"account_sid": sid, "balance": account.balance, "currency": account.price_unit}
        )

    async def account(self, request: Request, account: AccountState) -> Response:
        sid = request.path_params["account"]
        return JSONResponse(
            {"sid": sid, "friendly_name": "simulated", "status": "active", "type": "Full"}
        )

    def _found(self, request: Request) -> TwilioCall | None:
        return self._calls.find(request.path_params["account"], request.path_params["sid"])

    async def _shown(self, made: TwilioCall, status: int) -> Response:
        document = await self._calls.show(made)
        if document is None:
            return problem(404, 20404, f"The requested resource {made.sid} was not found")
        if status == 201:
            document["status"] = "queued"  # whatever it does by now: so does Twilio answer
        return JSONResponse(document, status)


def _wrong(form: dict[str, str], events: list[str]) -> Response | None:
    """The API's refusal of a request that no call can be made of."""
    number = form.get("To", "")
    if not form.get("From"):
        return problem(400, 21213, "No 'From' number is specified")
    if not (number.startswith("+") and number[1:].isdigit() and len(number) <= 16):
        return problem(400, 21211, f"The 'To' number {number} is not a valid phone number.")
    if not (form.get("Url") or form.get("Twiml")) or len(form.get("Twiml", "")) > 4000:
        return problem(400, 21205, "Url, or Twiml of 4000 characters at most, is required.")
    for name, most in (("Timeout", 600), ("TimeLimit", 86_400)):
        if not form[name].isdigit() or not 1 <= int(form[name]) <= most:
            return problem(400, 21220, f"{name} is not valid")
    if not _EVENTS.issuperset(events):
        return problem(400, 21626, "StatusCallbackEvent is not valid")
    return None


def _matches(document: dict[str, Any], wanted: Any) -> bool:
    for name in ("To", "From", "Status"):
        if name in wanted and document[name.lower()] != wanted[name]:
            return False
    started = document["start_time"] or document["date_created"]
    day = datetime.strptime(started, "%a, %d %b %Y %H:%M:%S %z").astimezone(UTC)
    for name, fits in (
        ("StartTime>", lambda told: day.isoformat() >= told),
        ("StartTime<", lambda told: day.isoformat()[: len(told)] <= told),
        ("StartTime", lambda told: day.isoformat().startswith(told)),
    ):
        if name in wanted and not fits(wanted[name]):
            return False
    return True
