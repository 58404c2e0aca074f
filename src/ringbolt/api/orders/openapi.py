"""How the family's addresses stand in the OpenAPI document.

FastAPI documents them; an ``Endpoint`` answers, so that no request is read and checked twice. The
models of ``schema`` tell what goes in and out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel

from ringbolt.api.kit.http import Receive, Scope, Send
from ringbolt.api.orders import documents

KEY: dict[str, Any] = {
    "name": "X-API-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "The API key of a prepaid account.",
}
KEY_IF_IMMEDIATE = KEY | {"required": False}
IDEMPOTENCY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "A name of your own for this order: the same request under the same name "
    "answers with the same order, however often it is sent. Without an API key it must be random: "
    "at least 20 characters, such as a UUID.",
}
_PATH_PARAMETERS = {
    "order_id": "The order's id, 64 hex digits: whoever knows it may see the order.",
    "webhook_id": "The webhook's id, msg_...",
    "token": "As the link says.",
}
_FAULTS = {
    400: "A field is wrong or missing; reason names it",
    401: "The API key is missing, unknown or revoked",
    402: "The balance does not cover the order",
    403: "The API key lacks the scope for this; reason names it",
    404: "There is no such thing",
    409: "Not possible in this state, or not yet",
    413: "The body is too large",
    422: "This is not sold; nothing was charged",
    429: "Too many requests; see Retry-After",
    503: "A part that is needed does not answer; see Retry-After",
}


class DocumentedRoute(APIRoute):
    """Documented by FastAPI, answered by its endpoint, whatever the method."""

    endpoint: Any

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.endpoint(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Documented:
    """How an address stands in the document. ``answer``: its model, or its media type."""

    tag: str
    answer: type[BaseModel] | str
    faults: tuple[int, ...] = (429, 503)
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    headers: tuple[dict[str, Any], ...] = ()

    def responses(self) -> dict[int | str, dict[str, Any]]:
        """What may be answered; errors have the family's own form."""
        documented: dict[int | str, dict[str, Any]] = {
            status: {"model": documents.OrderError, "description": _FAULTS[status]}
            for status in self.faults
        }
        if isinstance(self.answer, str):
            return documented | {200: {"content": {self.answer: {}}}}
        meaning = (self.answer.__doc__ or "").partition("\n")[0]
        return documented | {200: {"model": self.answer, "description": meaning}}

    def operation(self, path: str) -> dict[str, Any]:
        """Parameters and body, which FastAPI cannot read off an endpoint."""
        parameters = [_path_parameter(name) for name in re.findall(r"{(\w+)}", path)]
        parameters += self.headers
        if self.query is not None:
            parameters += _query_parameters(self.query)
        extra: dict[str, Any] = {"parameters": parameters} if parameters else {}
        return extra | ({} if self.body is None else _request_body(self.body))


def operation_id(method: str, path: str) -> str:
    """The same from release to release: generated clients name their methods by it."""
    words = re.findall(r"[A-Za-z0-9]+", path.replace("{order_id}", "").replace("v1", ""))
    return "_".join([method.lower(), *words]) if words else "availability"


def _request_body(model: type[BaseModel]) -> dict[str, Any]:
    """JSON, or the same fields as a form."""
    document = model.model_json_schema()
    content: dict[str, Any] = {"schema": document}
    example = document.pop("example", None)
    if example is not None:
        content["example"] = example
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": content,
                "application/x-www-form-urlencoded": {"schema": document},
            },
        }
    }


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    document = model.model_json_schema()
    required = document.get("required", [])
    return [
        _query_parameter(name, dict(field), name in required)
        for name, field in document.get("properties", {}).items()
    ]


def _query_parameter(name: str, field: dict[str, Any], required: bool) -> dict[str, Any]:
    description = field.pop("description", "")
    examples = field.pop("examples", [])
    parameter = {
        "name": name,
        "in": "query",
        "required": required,
        "schema": field,
        "description": description,
    }
    return parameter | ({"example": examples[0]} if examples else {})


def _path_parameter(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": _PATH_PARAMETERS.get(name, ""),
    }
