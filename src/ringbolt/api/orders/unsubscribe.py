"""``/u/{token}``: the link at the foot of every e-mail, and the one click of RFC 8058."""

from __future__ import annotations

from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import Response
from ringbolt.app.limits.suppress import hash_of_token, suppress
from ringbolt.app.shop import Shop
from ringbolt.core.errors import NotFound

MAX_TOKEN_CHARS = 128
_HTML = b"text/html; charset=utf-8"
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>{title}</title>
<body style="font:1.1rem/1.5 system-ui;max-width:32rem;margin:4rem auto;padding:0 1rem">
<h1>{title}</h1>
{body}
</body></html>
"""
_ASK = _PAGE.format(
    title="Stop e-mails from this shop?",
    body="<p>This shop will then send no e-mail to your address, even if someone orders one.</p>"
    '<form method="post"><button style="font:inherit;padding:.5rem 1rem">Unsubscribe</button>'
    "</form>",
).encode()
_DONE = _PAGE.format(
    title="Unsubscribed", body="<p>This shop sends no more e-mail to your address.</p>"
).encode()


class Unsubscribing:
    """The link needs no sign-in; programs that only open it change nothing."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def ask(self, request: Request[Nothing]) -> Response:
        """A page with one button."""
        self._hash(request)
        return Response(body=_ASK, content_type=_HTML)

    async def unsubscribe(self, request: Request[Nothing]) -> Response:
        """Stop e-mail to this address (RFC 8058, one click)."""
        await suppress(self._shop, "email", self._hash(request), "unsubscribed by the link")
        return Response(body=_DONE, content_type=_HTML)

    async def either(self, request: Request[Nothing]) -> Response:
        """Unsubscribe: GET shows a page with one button, POST does it (RFC 8058)."""
        if request.method == "POST":
            return await self.unsubscribe(request)
        return await self.ask(request)

    def _hash(self, request: Request[Nothing]) -> str:
        token = request.in_path("token")
        found = hash_of_token(self._shop.keyring, token) if len(token) <= MAX_TOKEN_CHARS else None
        if found is None:
            raise NotFound("This link is not one of ours.", suggestion="Copy the whole link.")
        return found
