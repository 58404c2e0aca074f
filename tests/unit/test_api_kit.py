"""The kit of the API families: what one description of an address makes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import msgspec
import pytest

from ringbolt.api.kit import openapi
from ringbolt.api.kit.dialect import PLAIN, Dialect
from ringbolt.api.kit.family import Family, browsers
from ringbolt.api.kit.openapi import Documentation
from ringbolt.api.kit.operation import Operation
from ringbolt.api.kit.problem import Problem
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import Response
from ringbolt.api.kit.schema import ForeignText, Line, about
from ringbolt.api.kit.style import Style
from ringbolt.api.kit.words import Words
from ringbolt.core.errors import Conflict, Forbidden, InvalidInput, Role


class Order(msgspec.Struct, rename="camel", kw_only=True):
    """A parcel."""

    name: Annotated[Line, about("Whose it is.", "Ada", why="Somebody must get it.", max_length=20)]
    pieces: Annotated[int, about("How many.", ge=1, le=8)] = 4
    is_fragile: Annotated[bool, about("Whether it breaks.")] = False
    weight: Annotated[float, about("In kilograms.", 2.5)] | None = None
    note: Annotated[ForeignText, about("From somebody else.")] = ""
    top_ping: Annotated[dict[str, Any] | None, about("Anything.")] = None


class Placed(msgspec.Struct, kw_only=True, omit_defaults=True):
    """It is on its way."""

    order: dict[str, Any]
    ignored: list[str]
    note: Annotated[str | None, about("If there is one.")] = None


class ParcelDialect(Dialect):
    """Names in any form, one alias; a key for what changes something."""

    words = Words({Role.TEXT: "note"})

    def __init__(self, style: Style) -> None:
        self.style = style

    async def admit(self, request: Request[Any], operation: Operation[Any]) -> None:
        if operation.right and request.header(b"x-key") != operation.right:
            raise Forbidden("This key may not do that.", suggestion="Use another one.")


async def place(request: Request[Order]) -> Placed:
    """Send a parcel. It leaves at once."""
    return Placed(order=msgspec.to_builtins(request.params), ignored=list(request.fields.ignored))


async def show(request: Request[Nothing]) -> Response:
    """A parcel by its name."""
    return Response({"name": request.in_path("name")}, headers=[(b"x-van", b"7")])


async def send_back(request: Request[Nothing]) -> None:
    """Return it."""
    raise Conflict("It is on its way already.", suggestion="Wait for it.")


async def weigh(request: Request[Nothing]) -> None:
    """Weigh it."""
    raise InvalidInput("It weighs nothing.", role=Role.TEXT, suggestion="Fill it.")


async def drop(request: Request[Nothing]) -> None:
    """Drop it."""
    raise ZeroDivisionError


def fold(name: str) -> str:
    return name.replace("_", "").lower()


STYLE = Style(
    missing=PLAIN.missing,
    text=PLAIN.text,
    boolean=PLAIN.boolean,
    number=PLAIN.number,
    out_of_range=PLAIN.out_of_range,
    aliases={"name": ("who",)},
    fold=fold,
    misspelt=0.85,
)
EXACT = Style(
    missing=PLAIN.missing,
    text=PLAIN.text,
    boolean=PLAIN.boolean,
    number=PLAIN.number,
    out_of_range=PLAIN.out_of_range,
    exact=True,
    misspelt=0.85,
)
DOCUMENTATION = Documentation(
    tag="parcel",
    error=Problem,
    key=openapi.header("X-Key", "The key.", required=True),
    in_path={"name": "Its name."},
    faults={
        400: "Wrong", 401: "No key", 403: "Not allowed", 404: "None", 409: "Too late",
        413: "Too large", 429: "Too often", 503: "Closed",
    },
)  # fmt: skip


def parcel_family(style: Style) -> Family:
    family = Family(
        ParcelDialect(style),
        DOCUMENTATION,
        roots=("/parcel",),
        folds=True,
        cors=browsers(methods=("GET", "POST"), exposes=("X-Van",)),
    )
    family.add("POST", "/parcel", place, Order, Placed, at_most={"pieces": 6})
    family.add("GET", "/parcel/{name}", show, Nothing, errors=(404,))
    family.add("POST", "/parcel/{name}/send_back", send_back, Nothing, right="staff", errors=(409,))
    family.add("GET", "/parcel/{name}/open", show, Nothing, acts=True)
    family.add("POST", "/parcel/{name}/weigh", weigh, Nothing, hidden=True)
    family.add("POST", "/parcel/{name}/drop", drop, Nothing, hidden=True)
    return family


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(parcel_family(STYLE))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client


# -- reading ------------------------------------------------------------------------------------


async def test_the_struct_of_an_address_is_read(http: httpx.AsyncClient) -> None:
    answer = await http.post(
        "/parcel",
        json={
            "WHO": " Ada ",
            "pieces": "6",
            "isFragile": "yes",
            "weight": 1.5,
            "note": "a\x00b",
            "x": 1,
        },
    )

    assert answer.status_code == 200
    assert answer.json() == {
        "order": {
            "name": "Ada", "pieces": 6, "isFragile": True, "weight": 1.5, "note": "a\ufffdb",
            "topPing": None,
        },
        "ignored": ["x"],
    }  # fmt: skip
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "code", "field", "sentence"),
    [
        ({}, "MISSING_FIELD", "name", "name is missing. Somebody must get it."),
        ({"name": ""}, "MISSING_FIELD", "name", "name is missing. Somebody must get it."),
        ({"who": 5}, "INVALID_TYPE", "who", "who (name) must be a text, not a number."),
        ({"name": "a\nb"}, "INVALID_TEXT", "name", "name must be one line."),
        ({"name": "a\x07b"}, "INVALID_TEXT", "name", "name holds control characters."),
        ({"name": "x" * 21}, "TOO_LONG", "name", "name has 21 characters; at most 20 are taken."),
        ({"name": "A", "pieces": 7}, "OUT_OF_RANGE", "pieces",
         "pieces must be between 1 and 6, not 7."),
        ({"name": "A", "pieces": "a few"}, "INVALID_TYPE", "pieces",
         "pieces must be a whole number, not 'a few'."),
        ({"name": "A", "is_fragile": "very"}, "INVALID_TYPE", "is_fragile",
         "is_fragile (isFragile) must be true or false, not 'very'."),
        ({"name": "A", "piecess": 2}, "UNKNOWN_FIELD", "piecess",
         "The field 'piecess' is not known. Did you mean 'pieces'?"),
        ({"name": "A", "who": "B"}, "FIELDS_DISAGREE", "name",
         "name and who are names of the same field, and have different values."),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said_of_the_field_as_it_was_written(
    http: httpx.AsyncClient, body: dict[str, Any], code: str, field: str, sentence: str
) -> None:
    document = (await http.post("/parcel", json=body)).json()

    assert (document["error_code"], document["field"]) == (code, field)
    assert document["detail"] == sentence
    assert document["suggestion"]


async def test_two_names_of_one_field_may_agree_in_other_forms(http: httpx.AsyncClient) -> None:
    answer = await http.post(
        "/parcel", json={"name": "Ada", "who": " Ada", "pieces": 2, "PIECES": "2"}
    )

    assert answer.json()["order"]["pieces"] == 2


@pytest.mark.parametrize(
    ("body", "is_taken"),
    [
        ({"name": "A", "pieces": 2}, True),
        ({"name": "A", "pieces": None}, True),
        ({"name": "A", "pieces": "2"}, False),
        ({"name": "A", "isFragile": 1}, False),
        ({"NAME": "A"}, False),
    ],
)
async def test_an_exact_style_takes_json_types_as_they_are(
    body: dict[str, Any], is_taken: bool
) -> None:
    transport = httpx.ASGITransport(parcel_family(EXACT))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        answer = await client.post("/parcel", json=body)

    assert (answer.status_code == 200) is is_taken
    assert is_taken or answer.json()["error_code"] in ("INVALID_TYPE", "UNKNOWN_FIELD")


# -- routing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/parcel/ada", "/parcel/ada/", "//parcel/ada"])
async def test_a_path_is_found_however_it_is_written(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(httpx.URL("http://shop").copy_with(raw_path=path.encode()))

    assert answer.json() == {"name": "ada"}
    assert answer.headers["x-van"] == "7"


async def test_capitals_mean_the_same_where_the_family_folds(http: httpx.AsyncClient) -> None:
    assert (await http.post("/PARCEL", json={"name": "Ada"})).status_code == 200


async def test_a_head_is_a_get_unless_it_acts(http: httpx.AsyncClient) -> None:
    assert (await http.head("/parcel/ada")).status_code == 200
    assert (await http.head("/parcel/ada/open")).status_code == 405


async def test_other_methods_are_shown_which_there_are(http: httpx.AsyncClient) -> None:
    refused, options = await http.put("/parcel"), await http.options("/parcel")

    assert (refused.status_code, refused.headers["allow"]) == (405, "POST, OPTIONS")
    assert (options.status_code, options.headers["allow"]) == (204, "POST, OPTIONS")
    assert "content-length" not in options.headers


async def test_below_its_roots_the_family_answers_for_what_there_is_not(
    http: httpx.AsyncClient,
) -> None:
    family = parcel_family(STYLE)

    assert (await http.get("/parcel/a/b/c")).json()["error_code"] == "NO_SUCH_ADDRESS"
    assert family.find("/parcel/a/b/c")
    assert not family.find("/pasta")


async def test_pages_of_other_origins_may_ask(http: httpx.AsyncClient) -> None:
    answer = await http.get("/parcel/ada", headers={"Origin": "https://a.example"})

    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == "X-Van"


# -- errors -------------------------------------------------------------------------------------


async def test_who_is_not_let_in_is_refused_before_anything_is_read(
    http: httpx.AsyncClient,
) -> None:
    refused = await http.post("/parcel/ada/send_back", content=b"x" * 100_000)
    let_in = await http.post("/parcel/ada/send_back", headers={"X-Key": "staff"})

    assert refused.status_code == 403
    assert (let_in.status_code, let_in.headers["x-error-code"]) == (409, "CONFLICT")


async def test_a_body_is_not_read_without_end(http: httpx.AsyncClient) -> None:
    assert (await http.post("/parcel", content=b" " * 100_000)).status_code == 413


async def test_an_error_names_the_familys_field_for_its_role(http: httpx.AsyncClient) -> None:
    assert (await http.post("/parcel/ada/weigh")).json()["field"] == "note"


async def test_a_fault_of_ours_tells_nothing_of_itself(http: httpx.AsyncClient) -> None:
    answer = await http.post("/parcel/ada/drop")

    assert answer.status_code == 500
    assert answer.json()["error_code"] == "INTERNAL"
    assert "Zero" not in answer.text


# -- the document -------------------------------------------------------------------------------


@pytest.fixture
def document() -> dict[str, Any]:
    family = parcel_family(STYLE)
    operations = [(family.documentation, operation) for operation in family.operations]
    about = openapi.About(
        title="Parcels", version="1", description="", server="/", tags={}, security={}
    )
    return openapi.document(about, operations)


def test_every_address_is_documented_but_the_hidden(document: dict[str, Any]) -> None:
    assert {path: sorted(methods) for path, methods in document["paths"].items()} == {
        "/parcel": ["post"],
        "/parcel/{name}": ["get"],
        "/parcel/{name}/send_back": ["post"],
        "/parcel/{name}/open": ["get"],
    }


def test_what_an_address_takes_stands_in_the_document(document: dict[str, Any]) -> None:
    operation = document["paths"]["/parcel"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]

    assert operation["summary"] == "Send a parcel. It leaves at once"
    assert operation["operationId"] == "post_parcel"
    assert body["required"] == ["name"]
    assert body["properties"]["pieces"] == {
        "description": "How many.", "type": "integer", "minimum": 1, "maximum": 6, "default": 4,
    }  # fmt: skip
    assert body["properties"]["weight"] == {
        "description": "In kilograms.", "examples": [2.5], "type": "number",
    }  # fmt: skip
    assert "Order" not in document["components"]["schemas"]


def test_what_an_address_answers_stands_in_the_document(document: dict[str, Any]) -> None:
    operation = document["paths"]["/parcel"]["post"]
    placed = document["components"]["schemas"]["Placed"]

    ok = operation["responses"]["200"]
    assert ok["description"] == "It is on its way."
    assert ok["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Placed"}
    assert placed["required"] == ["order", "ignored"]
    assert placed["properties"]["note"] == {"description": "If there is one.", "type": "string"}


def test_errors_and_keys_follow_from_the_description(document: dict[str, Any]) -> None:
    returned = document["paths"]["/parcel/{name}/send_back"]["post"]

    assert sorted(returned["responses"]) == [
        "200", "400", "401", "403", "409", "413", "429", "503",
    ]  # fmt: skip
    assert [each["name"] for each in returned["parameters"]] == ["name", "X-Key"]
