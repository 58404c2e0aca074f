"""Download an untrusted URL without reaching any address that is not public.

Addresses are vetted and pinned (``vetted``), redirects are followed one by one and vetted again,
one deadline covers names, connection, headers and the last byte. Compression is not requested; a
body that comes compressed all the same is expanded no further than the limit (``content_coding``).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from ringbolt.core.errors import AudioUnplayable
from ringbolt.upstream.fetch.content_coding import CompressedError, compression, expanded
from ringbolt.upstream.fetch.fetcher import FetchedFile
from ringbolt.upstream.fetch.name_lookup import LookupFailedError, TooManyLookupsError
from ringbolt.upstream.fetch.vetted import (
    RefusedAddressError,
    RefusedUrlError,
    VettingResolver,
    parse_origins,
    vet_url,
    vetted_connector,
)

MAX_REDIRECTS = 8
"""Podcasts are often behind five or six counters of listeners, each of which redirects."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_WRITE_SIZE = 256 * 1024
_PUBLIC_HINT = "Give a URL that anybody on the Internet can open without a password."


class SafeFetcher:
    """``Fetcher`` over aiohttp.

    ``allow_origins``: exact origins that may be reached whatever their scheme and address.
    ``allow_http``: unencrypted URLs are followed, also from https. ``user_agent``: sent as is.
    ``resolver`` replaces ``NameLookup``. No cookies, credentials or proxies.
    """

    def __init__(
        self,
        allow_origins: frozenset[str],
        allow_http: bool,
        user_agent: str,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._allow_origins = parse_origins(allow_origins)
        self._allow_http = allow_http
        self._user_agent = user_agent
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def fetch(
        self, url: str, into: Path, *, max_bytes: int, timeout_s: float, cut: bool = False
    ) -> FetchedFile:
        """Read ``url`` into ``into`` (mode 0600); see ``Fetcher``.

        Codes: INVALID_AUDIO_URL, AUDIO_URL_PRIVATE, AUDIO_FETCH_FAILED, AUDIO_FETCH_TIMEOUT,
        AUDIO_TOO_LARGE. ``into`` does not exist after a failure.
        """
        try:
            async with asyncio.timeout(timeout_s), self._answer(url) as response:
                return await _store(response, into, max_bytes, cut)
        except BaseException as error:
            _discard(into)
            if isinstance(error, TimeoutError):
                raise _timed_out(timeout_s) from error
            if isinstance(error, aiohttp.ClientError):
                raise _explain(error) from error
            if isinstance(error, CompressedError):
                raise _failed(str(error)) from error
            raise

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def _answer(self, url: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """The first answer that is not a redirect; a 2xx one, or ``AudioUnplayable``."""
        target = self._vet(url)
        for _ in range(MAX_REDIRECTS + 1):
            async with self._open_session().get(target, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    _check(response)
                    yield response
                    return
                target = self._vet(_redirect_target(response), redirect=True)
        raise _failed(f"the server redirects more than {MAX_REDIRECTS} times")

    def _vet(self, url: str | URL, *, redirect: bool = False) -> URL:
        try:
            return vet_url(url, self._allow_origins, allow_http=self._allow_http)
        except RefusedUrlError as error:
            place = "the server redirects to a place that is not followed: " if redirect else ""
            code = "AUDIO_URL_PRIVATE" if error.private else "INVALID_AUDIO_URL"
            raise AudioUnplayable(
                f"The audio cannot be fetched: {place}{error.message}.",
                code=code,
                suggestion=_PUBLIC_HINT,
            ) from error

    def _open_session(self) -> aiohttp.ClientSession:
        # Made on first use: a session belongs to the event loop that runs when it is made.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=vetted_connector(VettingResolver(self._allow_origins, self._resolver)),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
                timeout=aiohttp.ClientTimeout(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def _redirect_target(response: aiohttp.ClientResponse) -> URL:
    location = response.headers.get("Location", "")
    try:
        if not location:
            raise ValueError("no Location")
        return response.url.join(URL(location))
    except ValueError as error:
        raise _failed(f"the server redirects ({response.status}) to nowhere") from error


def _check(response: aiohttp.ClientResponse) -> None:
    if not 200 <= response.status < 300:
        raise _failed(
            f"the server answers {response.status} {response.reason or ''}".rstrip(),
            retryable=response.status >= 500 or response.status == 429,
        )


async def _store(
    response: aiohttp.ClientResponse, into: Path, max_bytes: int, cut: bool
) -> FetchedFile:
    if not cut and (response.content_length or 0) > max_bytes:
        raise _too_large(max_bytes)
    name = compression(response.headers.getall("Content-Encoding", ()))
    file = await asyncio.to_thread(_create, into)
    try:
        body = expanded(response.content.iter_any(), name)
        size, complete = await _copy(body, file, max_bytes, cut)
    finally:
        await asyncio.to_thread(file.close)
    return FetchedFile(into, size, response.content_type, complete)


async def _copy(
    body: AsyncIterator[bytes], file: BinaryIO, max_bytes: int, cut: bool
) -> tuple[int, bool]:
    """Copy at most ``max_bytes``; returns how many, and whether that was all."""
    size = 0
    waiting = bytearray()
    async for chunk in body:
        waiting += chunk[: max_bytes - size]
        size += len(chunk)
        if len(waiting) >= _WRITE_SIZE or size > max_bytes:
            await asyncio.to_thread(file.write, bytes(waiting))
            waiting.clear()
        if size > max_bytes:
            if not cut:
                raise _too_large(max_bytes)
            return max_bytes, False
    await asyncio.to_thread(file.write, bytes(waiting))
    return size, True


def _create(path: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _discard(path: Path) -> None:
    path.unlink(missing_ok=True)


def _explain(error: aiohttp.ClientError) -> AudioUnplayable:
    match error:
        case aiohttp.ClientConnectorError(os_error=RefusedAddressError(host=host)):
            return AudioUnplayable(
                f"The audio cannot be fetched: {host} is not on the public Internet.",
                code="AUDIO_URL_PRIVATE",
                suggestion=_PUBLIC_HINT,
            )
        case aiohttp.ClientConnectorDNSError(os_error=cause):
            return _failed(_why_not_found(cause, error.host), retryable=True)
        case aiohttp.ClientConnectorCertificateError():
            return _failed(f"the certificate of {error.host} is not valid")
        case aiohttp.ClientConnectorError():
            return _failed(f"{error.host} does not accept the connection", retryable=True)
        case aiohttp.InvalidURL():
            return AudioUnplayable(
                "The audio cannot be fetched: the URL cannot be read.", code="INVALID_AUDIO_URL"
            )
        case _:
            return _failed("the server broke off or answers something else than HTTP")


def _why_not_found(cause: OSError, host: str) -> str:
    match cause:
        case TooManyLookupsError():
            return "too many names are being looked up right now"
        case LookupFailedError(reason=reason):
            return reason
        case _:
            return f"the name {host} is not known"


def _failed(why: str, *, retryable: bool = False) -> AudioUnplayable:
    error = AudioUnplayable(
        f"The audio cannot be fetched: {why}.",
        code="AUDIO_FETCH_FAILED",
        suggestion=_PUBLIC_HINT,
    )
    error.retryable = retryable
    return error


def _timed_out(timeout_s: float) -> AudioUnplayable:
    error = AudioUnplayable(
        f"The audio cannot be fetched: it did not arrive within {timeout_s:g} seconds.",
        code="AUDIO_FETCH_TIMEOUT",
        suggestion="Use a smaller file or a faster server.",
    )
    error.retryable = True
    return error


def _too_large(max_bytes: int) -> AudioUnplayable:
    return AudioUnplayable(
        f"The audio is larger than {max_bytes / 1e6:.4g} MB.",
        code="AUDIO_TOO_LARGE",
        suggestion="Send a shorter or a compressed file, such as MP3.",
    )
