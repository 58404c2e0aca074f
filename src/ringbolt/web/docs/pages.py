"""The routes of the developers' pages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringbolt.api.kit.http import base_url
from ringbolt.app.shop import Shop
from ringbolt.core.phone import EXAMPLE
from ringbolt.web.docs.api import ApiDocument
from ringbolt.web.docs.markup import coloured, inline
from ringbolt.web.docs.recipes import RECIPES, Place, Recipe
from ringbolt.web.docs.snippets import Language, snippet, start
from ringbolt.web.order_page import no_such_page
from ringbolt.web.rendering import HEADERS, Renderer
from ringbolt.web.storefront import TO_ITSELF

PATH: Final = "/docs"
PREFIX: Final = "/docs/"
_LABELS: Final = {"call": "Call"}


class DocsPages:
    """``document`` makes the OpenAPI document; ``sold`` says whether a service is sold now, by the
    path of its form. ``play``: the money is play money."""

    def __init__(
        self,
        shop: Shop,
        renderer: Renderer,
        *,
        document: Callable[[], Mapping[str, Any]],
        sold: Callable[[str], bool],
        play: bool,
    ) -> None:
        self._public_url = shop.settings.public_url
        self._renderer = renderer
        self._document = document
        self._sold = sold
        self._play = play
        self._telephone = TO_ITSELF if shop.carriers.has_simulated else EXAMPLE

    def routes(self) -> Sequence[Route]:
        return (
            Route(PATH, self.service, methods=["GET"]),
            Route(PREFIX + "{service}", self.service, methods=["GET"]),
        )

    async def service(self, request: Request) -> Response:
        """The commands of one service; of the first, if none is named."""
        offered = [name for name in RECIPES if self._sold(f"/{name}")]
        name = request.path_params.get("service") or next(iter(offered), "")
        if name not in offered:
            raise no_such_page()
        language = _language(request)
        place = Place(
            await run_in_threadpool(lambda: self._api),
            base_url(request.scope, self._public_url),
            self._play,
            self._telephone,
        )
        recipe = RECIPES[name](place)
        return self._page(
            request,
            "docs/service.html",
            name=name,
            services={each: _LABELS[each] for each in offered},
            tab=language,
            tabs=list(Language),
            recipe=recipe,
            steps=_shown(recipe, language),
            start=_start(recipe, language),
        )

    @cached_property
    def _api(self) -> ApiDocument:
        return ApiDocument(self._document())

    def _page(self, request: Request, template: str, **values: Any) -> Response:
        """A page that a cache keeps as long as the shop says that it has not changed."""
        text = self._renderer.text(template, **values)
        tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
        headers = {**HEADERS, "Cache-Control": "no-cache", "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(text, 200, headers, "text/html; charset=utf-8")


def _language(request: Request) -> Language:
    try:
        return Language(request.query_params.get("code", ""))
    except ValueError:
        return Language.CURL


def _start(recipe: Recipe, language: Language) -> Any:
    actions = [step.action for step in recipe.steps if step.action is not None]
    text = start(language, actions)
    return coloured(text, language) if text else ""


def _shown(recipe: Recipe, language: Language) -> list[dict[str, Any]]:
    return [
        {
            "title": step.title,
            "text": inline(step.text),
            "code": coloured(snippet(language, step.action), language) if step.action else "",
        }
        for step in recipe.steps
    ]
