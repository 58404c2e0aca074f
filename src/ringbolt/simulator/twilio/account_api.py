"""What all resources of a simulated account have in common: who may ask for them, how faults are
answered, and what an account answers instead of doing as it is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ringbolt.simulator.twilio.accounts import Accounts, AccountState
from ringbolt.simulator.twilio.call import API_VERSION
from ringbolt.twilio.settings import WORLD_PATH

_ACCOUNT: Final = f"{WORLD_PATH}/{API_VERSION}/Accounts/{{account}}"

Handler = Callable[[Request, AccountState], Awaitable[Response]]


def account_routes(accounts: Accounts, paths: Mapping[str, Mapping[str, Handler]]) -> list[Route]:
    """The routes below an account: handlers by path and method."""
    return [
        Route(_ACCOUNT + path, _guarded(accounts, handler), methods=[method])
        for path, methods in paths.items()
        for method, handler in methods.items()
    ]


def _guarded(accounts: Accounts, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """``handler`` for requests that show the account's token."""

    async def answer(request: Request) -> Response:
        sid = request.path_params["account"]
        account = await accounts.opened(sid, request.headers.get("authorization", ""))
        if account is None:
            return problem(401, 20003, "Authenticate")
        return await handler(request, account)

    return answer


def problem(status: int, code: int, message: str, **headers: str) -> Response:
    """An error as the API answers it; ``code``: Twilio's own."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": message, "more_info": more, "status": status}
    return JSONResponse(body, status, headers=headers)


async def form_of(request: Request) -> list[tuple[str, str]]:
    """The fields of the request's form; a name may be there twice."""
    return parse_qsl((await request.body()).decode(), keep_blank_values=True)


async def as_the_account_answers(
    accounts: Accounts, sid: str, create: Callable[[], Awaitable[Response]]
) -> Response:
    """The answer of ``create``; or, for an account that is asked too fast or has ``replies``,
    another one, with or without doing it."""
    if accounts.is_too_fast(sid):
        return problem(429, 20429, "Too Many Requests", **{"Retry-After": "1"})
    replies = accounts.of(sid).replies
    if not replies:
        return await create()
    status, is_done = replies.pop(0)
    if is_done:
        await create()
    return proxy_page(status)


def absent(request: Request) -> Response:
    """Nothing is at this address."""
    return problem(404, 20404, f"The requested resource {request.url.path} was not found")


def proxy_page(status: int) -> Response:
    """What a proxy before the API answers."""
    page = f"<html><head><title>{status}</title></head><body>Bad luck</body></html>"
    return Response(page, status, media_type="text/html")
