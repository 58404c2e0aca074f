"""Requests that the OpenAPI document allows, and requests that it forbids, at every address: the
shop answers as the document says, and never with a fault.

What the document allows may be refused by a rule that no JSON Schema can tell: a number that does
not exist, a country without numbers. So a 4xx is an answer too, if it is documented.

``RINGBOLT_TEST_EXAMPLES`` sets how many requests of each kind an address gets.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import validate
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from support.processes.shop import ServerProcess, running_process

EXAMPLES = int(os.environ.get("RINGBOLT_TEST_EXAMPLES", "3"))
ANSWER_S = 90.0
CHECKS: list[Any] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
load_all_checks()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("conformance")
    quick = {"RINGBOLT_SIMULATOR_SPEED": "50"}
    async with running_process(["serve"], folder / "data", **quick) as process:
        yield process


@pytest.fixture(scope="module")
def rights(shop: ServerProcess) -> dict[str, str]:
    """A prepaid key with every right; the voice API takes a key as its bearer token."""
    key: str = httpx.post(f"{shop.url}/simulator/keys", timeout=ANSWER_S).json()["key"]
    return {"X-API-Key": key, "Authorization": f"Bearer {key}"}


def test_the_document_is_valid(shop: ServerProcess) -> None:
    document = httpx.get(f"{shop.url}/openapi.json", timeout=ANSWER_S).json()
    validate(document)
    assert document["openapi"].startswith("3.1")


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("has_rights", [True, False], ids=["with a key", "with nothing"])
def test_answers_are_as_documented(
    shop: ServerProcess, rights: dict[str, str], mode: GenerationMode, has_rights: bool
) -> None:
    document = schemathesis.openapi.from_url(f"{shop.url}/openapi.json")
    faults: list[str] = []
    asked = 0
    with requests.Session() as session:
        for found in document.get_all_operations():
            assert isinstance(found, Ok), found
            operation = found.ok()
            headers = dict(rights) if has_rights else {}
            asked += _ask(operation, mode, headers, session, faults)
    assert faults == []
    assert asked > 100


def _ask(
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    headers: dict[str, str],
    session: requests.Session,
    faults: list[str],
) -> int:
    """Ask the operation, and add what is wrong to ``faults``; how many requests there were."""
    asked = 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case[Any]) -> None:
        nonlocal asked
        asked += 1
        answer = case.call(session=session, headers=headers, timeout=ANSWER_S)
        if answer.status_code >= 400 and "x-error-code" not in answer.headers:
            faults.append(f"{operation.label}: {answer.status_code} has no X-Error-Code")
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            said = "; ".join(str(each).splitlines()[0] for each in group.exceptions)
            faults.append(
                f"{operation.label}: {answer.status_code} {said} {case.as_curl_command()}"
            )

    with suppress(Unsatisfiable):  # nothing that it takes can be wrong
        ask()
    return asked
