"""What the client does, as steps that are carried out elsewhere: once for programs that wait, and
once for those of asyncio. Every rule about money is written once, as a generator of steps.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from ringbolt_client.errors import INVALID_URL, ClientError, NotReached, Refused
from ringbolt_client.talk import Talk

T = TypeVar("T")
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_UNUSABLE = (httpx.InvalidURL, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; the answer, whatever its status. Raises ``NotReached``. ``read_s``: how long
    an answer is waited for, None without end."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    data: Mapping[str, str] | None = None
    read_s: float | None = 120.0


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait for some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """Call a function of the user's, which may be a coroutine function in asyncio."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


Step = Send | Sleep | Call | Talk
Steps = Generator[Step, Any, T]


def run(steps: Steps[T], http: httpx.Client) -> T:
    """Carry out all steps, and return the result."""

    def perform(step: Step) -> Any:
        match step:
            case Send():
                return _sent(step, lambda: http.request(**_request(step)))
            case Sleep(seconds):
                return time.sleep(seconds)
            case Call(function, arguments):
                result = function(*arguments)
                if inspect.isawaitable(result):
                    raise TypeError("A coroutine function needs AsyncRingbolt.")
                return result
            case Talk():
                from ringbolt_client.talking import talk  # noqa: PLC0415 - an optional library

                return talk(step)

    return _drive(steps, perform)


async def run_async(steps: Steps[T], http: httpx.AsyncClient) -> T:
    """As ``run``, in asyncio."""
    try:
        step = next(steps)
        while True:
            try:
                done = await _perform_async(step, http)
            except ClientError as error:
                step = steps.throw(error)
            else:
                step = steps.send(done)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()


async def _perform_async(step: Step, http: httpx.AsyncClient) -> Any:
    match step:
        case Send():
            try:
                return await http.request(**_request(step))
            except (*_UNUSABLE, httpx.HTTPError) as error:
                raise _fault(step, error) from None
        case Sleep(seconds):
            import asyncio  # noqa: PLC0415 - not for programs that wait

            return await asyncio.sleep(seconds)
        case Call(function, arguments):
            result = function(*arguments)
            return await _awaited(result) if inspect.isawaitable(result) else result
        case Talk():
            from ringbolt_client.talking import talk_async  # noqa: PLC0415 - an optional library

            return await talk_async(step)


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result


def _drive(steps: Steps[T], perform: Callable[[Step], Any]) -> T:
    try:
        step = next(steps)
        while True:
            try:
                done = perform(step)
            except ClientError as error:
                step = steps.throw(error)
            else:
                step = steps.send(done)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()


def _sent(step: Send, ask: Callable[[], httpx.Response]) -> httpx.Response:
    try:
        return ask()
    except (*_UNUSABLE, httpx.HTTPError) as error:
        raise _fault(step, error) from None


def _request(step: Send) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "method": step.method,
        "url": step.url,
        "headers": dict(step.headers),
        "timeout": httpx.Timeout(10.0, read=step.read_s),
    }
    if step.json is not None:
        wanted["json"] = step.json
    if step.data is not None:
        wanted["data"] = dict(step.data)
    return wanted


def _fault(step: Send, error: Exception) -> ClientError:
    if isinstance(error, _UNUSABLE):
        return Refused(f"{step.url} is not an address: {error}", code=INVALID_URL)
    words = f"{httpx.URL(step.url).netloc.decode()} does not answer: {str(error) or repr(error)}"
    return NotReached(words, is_sent=not isinstance(error, _NOT_SENT))
