"""A shop over the network."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import httpx

from ringbolt.mcp.door import Answer, NoAnswer

_TRIES: Final = 4
_FIRST_PAUSE_S: Final = 0.25


class RemoteDoor:
    """The API of the shop at ``url``; ``key``: of a prepaid account, '' for none.

    A request that gets no answer is repeated: orders have an Idempotency-Key, and all others may be
    repeated by what they do.
    """

    is_closing = False

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=url, headers={"X-API-Key": key} if key else {}, timeout=60
        )
        self.has_key = bool(key)

    async def ask(
        self,
        method: str,
        path: str,
        fields: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> Answer:
        pause_s = _FIRST_PAUSE_S
        for left in reversed(range(_TRIES)):
            try:
                return _read(await self._send(method, path, fields, headers))
            except (httpx.HTTPError, ValueError) as error:
                if not left:
                    raise NoAnswer(str(error) or repr(error)) from None
            await asyncio.sleep(pause_s)
            pause_s *= 2
        raise AssertionError("the last try returns or raises")

    async def close(self) -> None:
        await self._http.aclose()

    async def _send(
        self, method: str, path: str, fields: Mapping[str, Any], headers: Mapping[str, str]
    ) -> httpx.Response:
        if method == "GET":
            return await self._http.get(path, params=dict(fields), headers=headers)
        return await self._http.request(method, path, json=fields, headers=headers)


def _read(answer: httpx.Response) -> Answer:
    """Raises ``ValueError`` for what is no JSON: an answer of a proxy, not of the shop."""
    return Answer(
        answer.status_code,
        answer.json(),
        answer.headers.get("x-error-code", ""),
        answer.headers.get("retry-after", ""),
    )
