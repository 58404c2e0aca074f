"""The routes of the developers' pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringbolt.api.kit.cacheable import entity_tag, is_current
from ringbolt.api.kit.http import base_url, client_address
from ringbolt.api.kit.limits import Guards
from ringbolt.app.shop import Shop
from ringbolt.core.phone import EXAMPLE
from ringbolt.web.docs import guides, reference
from ringbolt.web.docs.api import ApiDocument
from ringbolt.web.docs.guides import GUIDES, Guide, GuideRenderer
from ringbolt.web.docs.markup import coloured, inline
from ringbolt.web.docs.recipes import RECIPES, Place, Recipe, Step
from ringbolt.web.docs.snippets import Language, snippet, start
from ringbolt.web.order_page import no_such_page
from ringbolt.web.rendering import HEADERS, Renderer
from ringbolt.web.storefront import TO_ITSELF

PATH: Final = "/docs"
PREFIX: Final = "/docs/"
_LABELS: Final = {
    "call": "Call",
    "text": "Text",
    "code": "Code",
    "rent": "Rent",
    "email": "E-mail",
    "voice": "Voice API",
}
_FORM_OF: Final = {"voice": "/call"}
"""The form that is open where the service is sold, if it is not the one of the same name."""
_TUTORIALS: Final = tuple(each for each in GUIDES if each.at_home)
_MORE: Final = tuple(
    each for each in GUIDES if each.path.startswith(guides.PREFIX) and not each.at_home
)


class DocsPages:
    """``document`` makes the OpenAPI document; ``sold`` says whether a service is sold now, by the
    path of its form. ``guards`` limit reads by client address. ``play``: the money is play
    money."""

    def __init__(
        self,
        shop: Shop,
        renderer: Renderer,
        *,
        document: Callable[[], Mapping[str, Any]],
        sold: Callable[[str], bool],
        guards: Guards,
        play: bool,
    ) -> None:
        self._guards = guards
        self._public_url = shop.settings.public_url
        self._renderer = renderer
        self._document = document
        self._sold = sold
        self._play = play
        self._guides = GuideRenderer(self._block)
        self._telephone = TO_ITSELF if shop.carriers.has_simulated else EXAMPLE

    def routes(self) -> Sequence[Route]:
        fixed = (each for each in GUIDES if not each.path.startswith(guides.PREFIX))
        return (
            Route(PATH, self.service, methods=["GET"]),
            *(Route(each.path, self._guide_at(each), methods=["GET"]) for each in fixed),
            Route(guides.PREFIX + "{name}", self.guide, methods=["GET"]),
            Route("/docs/reference", self.contents, methods=["GET"]),
            Route("/docs/reference/{chapter}", self.chapter, methods=["GET"]),
            Route(PREFIX + "{service}", self.service, methods=["GET"]),
        )

    async def service(self, request: Request) -> Response:
        """The commands of one service; of the first, if none is named."""
        self._check(request)
        offered = [each for each in RECIPES if self._sold(_FORM_OF.get(each, f"/{each}"))]
        name = request.path_params.get("service") or next(iter(offered), "")
        if name not in offered:
            raise no_such_page()
        tab = _language(request)
        base = base_url(request.scope, self._public_url)
        place = Place(await self._api(), base, self._play, self._telephone)
        recipe = RECIPES[name](place)
        return self._page(
            request,
            "docs/service.html",
            at=f"{PREFIX}{name}",
            name=name,
            services={each: _LABELS[each] for each in offered},
            tab=tab,
            tabs=list(Language),
            recipe=recipe,
            lede=inline(recipe.lede),
            steps=[_shown(step, tab) for step in recipe.steps],
            start=_start(recipe, tab),
        )

    async def guide(self, request: Request) -> Response:
        found = guides.by_name(request.path_params["name"])
        if found is None:
            raise no_such_page()
        return await self._guide(request, found)

    def _guide_at(self, guide: Guide) -> Callable[[Request], Any]:
        async def show(request: Request) -> Response:
            return await self._guide(request, guide)

        return show

    async def _guide(self, request: Request, guide: Guide) -> Response:
        self._check(request)
        base = base_url(request.scope, self._public_url)
        html = await run_in_threadpool(self._guides.html, guide, base, play=self._play)
        return self._page(request, "docs/guide.html", at=guide.path, guide=guide, html=html)

    async def contents(self, request: Request) -> Response:
        """The reference: every address, with a link to it."""
        self._check(request)
        found = reference.chapters(await self._api())
        return self._page(request, "docs/contents.html", at="/docs/reference", chapters=found)

    async def chapter(self, request: Request) -> Response:
        """The addresses of one tag."""
        self._check(request)
        name = request.path_params["chapter"]
        found = {each.name: each for each in reference.chapters(await self._api())}.get(name)
        if found is None:
            raise no_such_page()
        return self._page(request, "docs/chapter.html", at="/docs/reference", chapter=found)

    def _check(self, request: Request) -> None:
        """Raises ``RateLimited``."""
        self._guards.check("read", client_address(request.scope))

    async def _api(self) -> ApiDocument:
        return await run_in_threadpool(lambda: self._made)

    @cached_property
    def _made(self) -> ApiDocument:
        return ApiDocument(self._document())

    def _block(self, code: Markup, said: str) -> str:
        """A piece of code in a guide, as all pages show code."""
        return self._renderer.text("docs/block.html", code=code, said=said)

    def _page(self, request: Request, template: str, **values: Any) -> Response:
        """A page that a cache keeps as long as the shop says that it has not changed."""
        text = self._renderer.text(
            template,
            more=_MORE,
            tutorials=_TUTORIALS,
            inline=inline,
            as_json=reference.as_json,
            shown_answer=reference.shown_answer,
            who=reference.who,
            **values,
        )
        tag = entity_tag(text.encode())
        headers = {**HEADERS, "Cache-Control": "no-cache", "ETag": tag}
        if is_current(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        return Response(text, 200, headers, "text/html; charset=utf-8")


def _language(request: Request) -> Language:
    try:
        return Language(request.query_params.get("code", ""))
    except ValueError:
        return Language.CURL


def _start(recipe: Recipe, language: Language) -> Markup:
    actions = [step.action for step in recipe.steps if step.action is not None]
    return coloured(start(language, actions), language)


def _shown(step: Step, language: Language) -> dict[str, Any]:
    return {
        "title": step.title,
        "text": inline(step.text),
        "code": coloured(snippet(language, step.action), language) if step.action else "",
        "answer": step.answer,
    }
