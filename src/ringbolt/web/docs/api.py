"""The OpenAPI document as the pages read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body, or one parameter. ``kind`` is its type in words."""

    name: str
    kind: str
    meaning: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that is no success."""

    status: str
    meaning: str


class Operation:
    """One method of one address."""

    def __init__(self, api: ApiDocument, method: str, path: str, document: Schema) -> None:
        self._api = api
        self.method = method.upper()
        self.path = path
        self.document = document

    @property
    def id(self) -> str:
        name: str = self.document["operationId"]
        return name

    @property
    def media(self) -> Schema:
        """What the document says of the body as JSON; empty if there is none."""
        found: Schema = self.document.get("requestBody", {}).get("content", {}).get(_JSON, {})
        return found

    def example(self, name: str = "") -> Any:
        """The example of that name, or the only one. Raises ``KeyError``."""
        if "example" in self.media:
            return self.media["example"]
        return self.media["examples"][name]["value"]

    @property
    def examples(self) -> list[tuple[str, Any]]:
        """Every example of the body, by its name."""
        if "example" in self.media:
            return [("example", self.media["example"])]
        named = self.media.get("examples", {})
        return [(name, each["value"]) for name, each in named.items()]

    @property
    def answers(self) -> list[Field]:
        """The fields of a success."""
        for media in self._response(self.success).get("content", {}).values():
            if "schema" in media:
                return list(self._api.fields(media["schema"]))
        return []

    @property
    def fields(self) -> list[Field]:
        """The fields of the body, or else of the query."""
        if self.media:
            return list(self._api.fields(self.media["schema"]))
        parameters = self.document.get("parameters", ())
        return [self._parameter(each) for each in parameters if each["in"] == "query"]

    def answer(self, status: str) -> Any:
        """The example of an answer; None if there is none."""
        for media in self._response(status).get("content", {}).values():
            if "example" in media:
                return media["example"]
        return None

    @property
    def success(self) -> str:
        """The status of a success."""
        statuses: list[str] = sorted(self.document["responses"])
        return statuses[0]

    @property
    def faults(self) -> list[Fault]:
        return [
            Fault(status, self._response(status)["description"])
            for status in self.document["responses"]
            if status >= "400"
        ]

    def _parameter(self, parameter: Schema) -> Field:
        kind = self._api.kind(parameter["schema"])
        meaning = parameter.get("description", "")
        return Field(parameter["name"], kind, meaning, parameter.get("required", False))

    def _response(self, status: str) -> Schema:
        return self._api.resolved(self.document["responses"][status])


class ApiDocument:
    """The document, with its operations by id."""

    def __init__(self, document: Schema) -> None:
        self.document = document
        self._operations = {each.id: each for each in self._all()}

    def operation(self, name: str) -> Operation:
        """Raises ``KeyError``."""
        return self._operations[name]

    @property
    def operations(self) -> list[Operation]:
        return list(self._operations.values())

    def resolved(self, schema: Schema) -> Schema:
        """What a reference leads to; anything else is itself."""
        reference = schema.get("$ref")
        if reference is None:
            return schema
        _, _, kind, name = reference.split("/")
        found: Schema = self.document["components"][kind][name]
        return found

    def fields(self, schema: Schema) -> Iterator[Field]:
        """The fields of an object, of the objects in a list, or of what is in an envelope; first
        those that are required."""
        schema = self.resolved(schema)
        if "allOf" in schema:
            schema = self.resolved(schema["allOf"][-1]["properties"]["data"])
        if schema.get("type") == "array":
            schema = self.resolved(schema["items"])
        required = schema.get("required", ())
        properties = schema.get("properties", {})
        for name, each in sorted(properties.items(), key=lambda one: one[0] not in required):
            meaning = each.get("description", "")
            yield Field(name, self.kind(each), meaning, name in required)

    def kind(self, schema: Schema) -> str:
        """A type in words: ``number, 1 to 30``."""
        if "anyOf" in schema:
            kinds = dict.fromkeys(self.kind(each) for each in schema["anyOf"])
            return " or ".join(each for each in kinds if each != "null")
        if "$ref" in schema:
            schema = self.resolved(schema)
        kind: str = schema.get("type", "")
        if not kind:
            return "one of " + ", ".join(map(str, schema["enum"])) if "enum" in schema else "any"
        if kind == "array":
            return f"list of {self.kind(schema.get('items', {}))}"
        return _KINDS.get(kind, kind) + _limits(schema)

    def _all(self) -> Iterator[Operation]:
        for path, methods in self.document["paths"].items():
            for method, each in methods.items():
                yield Operation(self, method, path, each)


_KINDS: Final = {
    "string": "text",
    "integer": "whole number",
    "boolean": "true or false",
}


def _limits(schema: Schema) -> str:
    if "enum" in schema:
        return ", one of " + ", ".join(map(str, schema["enum"]))
    if "maxLength" in schema:
        return f", up to {schema['maxLength']:,} characters"
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None:
        return "" if most is None else f", up to {most:,}"
    return f", from {least:,}" if most is None else f", {least:,} to {most:,}"
