"""The client of the simulated world's addresses, which may ask for a token."""

from __future__ import annotations

from ringbolt.upstream.http import HttpClient


def world_client(token: str) -> HttpClient:
    """``token``: what the world asks for, '' if nothing."""
    return HttpClient(bearer(token))


def bearer(token: str) -> dict[str, str]:
    """The header that shows ``token``; none for ''."""
    return {"Authorization": f"Bearer {token}"} if token else {}
