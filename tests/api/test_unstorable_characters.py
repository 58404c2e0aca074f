"""NUL and lone surrogates wherever a client may write them: never a fault of ours.

PostgreSQL stores no NUL, and neither database a lone surrogate. Every address is asked, with such a
character in each of its parameters.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import msgspec

from ringbolt.api.kit.operation import Operation
from ringbolt.api.operator.routes import operator_token
from ringbolt.app.accounts.keys import create_key
from support.servers.shop import ShopServer

NUL, SURROGATE = "a\0b", "a\ud800b"
USUAL: dict[str, Any] = {
    "phone_number": "+12025550123", "message": "Hello", "country": 187, "service": "sim-code",
    "phone": "+12025550123", "address": "satoshi@example.com", "to": "+12025550123",
    "from": "sender", "text": "Hello", "amount": 100, "number": "+12025550123",
    "recipient": "+12025550123",
}  # fmt: skip


def operations(shop: ShopServer) -> list[Operation[Any]]:
    families = shop.opened.server._families
    return [each for family in families for each in family.operations]


def escaped(document: dict[str, Any]) -> bytes:
    """JSON with lone surrogates spelt as escapes."""
    return json.dumps(document).encode("ascii")


def requests(operation: Operation[Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path with a query, and the body, for each parameter and character."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    names = [field.encode_name for field in msgspec.structs.fields(operation.takes)]
    usual = {name: USUAL[name] for name in names if name in USUAL}
    for method in operation.methods.split():
        plain = re.sub(r"{\w+}", "0" * 64, operation.path)
        if plain != operation.path:
            found.append((method, re.sub(r"{\w+}", quote(NUL, safe=""), operation.path), usual))
        for name in names:
            if method == "POST":
                found.append((method, plain, {**usual, name: NUL}))
            else:
                found.append((method, f"{plain}?{name}={quote(NUL)}", {}))
        if method == "POST" and names:
            found += [
                (method, plain, {**usual, names[0]: SURROGATE}),
                (method, plain, {**usual, names[0]: [NUL, {NUL: NUL}]}),
                (method, plain, {**usual, NUL: NUL}),
            ]
    return found


async def test_no_address_stumbles_over_characters_that_cannot_be_stored(
    any_shop: ShopServer,
) -> None:
    key = await create_key(any_shop.shop.db, "test")
    faults = []
    for operation in operations(any_shop):
        headers = {"X-API-Key": key.key}
        if operation.path.startswith("/v1/operator"):
            headers = {"Authorization": f"Bearer {operator_token(any_shop.shop.keyring)}"}
        elif "/voice/" in operation.path:
            headers = {"Authorization": f"Bearer {key.key}"}
        for method, path, body in requests(operation):
            content = escaped(body) if method == "POST" and "?" not in path else b""
            for shown in (headers, {}) if "%00" in path.partition("?")[0] else (headers,):
                answer = await any_shop.http.request(
                    method, path, headers={"Content-Type": "application/json", **shown},
                    content=content,
                )  # fmt: skip
                if answer.status_code >= 500:
                    faults.append((method, path, body, answer.status_code, answer.text[:200]))

    assert not faults, faults[:20]
