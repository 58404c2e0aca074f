"""Answers a request in the visitor's language, and says so in the answer's headers."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

from starlette.datastructures import MutableHeaders

from ringbolt.api.kit.http import Send
from ringbolt.http_body import Scope
from ringbolt.web.languages import (
    COOKIE,
    COOKIE_AGE_S,
    ENGLISH,
    asked_for,
    language,
    preferred,
    speak,
)

_HTML: Final = "text/html"
_ENGLISH_ONLY: Final = ("/operator", "/docs")
"""Pages for operators and developers: as the commands, the log and the API are."""
_START: Final = "http.response.start"


def spoken_to(scope: Scope, send: Send) -> Send:
    """Choose the language of everything that this task says from here on. The ``send`` that is
    returned names it in the headers of pages, and remembers one that the address asked for."""
    asked = asked_for(scope)
    is_english = scope["path"].startswith(_ENGLISH_ONLY)
    speak(ENGLISH if is_english else asked or preferred(scope))

    async def named(message: MutableMapping[str, Any]) -> None:
        if message["type"] == _START:
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            if headers.get("content-type", "").startswith(_HTML):
                headers["Content-Language"] = language().code
                headers.add_vary_header("Accept-Language")
                headers.add_vary_header("Cookie")
                if asked is not None:
                    headers.append("Set-Cookie", _cookie(asked.code, scope["scheme"] == "https"))
        await send(message)

    return named


def _cookie(code: str, is_secure: bool) -> str:
    secure = "; Secure" if is_secure else ""
    return f"{COOKIE}={code}; Max-Age={COOKIE_AGE_S}; Path=/; HttpOnly; SameSite=Lax{secure}"
