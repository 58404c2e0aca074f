"""``/stubs/handler_api.php``: the protocol that most providers of numbers share, as the simulated
provider would speak it.

``/stubs/hero-sms/handler_api.php`` speaks the dialect of hero-sms (real HTTP statuses, JSON
refusals, pages), ``/stubs/plain/handler_api.php`` only the oldest actions. Every API key has an
account of its own.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ringbolt.clock import Clock
from ringbolt.core.errors import InvalidInput
from ringbolt.core.json_errors import UNREADABLE
from ringbolt.simulator.numbers import handler_lists
from ringbolt.simulator.numbers.activation import MICROS, Accounts
from ringbolt.simulator.numbers.handler_rentals import RentingAccount
from ringbolt.simulator.numbers.handler_words import Refusal, Style
from ringbolt.simulator.numbers.inventory import NumberInventory

PATH: Final = "/stubs/handler_api.php"
HERO: Final = "/stubs/hero-sms/handler_api.php"
PLAIN: Final = "/stubs/plain/handler_api.php"
BALANCE: Final = "/simulator/lender/balance"
_STATUSES: Final[Mapping[str, int]] = {
    "BAD_KEY": 401,
    "NO_KEY": 401,
    "NO_BALANCE": 402,
    "NO_NUMBERS": 404,
    "NO_ACTIVATION": 404,
    "OTP_RECEIVED": 409,
}
_Action = Callable[[RentingAccount, Mapping[str, str]], Awaitable[Any]]
_ACTIONS: Final[Mapping[str, _Action]] = {
    "getBalance": lambda account, _: account.balance(),
    "getNumber": lambda account, asked: account.buy(asked, is_v2=False),
    "getNumberV2": lambda account, asked: account.buy(asked, is_v2=True),
    "getStatus": lambda account, asked: account.status(asked),
    "getStatusV2": lambda account, asked: account.status_v2(asked),
    "setStatus": lambda account, asked: account.set_status(asked),
    "finishActivation": lambda account, asked: account.set_status({**asked, "status": "6"}),
    "cancelActivation": lambda account, asked: account.set_status({**asked, "status": "8"}),
    "getActiveActivations": lambda account, asked: account.active(asked),
    "getAllSms": lambda account, asked: account.all_texts(asked),
    "getExtraActivation": lambda account, asked: account.again(asked, is_v2=False),
    "reactivate": lambda account, asked: account.again(asked, is_v2=True),
    "getRentNumber": lambda account, asked: account.rent(asked),
    "getRentStatus": lambda account, asked: account.rent_status(asked),
    "setRentStatus": lambda account, asked: account.set_rent_status(asked),
    "getRentList": lambda account, _: account.rentals(),
}
_LISTS: Final[Mapping[str, Callable[[Mapping[str, str], Style], Any]]] = {
    "getNumbersStatus": lambda asked, _: handler_lists.counts(asked),
    "getPrices": lambda asked, _: handler_lists.prices(asked),
    "getCountries": lambda *_: handler_lists.countries(),
    "getServicesList": lambda *_: handler_lists.services(),
    "getRentServicesAndCountries": handler_lists.rent_prices,
}
_PLAIN_ACTIONS: Final = (
    *("getBalance", "getNumber", "getStatus", "setStatus", "getNumbersStatus", "getPrices"),
    *("getCountries", "getServicesList"),
)


def routes(
    inventory: NumberInventory, accounts: Accounts, clock: Clock, token: str = ""
) -> list[Route]:
    """``token``: the only API key that is accepted, '' if any is."""

    def face(style: Style) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            asked = await _parameters(request)
            api_key = asked.get("api_key", "")
            account = RentingAccount(inventory, accounts, clock, style, api_key)
            try:
                _check_key(api_key, token)
                return _rendered(await _done(account, asked, style))
            except Refusal as refusal:
                return _refused(refusal, style, asked.get("action", ""))

        return answer

    methods = ["GET", "POST"]
    return [
        Route(PATH, face(Style.CLASSIC), methods=methods),
        Route(HERO, face(Style.HERO), methods=methods),
        Route(PLAIN, face(Style.PLAIN), methods=methods),
    ]


def control_routes(accounts: Accounts) -> list[Route]:
    """Not of the protocol: for tests of a balance that runs out."""

    async def set_balance(request: Request) -> Response:
        wanted = _balance(await request.body())
        micros = round(wanted.balance * MICROS)
        await accounts.set_balance(accounts.account(wanted.api_key), micros)
        return JSONResponse({"balance": micros / MICROS})

    return [Route(BALANCE, set_balance, methods=["POST"])]


class _Balance(msgspec.Struct):
    api_key: str
    balance: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]


def _balance(body: bytes) -> _Balance:
    try:
        return msgspec.json.decode(body, type=_Balance)
    except UNREADABLE as error:
        raise InvalidInput(
            f'The body is {{"api_key": "...", "balance": 0.5}}: {error}.', field="balance"
        ) from error


async def _parameters(request: Request) -> dict[str, str]:
    """Those of the query, and of a form in the body."""
    asked = dict(request.query_params)
    if request.method == "POST":
        asked |= dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    return asked


def _check_key(api_key: str, token: str) -> None:
    if not api_key:
        raise Refusal("NO_KEY")
    if token and not hmac.compare_digest(api_key.encode(), token.encode()):
        raise Refusal("BAD_KEY")


async def _done(account: RentingAccount, asked: Mapping[str, str], style: Style) -> Any:
    name = asked.get("action", "")
    if style is Style.PLAIN and name not in _PLAIN_ACTIONS:
        raise Refusal("BAD_ACTION")
    if name in _LISTS:
        return _LISTS[name](asked, style)
    if name not in _ACTIONS:
        raise Refusal("BAD_ACTION")
    return await _ACTIONS[name](account, asked)


def _rendered(answer: Any) -> Response:
    return PlainTextResponse(answer) if isinstance(answer, str) else JSONResponse(answer)


def _refused(refusal: Refusal, style: Style, action: str) -> Response:
    if style is Style.HERO:
        body = {"title": refusal.word, "details": refusal.word, "info": refusal.info}
        return JSONResponse(body, _STATUSES.get(refusal.word, 400))
    if "Rent" in action:
        return JSONResponse({"status": "error", "message": refusal.word})
    if action == "getActiveActivations":
        return JSONResponse({"status": "error", "error": refusal.word})
    return PlainTextResponse(":".join(filter(None, (refusal.word, refusal.rest))))
