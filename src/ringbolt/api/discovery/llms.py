"""``/llms.txt`` and ``/llms-full.txt``: the shop in Markdown, for language models (llmstxt.org)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ringbolt.api.discovery.catalogue import HOLD, L402, PaidAddress, Schema
from ringbolt.api.discovery.links import FOR_AGENTS
from ringbolt.api.discovery.manifest import ABOUT
from ringbolt.api.guide import SANDBOX
from ringbolt.app.shop import Shop

_L402_STEPS: Final = (
    "POST the JSON body. The answer is 402 with `invoice`, `macaroon` and `amount_sats`.",
    "Pay the invoice with a Lightning wallet, and keep the preimage. The price is yours to check "
    "first: nothing was charged.",
    "POST the same body again with the header `Authorization: L402 <macaroon>:<preimage>`.",
    "The answer says where the result is (`status_url`): GET it until it is final. Repeating a "
    "paid request never buys twice.",
)
_HOLD_STEPS: Final = (
    "POST the JSON body. The answer has `orderId`, the invoice `payreq`, and `price` in satoshis.",
    'Pay the invoice. It is a hold invoice: the wallet says "pending" until the order is '
    "delivered, and the money comes back by itself otherwise.",
    "GET `/v1/orders/{orderId}?wait=30` until it has what you bought (`code`, `smsStatus`, ...) or "
    "`error`.",
)


def llms(shop: Shop, sold: list[PaidAddress], base: str) -> str:
    """The short page."""
    return "\n".join(_short(shop, sold, base)) + "\n"


def llms_full(shop: Shop, sold: list[PaidAddress], base: str, document: Schema) -> str:
    """The short page, then every paid address in full, then all other addresses."""
    lines = list(_short(shop, sold, base))
    for each in sold:
        lines += ["", *_in_full(each, base)]
    lines += ["", "## Every address", "", *_addresses(document)]
    return "\n".join(lines) + "\n"


def _short(shop: Shop, sold: list[PaidAddress], base: str) -> Iterator[str]:
    yield f"# {shop.settings.web.shop_name}"
    yield from ("", f"> {ABOUT}", "")
    if shop.settings.sandbox.open:
        yield from (SANDBOX, "")
    if not sold:
        yield "Nothing is sold here at the moment. Try again later."
    if any(L402 in each.protocols for each in sold):
        yield from ("How to buy with L402 or MPP (no account):", "", *_numbered(_L402_STEPS), "")
    if any(HOLD in each.protocols for each in sold):
        yield from ("How to buy with a hold invoice (no account):", "", *_numbered(_HOLD_STEPS), "")
    if sold:
        yield from ("## What is sold now", "", *(_line(each, base) for each in sold), "")
    yield from ("## More", "")
    yield from (f"- [{path}]({base}{path}): {what}" for path, what in FOR_AGENTS.items())


def _numbered(steps: Iterable[str]) -> Iterator[str]:
    return (f"{number}. {step}" for number, step in enumerate(steps, 1))


def _line(sold: PaidAddress, base: str) -> str:
    prices = ", ".join(f"from {p.sats} sats per {p.unit}" for p in sold.prices.values())
    how = " or ".join(sold.protocols)
    return f"- [{sold.method} {sold.path}]({base}{sold.path}): {sold.summary}. {prices}; {how}."


def _in_full(sold: PaidAddress, base: str) -> Iterator[str]:
    yield from (f"## {sold.method} {sold.path}", "", f"{sold.summary}. {sold.about}".strip(), "")
    required = sold.schema.get("required", ())
    for name, schema in sold.schema.get("properties", {}).items():
        need = "required" if name in required else "optional"
        yield f"- `{name}` ({need}): {schema.get('description', '')}".rstrip(": ")
    for body in sold.examples:
        yield from ("", "```sh", *_curl(sold, body, base), "```")
    if sold.answer is not None:
        yield from ("", "A success:", "", "```json", json.dumps(sold.answer, indent=2), "```")
    yield from ("", *_faults(sold.document["responses"]))


def _curl(sold: PaidAddress, body: Any, base: str) -> tuple[str, ...]:
    text = json.dumps(body).replace("'", "'\\''")
    return (f"curl -i {base}{sold.path} -H 'Content-Type: application/json' \\", f"  -d '{text}'")


def _faults(responses: Mapping[str, Any]) -> Iterator[str]:
    for status, response in sorted(responses.items()):
        if status >= "400":
            name = response.get("$ref", "").rpartition("/")[2]
            yield f"- {status}{'' if name else ': ' + response['description']}"


def _addresses(document: Schema) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"- `{method.upper()} {path}`: {operation['summary']}"
