"""How the family's addresses stand in the OpenAPI document: under the canonical names alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from fastapi.routing import APIRoute
from pydantic import BaseModel

from ringbolt.api.kit.http import Receive, Scope, Send
from ringbolt.api.voice import documents

BEARER: Final[dict[str, Any]] = {
    "name": "Authorization",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "Bearer and the access_token of /auth/v1/tokens, or Bearer and the API key.",
}
IDEMPOTENCY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "A name of your own for this call: the same request under the same name "
    "answers with the same call, however often it is sent.",
}
_PATH_PARAMETERS: Final = {
    "call_id": "The callId as it was answered: CA and 32 hex digits.",
    "recording_id": "The id of a recording, from the call's document.",
}
_FAULTS: Final = {
    400: "A field is wrong or missing; replyMessage names it",
    401: "The token or key is missing, unknown, expired or revoked",
    402: "The balance does not cover the call",
    403: "The key may not do this",
    404: "There is no such thing of this account",
    413: "The body is too large",
    422: "This number is not called, or the audio cannot be played; nothing was charged",
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
    """How an address stands in the document. ``answer``: the model of the whole envelope, or a
    media type; ``xml``: that the body may be XML too, with the fields in the query."""

    answer: type[BaseModel] | str
    faults: tuple[int, ...] = (401, 403, 429, 503)
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    headers: tuple[dict[str, Any], ...] = (BEARER,)
    xml: str = ""

    def responses(self) -> dict[int | str, dict[str, Any]]:
        """What may be answered."""
        documented: dict[int | str, dict[str, Any]] = {
            status: {"model": documents.Failure, "description": _FAULTS[status]}
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
        if self.body is not None:
            extra["requestBody"] = {"required": True, "content": self._content(self.body)}
        return extra

    def _content(self, model: type[BaseModel]) -> dict[str, Any]:
        document = model.model_json_schema()
        content: dict[str, Any] = {"schema": document}
        example = document.pop("example", None)
        if example is not None:
            content["example"] = example
        found = {"application/json": content}
        if self.xml:
            found["application/xml"] = {"schema": {"type": "string"}, "example": self.xml}
        return found


def operation_id(method: str, path: str) -> str:
    """The same from release to release: generated clients name their methods by it."""
    words = re.findall(r"[A-Za-z0-9]+", path.replace("v1", "").replace("_id}", "}"))
    return "_".join([method.lower(), *words])


def _path_parameter(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": _PATH_PARAMETERS[name],
    }


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    document = model.model_json_schema()
    required = document.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": field.pop("description", ""),
            "schema": field,
        }
        for name, field in ((name, dict(each)) for name, each in document["properties"].items())
    ]
