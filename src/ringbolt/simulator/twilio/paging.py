"""Pages of lists, as the vendor's API has them: the address of each page begins after the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ringbolt.twilio.settings import WORLD_PATH

_PAGE: Final = 50
_MOST: Final = 1000
T = TypeVar("T")


def piece_of(request: Request, found: Sequence[T]) -> tuple[Sequence[T], bool]:
    """The page of ``found`` that is asked for, and whether there is more behind it."""
    page, size = _paging(request)
    return found[page * size : (page + 1) * size], len(found) > (page + 1) * size


def _paging(request: Request) -> tuple[int, int]:
    """Page and page size."""

    def number(name: str, otherwise: int) -> int:
        text = request.query_params.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else otherwise

    return number("Page", 0), max(1, min(number("PageSize", _PAGE), _MOST))


def paged(
    request: Request, name: str, piece: Sequence[dict[str, Any]], *, has_more: bool
) -> Response:
    """A page of the list ``name``, with the addresses of its neighbours."""
    page, size = _paging(request)
    wanted = dict(request.query_params)
    path = request.url.path.removeprefix(WORLD_PATH)  # the vendor's URIs begin after the host

    def uri(n: int) -> str:
        return f"{path}?{urlencode({**wanted, 'PageSize': size, 'Page': n})}"

    return JSONResponse(
        {
            name: piece,
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + max(len(piece) - 1, 0),
            "uri": uri(page),
            "first_page_uri": uri(0),
            "previous_page_uri": uri(page - 1) if page else None,
            "next_page_uri": uri(page + 1) if has_more else None,
        }
    )
