"""The OpenAPI document of all families, made from the descriptions of their addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any, Final, get_args

import msgspec

from ringbolt.api.kit.dialect import QUERY_METHODS
from ringbolt.api.kit.operation import Operation
from ringbolt.api.kit.reader import documented_as_required, fields_of
from ringbolt.api.kit.response import JSON
from ringbolt.api.kit.sample_errors import SAMPLES
from ringbolt.core.errors import RingboltError

Schema = dict[str, Any]

VERSION: Final = "3.1.0"
_REFERENCE: Final = "#/components/schemas/"
_LIMITS: Final = {"integer": "maximum", "number": "maximum", "string": "maxLength"}

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
FAULTS: Final = {
    400: "A field is wrong or missing",
    404: "There is no such thing",
    401: "The key is missing, unknown or revoked",
    403: "The key may not do this",
    413: "The body is too large",
    429: "Too many requests; see Retry-After",
    503: "A part that is needed does not answer; see Retry-After",
}
"""The meaning of a status, unless a family describes it more exactly."""
_LATER: Final = frozenset({429, 503})
"""Statuses that come with Retry-After."""
ERROR_HEADERS: Final = {
    "X-Error-Code": {
        "description": "The code of the error, which is stable; sentences are not.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "After how many seconds the same request may succeed.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimit-Policy": {
        "description": "How many requests are taken in how many seconds, by what they cost: "
        '`"order";q=60;w=60`.',
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "How many are left now, and in how many seconds all are: "
        '`"order";r=0;t=60`.',
        "schema": {"type": "string"},
    },
}
"""Components, by the header's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Documentation:
    """What the addresses of a family have in common in the document.

    ``error`` is the struct of an error, ``error_type`` its media type, ``shows`` makes one;
    ``faults`` say what a status means where ``FAULTS`` is not exact enough, ``in_path`` what the
    parts of a path are; ``dropped`` is left out of operation ids. ``key`` is the parameter with
    the API key, and ``security`` the same as security schemes, any of which will do;
    ``idempotency`` is what an Idempotency-Key does. ``forms``: bodies may be forms; ``envelope``:
    the struct whose ``data`` every document is; ``answers``: examples of documents, by struct.
    """

    tag: str
    error: type[msgspec.Struct]
    faults: Mapping[int, str] = field(default_factory=dict)
    error_type: str = JSON.decode()
    in_path: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ("v1",)
    key: Schema = field(default_factory=dict)
    security: Mapping[str, Schema] = field(default_factory=dict)
    idempotency: str = ""
    forms: bool = False
    envelope: type[msgspec.Struct] | None = None
    shows: Callable[[RingboltError], Any] | None = None
    answers: Mapping[type, Any] = field(default_factory=dict)

    def operation_id(self, method: str, path: str) -> str:
        """The same from release to release: generated clients name their methods by it."""
        for each in self.dropped:
            path = path.replace(each, "")
        return "_".join([method.lower(), *re.findall(r"[A-Za-z0-9]+", path)])


Described = tuple[Documentation, Operation[Any]]


def header(name: str, description: str, *, required: bool, **schema: Any) -> dict[str, Any]:
    """A header as a parameter."""
    return {
        "name": name,
        "in": "header",
        "required": required,
        "schema": {"type": "string", **schema},
        "description": description,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the document says of the whole. ``server``: the URL that paths are relative to;
    ``tags``: what each tag means; ``security``: schemes that no family has for its keys."""

    title: str
    version: str
    description: str
    server: str
    tags: Mapping[str, str]
    security: Schema


def document(about: About, operations: Iterable[Described]) -> dict[str, Any]:
    """The whole document."""
    described = [each for each in operations if not each[1].hidden]
    schemas = _Schemas(described)
    security = dict(about.security)
    for documentation, _ in described:
        security |= documentation.security
    paths: dict[str, Any] = {}
    faults: dict[str, Schema] = {}
    for documentation, operation in described:
        for method in operation.methods.split():
            one = _Operation(documentation, operation, method, schemas, faults).document()
            paths.setdefault(operation.path, {})[method.lower()] = one
    return {
        "openapi": VERSION,
        "info": {
            "title": about.title,
            "version": about.version,
            "description": about.description,
        },
        "servers": [{"url": about.server}],
        "tags": [{"name": tag, "description": meaning} for tag, meaning in about.tags.items()],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "headers": ERROR_HEADERS,
            "responses": faults,
            "securitySchemes": security,
        },
    }


class _Schemas:
    """The schemas of all structs. Those of requests are written inline, where they are used."""

    def __init__(self, described: Iterable[Described]) -> None:
        kinds: dict[Any, None] = {}
        for documentation, operation in described:
            kinds[documentation.error] = None
            if documentation.envelope is not None:
                kinds[documentation.envelope] = None
            kinds |= dict.fromkeys(operation.error_structs.values())
            kinds[operation.takes] = None
            if operation.answers is not None and not isinstance(operation.answers, str):
                kinds[operation.answers] = None
        schemas, components = _renamed(
            msgspec.json.schema_components(list(kinds), ref_template=_REFERENCE + "{name}")
        )
        self._by_kind = dict(zip(kinds, schemas, strict=True))
        self._all = {name: _tidy(schema) for name, schema in components.items()}
        taken = {id(operation.takes): operation.takes for _, operation in described}
        inline = {self._name(kind) for kind in taken.values()}
        self.components = {name: schema for name, schema in self._all.items() if name not in inline}

    def of(self, kind: Any) -> Schema:
        """A reference to it, or a list of such."""
        schema: Schema = self._by_kind[kind]
        return schema

    def inline(self, struct: type[msgspec.Struct]) -> Schema:
        """The whole schema."""
        return dict(self._all[self._name(struct)])

    def _name(self, struct: Any) -> str:
        reference: str = self._by_kind[struct]["$ref"]
        return reference.removeprefix(_REFERENCE)


@dataclass(frozen=True, slots=True)
class _Operation:
    """One method of an address, as it is documented. ``faults`` gets the answers that are the same
    for all addresses of a family."""

    documentation: Documentation
    operation: Operation[Any]
    method: str
    schemas: _Schemas
    faults: dict[str, Schema]

    def document(self) -> Schema:
        operation = self.operation
        found: Schema = {"summary": operation.summary}
        if operation.about:
            found["description"] = operation.about
        found |= {
            "operationId": operation.id
            or self.documentation.operation_id(self.method, operation.path),
        }
        found["tags"] = [operation.tag or self.documentation.tag]
        parameters = [*self._in_path(), *self._headers(), *self._in_query()]
        if parameters:
            found["parameters"] = parameters
        found["security"] = self._security()
        if self._takes_body:
            found["requestBody"] = {"required": True, "content": self._body()}
        return {**found, "responses": self._responses(), **operation.more}

    @property
    def _takes_body(self) -> bool:
        """Whether the fields are in a body: where GET is one of the methods, no method has one."""
        is_query = not QUERY_METHODS.isdisjoint(self.operation.methods.split())
        return not is_query and bool(fields_of(self.operation.takes))

    def _security(self) -> list[Schema]:
        """Any of them will do; ``{}`` is none at all. Nothing to choose from: it is open."""
        schemes: list[Schema] = [{scheme: []} for scheme in self.documentation.security]
        key = self.documentation.key.get("name")
        shown = [each for each in self.operation.headers if each["name"] == key]
        if self.operation.right or any(each["required"] for each in shown):
            return schemes
        return [{}, *schemes] if shown else []

    def _in_path(self) -> Iterator[Schema]:
        for name in re.findall(r"{(\w+)}", self.operation.path):
            description = self.documentation.in_path.get(name, "")
            yield {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "string"},
                "description": description,
            }

    def _headers(self) -> Iterator[Schema]:
        # A parameter of the name Authorization is ignored (OpenAPI 3.1, 4.8.12.2.1).
        if self.operation.right and self.documentation.key["name"] != "Authorization":
            yield self.documentation.key
        yield from map(dict, self.operation.headers)
        if self.operation.idempotent:
            meaning = self.documentation.idempotency
            yield header(IDEMPOTENCY_KEY, meaning, required=False, maxLength=255)

    def _in_query(self) -> Iterator[Schema]:
        if self._takes_body:
            return
        schema = self._taken()
        for name, each in schema.get("properties", {}).items():
            one = dict(each)
            parameter = {
                "name": name,
                "in": "query",
                "required": name in schema.get("required", ()),
                "description": one.pop("description", ""),
            }
            examples = one.pop("examples", None)
            yield parameter | {"schema": one} | ({"example": examples[0]} if examples else {})

    def _taken(self) -> Schema:
        """The schema of what is taken, with the limits that the shop sets."""
        schema = self.schemas.inline(self.operation.takes)
        properties = dict(schema.get("properties", {}))
        for name, most in self.operation.at_most.items():
            properties[name] = _limited(properties[name], most)
        required = documented_as_required(self.operation.takes)
        return schema | {"properties": properties, "required": required}

    def _body(self) -> Schema:
        content: Schema = {"schema": self._taken()}
        examples = self.operation.examples
        if len(examples) == 1:
            (content["example"],) = examples.values()
        elif examples:
            content["examples"] = {name: {"value": each} for name, each in examples.items()}
        found: Schema = {"application/json": content}
        if self.documentation.forms:
            found["application/x-www-form-urlencoded"] = {"schema": content["schema"]}
        if self.operation.xml:
            found["application/xml"] = {
                "schema": {"type": "string"},
                "example": self.operation.xml,
            }
        return found

    def _responses(self) -> Schema:
        faults = {str(status): self._shared(status) for status in self._errors()}
        return {str(self.operation.status): self._success(), **faults}

    def _shared(self, status: int) -> Schema:
        """The answer of that status, by reference where it is the family's usual one."""
        if status in self.operation.error_structs:
            return self._fault(status)
        name = f"{self.documentation.tag.title().replace(' ', '')}{status}"
        if name not in self.faults:
            self.faults[name] = self._fault(status)
        return {"$ref": f"#/components/responses/{name}"}

    def _fault(self, status: int) -> Schema:
        """What is answered instead of a success."""
        documentation, struct = self.documentation, self.operation.error_structs.get(status)
        media: Schema = {"schema": self.schemas.of(struct or documentation.error)}
        if struct is not None and struct in documentation.answers:
            media["example"] = documentation.answers[struct]
        elif documentation.shows is not None:
            media["example"] = msgspec.to_builtins(documentation.shows(SAMPLES[status]))
        names = ("X-Error-Code", "Retry-After") if status in _LATER else ("X-Error-Code",)
        if status == 429:
            names = (*names, "RateLimit-Policy", "RateLimit")
        headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        return {
            "description": {**FAULTS, **documentation.faults}[status],
            "headers": {**headers, **self.operation.error_headers.get(status, {})},
            "content": {documentation.error_type: media},
        }

    def _errors(self) -> list[int]:
        """The statuses of errors: those that follow from what is taken, and the address' own."""
        found = {503, *self.operation.errors}
        if self.operation.cost:
            found.add(429)
        if fields_of(self.operation.takes):
            found.add(400)
        if self.method not in QUERY_METHODS and not self.operation.ignores_body:
            found |= {400, 413}
        if self.operation.right:
            found |= {401, 403}
        return sorted(found)

    def _success(self) -> Schema:
        answers = self.operation.answers
        if answers is None:
            return {"description": "The answer", "content": {"application/json": {}}}
        if isinstance(answers, str):
            kinds = answers.split(", ")
            return {"description": "The content", "content": {kind: {} for kind in kinds}}
        (struct,) = get_args(answers) or (answers,)
        schema = self.schemas.of(answers)
        if self.documentation.envelope is not None:
            around = self.schemas.of(self.documentation.envelope)
            schema = {"allOf": [around, {"properties": {"data": schema}}]}
        media: Schema = {"schema": schema}
        if self.operation.answer is not None:
            media["example"] = self.operation.answer
        elif struct in self.documentation.answers:
            example = self.documentation.answers[struct]
            media["example"] = example if struct is answers else [example]
        meaning = (struct.__doc__ or "The answer").partition("\n")[0]
        return {"description": meaning, "content": {"application/json": media}}


def _limited(schema: Schema, most: int) -> Schema:
    """The schema with an upper limit for the number, or for the text's length."""
    if "anyOf" in schema:
        return schema | {"anyOf": [_limited(each, most) for each in schema["anyOf"]]}
    limit = _LIMITS.get(schema.get("type", ""))
    return schema if limit is None else schema | {limit: most}


def _renamed(found: tuple[Any, dict[str, Any]]) -> tuple[Any, dict[str, Any]]:
    """The same with names that programs can be generated from: structs of one name in two families
    are told apart by dotted paths, which no language takes."""
    schemas, components = found
    names = {name: _plain_name(name) for name in components}
    assert len(set(names.values())) == len(names), "every schema has a name of its own"
    references = {_REFERENCE + name: _REFERENCE + plain for name, plain in names.items()}
    renamed = {
        names[name]: {**_with_references(each, references), "title": names[name]}
        for name, each in components.items()
    }
    return _with_references(schemas, references), renamed


def _plain_name(name: str) -> str:
    """``L402CallStatus`` for ``ringbolt.api.l402.documents.CallStatus``."""
    *rooms, struct = name.split(".")
    return rooms[2].title() + struct if rooms else name


def _with_references(value: Any, references: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _with_references(each, references) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_with_references(each, references) for each in value]
    return references.get(value, value) if isinstance(value, str) else value


def _tidy(schema: Schema) -> Schema:
    """The schema of a struct as it is sent: what may be absent is never null."""
    tidy = dict(schema)
    if "properties" in schema:
        tidy["properties"] = {key: _property(each) for key, each in schema["properties"].items()}
    if "description" in schema:
        tidy["description"] = cleandoc(schema["description"])
    return tidy


def _property(schema: Schema) -> Schema:
    if schema.get("type") == "array":
        return {"items": {}, **schema}  # generators of clients want it said, even if it is anything
    if "anyOf" not in schema:
        return schema
    one, choices = dict(schema), [dict(each) for each in schema["anyOf"]]
    if one.get("default", choices) is None:
        del one["default"]
        choices = [each for each in choices if each != {"type": "null"}]
    for key in ("description", "examples"):  # next to the choices, not inside one of them
        for each in choices:
            if key in each:
                one.setdefault(key, each.pop(key))
    del one["anyOf"]
    return {**choices[0], **one} if len(choices) == 1 else {**one, "anyOf": choices}
