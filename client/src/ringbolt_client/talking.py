"""Talk over a WebSocket until there is an answer: how the step ``Talk`` is carried out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException
from websockets.sync.client import connect

from ringbolt_client.errors import INVALID_URL, NotReached, Refused
from ringbolt_client.talk import Talk

_OPEN_S: Final = 10.0
_OPTIONS: Final[dict[str, Any]] = {
    "open_timeout": _OPEN_S,
    "close_timeout": 1.0,
    "max_size": 1 << 20,
}


def talk(step: Talk) -> None:
    with _plain_faults(step), connect(step.url, **_OPTIONS) as socket:
        until = time.monotonic() + step.wait_s
        for frame in step.opening():
            socket.send(frame)
        while not step.is_over():
            left_s = until - time.monotonic()
            if left_s <= 0:  # also for a relay that never stops talking
                raise TimeoutError
            for frame in step.hear(_text(socket.recv(timeout=left_s))):
                socket.send(frame)


async def talk_async(step: Talk) -> None:
    with _plain_faults(step):
        async with connect_async(step.url, **_OPTIONS) as socket, asyncio.timeout(step.wait_s):
            for frame in step.opening():
                await socket.send(frame)
            while not step.is_over():
                for frame in step.hear(_text(await socket.recv())):
                    await socket.send(frame)


def _text(heard: str | bytes) -> str:
    return heard if isinstance(heard, str) else ""


@contextmanager
def _plain_faults(step: Talk) -> Iterator[None]:
    try:
        yield
    except InvalidURI as error:
        raise Refused(f"{step.url} is not an address: {error}", code=INVALID_URL) from None
    except TimeoutError:
        raise NotReached(f"No answer came by {step.url} in time.") from None
    except ConnectionClosed as error:
        raise NotReached(f"{step.url} closed the connection: {error}") from None
    except (OSError, WebSocketException) as error:
        raise NotReached(f"{step.url} does not answer: {str(error) or repr(error)}") from None
