"""Pages and forms that only the holder of an account sees and sends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from ringbolt.app.accounts.sessions import Holder
from ringbolt.web.account.session import Sessions, check_token
from ringbolt.web.forms import Form, read_form

Page = Callable[[Request], Awaitable[Response]]
Shown = Callable[[Request, Holder], Awaitable[Response]]
Sent = Callable[[Request, Holder, Form], Awaitable[Response]]


class SignedIn:
    """``door`` answers who is not signed in; it is told whether a form was sent."""

    def __init__(self, sessions: Sessions, door: Callable[[bool], Response]) -> None:
        self._sessions = sessions
        self._door = door

    def page(self, show: Shown) -> Page:
        """A page of the account."""

        async def shown(request: Request) -> Response:
            holder = await self._sessions.holder(request)
            return self._door(False) if holder is None else await show(request, holder)

        return shown

    def form(self, act: Sent) -> Page:
        """A form of the account: only with the session that it was shown to."""

        async def sent(request: Request) -> Response:
            form = await read_form(request)
            holder = await self._sessions.holder(request)
            if holder is None:
                return self._door(True)
            check_token(request, form)
            return await act(request, holder, form)

        return sent
