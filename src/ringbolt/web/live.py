"""Parts of a page that change, as server-sent events, until they are over.

The server renders everything from the store at that moment, so that an event that is lost, late or
doubled cannot show a wrong state.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ringbolt.api.kit.http import client_address
from ringbolt.api.orders.waiting import Changes, Waiting
from ringbolt.clock import Clock
from ringbolt.core.errors import RingboltError
from ringbolt.web.rendering import HEADERS

HEARTBEAT_S: Final = 15.0
_STREAM: Final = "text/event-stream; charset=utf-8"
_RETRY: Final = b"retry: 2000\n\n"
_ALIVE: Final = b"event: alive\ndata:\n\n"
"""Pages see events, but no comments (static/live.js)."""
_LEAST_WAIT_S: Final = 0.1


class Shown(Protocol):
    """``version`` changes with what is shown; ``is_live``: it may still change; ``changes_ms``:
    when it does so by the time alone, None if it does not."""

    @property
    def version(self) -> str: ...

    @property
    def is_live(self) -> bool: ...

    @property
    def changes_ms(self) -> int | None: ...


V = TypeVar("V", bound=Shown)


@dataclass(frozen=True, slots=True)
class Live(Generic[V]):
    """What wakes ``channel`` is read again, and rendered if it changed. ``read`` returns None if
    there is no such thing any more."""

    waiting: Waiting
    clock: Clock
    channel: str
    read: Callable[[], Awaitable[V | None]]
    render: Callable[[V], str]

    def answer(self, request: Request, view: V) -> Response:
        """The stream, from ``view`` on; only its end for a browser that has seen all: htmx takes
        an answer without a body for a lost connection, and would ask for ever. ``?seen=`` is the
        version that the page was made with, which is not sent again."""
        seen = request.headers.get("last-event-id") or request.query_params.get("seen", "")
        if request.method == "HEAD":
            return Response(status_code=204, headers=dict(HEADERS))
        return StreamingResponse(
            self._stream(client_address(request.scope), seen),
            media_type=_STREAM,
            headers={**HEADERS, "X-Accel-Buffering": "no"},
        )

    async def _stream(self, client: str, seen: str) -> AsyncIterator[bytes]:
        yield _RETRY
        try:
            async with self.waiting.for_channel(self.channel, client) as changes:
                async for event in self._changes(changes, seen):
                    yield event
        except RingboltError as error:  # the answer has begun: the browser connects again
            yield f": {error.code}\n\n".encode()

    async def _changes(self, changes: Changes, seen: str) -> AsyncIterator[bytes]:
        while not self.waiting.closed:
            view = await self.read()
            if view is None:
                return
            if view.version != seen:
                seen = view.version
                yield self._event(view)
            if not view.is_live:
                yield b"event: over\ndata:\n\n"
                return
            while not self.waiting.closed and not await changes.wait(self._patience_s(view)):
                if view.changes_ms is not None and view.changes_ms <= self.clock.now_ms():
                    break
                yield _ALIVE

    def _patience_s(self, view: V) -> float:
        if view.changes_ms is None:
            return HEARTBEAT_S
        left_s = (view.changes_ms - self.clock.now_ms()) / 1000
        return min(HEARTBEAT_S, max(_LEAST_WAIT_S, left_s))

    def _event(self, view: V) -> bytes:
        lines = self.render(view).splitlines()
        data = "".join(f"data: {line}\n" for line in lines if line.strip())
        return f"id: {view.version}\n{data}\n".encode()
