"""Whatever an agent passes to a tool, and whatever error the shop answers: an answer that says what
to do next, never a fault."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringbolt.mcp.arguments import schema_of
from ringbolt.mcp.door import Answer
from ringbolt.mcp.purse import AgentsPurse
from ringbolt.mcp.tools import TOOLS, Call, Tool, use

_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


class RefusingDoor:
    """A shop that refuses everything, in words of its own."""

    is_closing = True
    has_key = True

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[str] = []

    async def ask(
        self, method: str, path: str, fields: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Answer:
        self.asked.append(f"{method} {path}")
        return self._answer


def value_of(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """A value that the schema of a field allows."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of(*map(value_of, schema["anyOf"]))
    match schema.get("type"):
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum"))
        case "null":
            return st.none()
        case _:
            return st.text(max_size=40) | st.sampled_from(["+12025550123", "ann@b.example", "DE"])


def allowed_arguments(tool: Tool) -> st.SearchStrategy[dict[str, Any]]:
    schema = schema_of(tool.takes)
    fields = {name: value_of(each) for name, each in schema.get("properties", {}).items()}
    required = {name: fields.pop(name) for name in schema.get("required", ())}
    return st.fixed_dictionaries(required, optional=fields)


def wild_arguments(tool: Tool) -> st.SearchStrategy[dict[str, Any]]:
    """What the tool's schema allows, the same with another value, and anything."""
    allowed = allowed_arguments(tool)
    names = st.sampled_from([*schema_of(tool.takes).get("properties", {"x": 0}), "surplus"])
    changed = st.builds(lambda base, name, value: {**base, name: value}, allowed, names, _json)
    return allowed | changed | st.dictionaries(st.text(max_size=9), _json, max_size=4)


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
@given(data=st.data(), status=st.integers(400, 599), document=_json, code=st.text(max_size=20))
def test_every_tool_answers_whatever_it_is_given(
    tool: Tool, data: st.DataObject, status: int, document: Any, code: str
) -> None:
    arguments = data.draw(wild_arguments(tool))
    door = RefusingDoor(Answer(status, document, code))

    async def tell(*_: object) -> None: ...

    result = asyncio.run(use(tool, Call(door, AgentsPurse(door), tell), arguments))

    assert result.is_error
    assert result.document["error"]
    assert result.document["next_step"]
