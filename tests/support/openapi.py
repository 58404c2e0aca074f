"""What OpenAPI 3.1 demands of a document, and JSON Schema of its examples, as far as it is used
here: whatever is not known fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

Document = dict[str, Any]
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}
_SAYS_NOTHING = {"title", "description", "examples", "default", "format", "discriminator"}


class _Strict(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    pass


class Info(_Strict):
    title: str
    version: str
    description: str


class Url(_Strict):
    url: str
    description: str = ""


class Named(_Strict):
    name: str
    description: str


class Header(_Strict):
    description: str = ""
    schema: Document = {}
    ref: str = msgspec.field(name="$ref", default="")


class Media(_Strict):
    schema: Document = {}
    example: Any = None
    examples: dict[str, dict[Literal["value"], Any]] = {}


class Parameter(_Strict):
    name: str
    in_: Literal["query", "header", "path", "cookie"] = msgspec.field(name="in")
    required: bool
    schema: Document
    description: str
    example: Any = None


class Body(_Strict):
    required: bool
    content: dict[str, Media]


class Answer(_Strict):
    description: str = ""
    ref: str = msgspec.field(name="$ref", default="")
    headers: dict[str, Header] = {}
    content: dict[str, Media] = {}


class Price(_Strict):
    mode: Literal["fixed", "range", "dynamic"]
    currency: str
    unit: str = ""
    quote: str = ""


class PaymentInfo(_Strict):
    protocols: list[str]
    method: str
    intent: str
    currency: str
    amount: str | None
    price: Price
    description: str


class Operation(_Strict):
    summary: str
    operation_id: str
    tags: list[str]
    responses: dict[str, Answer]
    security: list[dict[str, list[str]]]
    description: str = ""
    parameters: list[Parameter] = []
    request_body: Body | None = None
    payment: PaymentInfo | None = msgspec.field(name="x-payment-info", default=None)


class Scheme(_Strict):
    type: Literal["apiKey", "http"]
    description: str
    in_: str = msgspec.field(name="in", default="")
    name: str = ""
    scheme: str = ""


class Components(_Strict):
    schemas: dict[str, Document]
    headers: dict[str, Header]
    responses: dict[str, Answer]
    security_schemes: dict[str, Scheme]


class Whole(_Strict):
    openapi: Literal["3.1.0"]
    info: Info
    servers: list[Url]
    tags: list[Named]
    paths: dict[str, dict[Literal["get", "post", "put", "delete"], Operation]]
    components: Components
    external_docs: Url | None = None

    def answer(self, operation: Operation, status: str) -> Answer:
        """The answer of that status, wherever it is described."""
        answer = operation.responses[status]
        return self.components.responses[answer.ref.rpartition("/")[2]] if answer.ref else answer

    def operations(self) -> Iterator[tuple[str, str, Operation]]:
        """Path, method, operation."""
        for path, methods in self.paths.items():
            for method, operation in methods.items():
                yield path, method, operation


def faults(value: Any, schema: Document, root: Document, where: str = "") -> Iterator[str]:
    """Why the value does not keep to the schema."""
    if "type" in schema and not _is_of_type(value, schema["type"]):
        yield f"{where}: {value!r} is no {schema['type']}"
        return
    for key, rule in schema.items():
        if key in _SAYS_NOTHING or key == "type":
            continue
        check = _CHECKS[key]
        yield from (f"{where}: {each}" for each in check(value, rule, schema, root, where))


def resolved(reference: str, root: Document) -> Document:
    """What a reference leads to. Raises ``KeyError``."""
    found = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def _is_of_type(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and isinstance(value, bool) <= (name == "boolean")


def _properties(value: Any, rule: Any, _: Any, root: Document, where: str) -> Iterator[str]:
    for name, schema in rule.items():
        if isinstance(value, dict) and name in value:
            yield from faults(value[name], schema, root, f"{where}.{name}")


def _required(value: Any, rule: Any, *_: Any) -> Iterator[str]:
    yield from (f"{name} is missing" for name in rule if name not in value)


def _additional(
    value: Any, rule: Any, schema: Document, root: Document, where: str
) -> Iterator[str]:
    more = value.keys() - schema.get("properties", {}).keys()
    if rule is False:
        yield from (f"{name} is not allowed" for name in more)
    elif isinstance(rule, dict):
        for name in more:
            yield from faults(value[name], rule, root, f"{where}.{name}")


def _items(value: Any, rule: Any, _: Any, root: Document, where: str) -> Iterator[str]:
    for number, each in enumerate(value):
        yield from faults(each, rule, root, f"{where}[{number}]")


def _any_of(value: Any, rule: Any, _: Any, root: Document, where: str) -> Iterator[str]:
    found = [list(faults(value, each, root, where)) for each in rule]
    if all(found):
        yield f"{value!r} keeps to none of {found}"


def _all_of(value: Any, rule: Any, _: Any, root: Document, where: str) -> Iterator[str]:
    for each in rule:
        yield from faults(value, each, root, where)


_CHECKS: dict[str, Any] = {
    "$ref": lambda value, rule, _, root, where: faults(value, resolved(rule, root), root, where),
    "properties": _properties,
    "required": _required,
    "additionalProperties": _additional,
    "items": _items,
    "anyOf": _any_of,
    "allOf": _all_of,
    "enum": lambda value, rule, *_: () if value in rule else (f"{value!r} is not one of {rule}",),
    "minimum": lambda value, rule, *_: () if value >= rule else (f"{value} is too small",),
    "maximum": lambda value, rule, *_: () if value <= rule else (f"{value} is too large",),
    "minLength": lambda value, rule, *_: () if len(value) >= rule else (f"{value} is too short",),
    "maxLength": lambda value, rule, *_: () if len(value) <= rule else (f"{value} is too long",),
    "pattern": lambda value, rule, *_: () if re.search(rule, value) else (f"{value} has no form",),
}
