"""The API reference: every address of the OpenAPI document, by its tags."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from markupsafe import Markup

from ringbolt.web.docs.api import ApiDocument, Operation
from ringbolt.web.docs.markup import inline


@dataclass(frozen=True, slots=True)
class Chapter:
    """A tag. ``name`` is its part of the address."""

    name: str
    title: str
    meaning: Markup
    operations: tuple[Operation, ...]


def chapters(api: ApiDocument) -> list[Chapter]:
    """Every tag that has addresses."""
    return [
        Chapter(
            re.sub(r"[^a-z0-9]+", "-", tag["name"].lower()),
            tag["name"].capitalize(),
            inline(tag["description"]),
            found,
        )
        for tag in api.document["tags"]
        if (found := tuple(_tagged(api, tag["name"])))
    ]


def _tagged(api: ApiDocument, tag: str) -> Iterator[Operation]:
    return (each for each in api.operations if tag in each.document["tags"])


def who(operation: Operation) -> str:
    """Who may use it, in words."""
    schemes = [next(iter(each), "") for each in operation.document["security"]]
    if not schemes:
        return "Anybody."
    named = " or ".join(filter(None, schemes))
    return f"Anybody, or with {named}." if "" in schemes else f"With {named}."


def as_json(value: Any) -> str:
    """An example, to be read."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def shown_answer(status: str, document: Any) -> str:
    """An answer with its status line."""
    return f"HTTP/1.1 {status} {HTTPStatus(int(status)).phrase}\n\n{as_json(document)}"
