"""The addresses of discovery. All are free, and say what is sold at that moment."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from ringbolt.api.discovery import documents, examples, llms
from ringbolt.api.discovery.catalogue import Catalogue
from ringbolt.api.discovery.links import DISCOVER, LLMS, LLMS_FULL, MANIFEST
from ringbolt.api.discovery.manifest import links, manifest, service
from ringbolt.api.discovery.search import MAX_CHARS, score
from ringbolt.api.kit import http
from ringbolt.api.kit.cacheable import cacheable
from ringbolt.api.kit.family import Family
from ringbolt.api.kit.http import encode
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import Response
from ringbolt.api.kit.schema import about
from ringbolt.app.shop import Shop
from ringbolt.core.errors import NotFound

TAG: Final = "discovery"
_TEXT: Final = b"text/plain; charset=utf-8"


class Query(msgspec.Struct):
    """What is looked for."""

    q: Annotated[str, about("In words.", "call a phone", schema={"maxLength": MAX_CHARS})] = ""


class Discovery:
    """Answers what the shop sells now."""

    def __init__(self, shop: Shop, catalogue: Catalogue) -> None:
        self._shop = shop
        self._catalogue = catalogue

    async def manifest(self, request: Request[Nothing]) -> Response:
        """Every service that is sold now, for programs that look for L402 services."""
        sold = await self._catalogue.sold()
        return cacheable(request, encode(manifest(self._shop, sold, self._base(request))))

    async def llms(self, request: Request[Nothing]) -> Response:
        """What is sold now and how to buy it, in Markdown for language models."""
        sold = await self._catalogue.sold()
        text = llms.llms(self._shop, sold, self._base(request))
        return cacheable(request, text.encode(), _TEXT)

    async def llms_full(self, request: Request[Nothing]) -> Response:
        """The same, with every field, example and address."""
        sold, whole = await self._catalogue.sold(), await self._catalogue.whole()
        text = llms.llms_full(self._shop, sold, self._base(request), whole)
        return cacheable(request, text.encode(), _TEXT)

    async def discover(self, request: Request[Query]) -> documents.Matches:
        """Find what is sold now by words."""
        query, base = request.params.q.strip()[:MAX_CHARS], self._base(request)
        scored = [(score(each, query), each) for each in await self._catalogue.sold()]
        found = [pair for pair in scored if pair[0] or not query]
        found.sort(key=lambda pair: -pair[0])
        return documents.Matches(
            query=query,
            services=[
                documents.Match(score=points, service=service(each, base)) for points, each in found
            ],
            links=links(base),
        )

    async def describe(self, request: Request[Nothing]) -> documents.Description:
        """What is bought at this address by POST, from which price, with examples."""
        found, base = await self._catalogue.at(request.path), self._base(request)
        if found is None:
            raise NotFound(
                "Nothing is sold at this address at the moment.",
                code="NOT_SOLD_NOW",
                suggestion=f"{LLMS} says what is sold now.",
            )
        return documents.Description(service=service(found, base), links=links(base))

    def _base(self, request: Request[Any]) -> str:
        return http.base_url(request.scope, self._shop.settings.public_url)


def add_discovery(family: Family, discovery: Discovery) -> None:
    """The addresses of the shop as a whole."""
    options: dict[str, Any] = {"tag": TAG, "cost": ""}
    found = examples.MANIFEST
    add = family.add
    add(
        "GET", MANIFEST, discovery.manifest, Nothing, documents.Manifest, id="l402_services",
        answer=found, **options,
    )  # fmt: skip
    add("GET", LLMS, discovery.llms, Nothing, "text/plain", id="llms", **options)
    add("GET", LLMS_FULL, discovery.llms_full, Nothing, "text/plain", id="llms_full", **options)
    add(
        "GET", DISCOVER, discovery.discover, Query, documents.Matches, id="discover",
        answer=examples.MATCHES, **options,
    )  # fmt: skip


def add_descriptions(family: Family, discovery: Discovery) -> None:
    """GET for every paid address of the family that has none of its own."""
    served = {each.path for each in family.operations if "GET" in each.methods.split()}
    for operation in tuple(family.operations):
        if operation.sells and not operation.hidden and operation.path not in served:
            served.add(operation.path)
            family.add(
                "GET",
                operation.path,
                discovery.describe,
                Nothing,
                documents.Description,
                errors=(404,),
                tag=TAG,
                id=f"describe_{operation.path.strip('/').replace('/', '_')}",
                answer=examples.DESCRIPTION if family.documentation.envelope is None else None,
            )
