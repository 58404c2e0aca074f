"""Which requests a server is at, so that tests act while one waits."""

from __future__ import annotations

from collections import Counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from support.waiting import until


class InFlight:
    """``app``, and the requests that it has not answered to their end, by path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._paths: Counter[str] = Counter()
        self._pieces: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")

        async def count(message: Message) -> None:
            self._pieces[path] += bool(message.get("body"))
            await send(message)

        self._paths[path] += 1
        try:
            await self._app(scope, receive, count)
        finally:
            self._paths[path] -= 1

    async def until_at(self, path: str, requests: int = 1) -> None:
        """Wait until so many requests for ``path`` have come and are not answered yet."""
        await until(lambda: self._paths[path] >= requests)

    async def until_notified(self, path: str, pieces: int = 1) -> None:
        """Wait until so many pieces of answers to ``path`` were sent."""
        await until(lambda: self._pieces[path] >= pieces)
