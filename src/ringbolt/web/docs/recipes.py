"""What a program does to buy each service, step by step.

Addresses and bodies are those of the OpenAPI document and its examples. At a shop with play money
the simulated wallet pays, and the telephones are simulated ones; else the reader does it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringbolt.core.phone import EXAMPLE
from ringbolt.web.docs.api import ApiDocument, Operation
from ringbolt.web.docs.snippets import Action, Call, Pay, Payment

WALLET: Final = "/simulator/wallet"
_CALL_ENDS: Final = ("completed", "busy", "no-answer", "failed", "canceled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One heading of a page. ``text`` is Markdown; ``answer`` an example of what comes back."""

    title: str
    text: str
    action: Action | None = None
    answer: str = ""
    answer_example: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a service is bought. ``operation`` is the one whose fields and errors are shown."""

    title: str
    lede: str
    before: str
    steps: tuple[Step, ...]
    operation: Operation


@dataclass(frozen=True, slots=True)
class Place:
    """Where the commands are run: at the shop whose address is ``base``. ``play``: its money is
    play money; ``telephone``: a number that answers there."""

    api: ApiDocument
    base: str
    play: bool
    telephone: str

    def call(self, name: str, into: str, *, example: str = "", **more: Any) -> Call:
        """A request to the operation of that id, with its example as the body."""
        operation = self.api.operation(name)
        body = self.body(operation.example(example)) if operation.media else None
        body = more.pop("body", body)
        path = more.pop("path", operation.path) + more.pop("query", "")
        return Call(method=operation.method, url=f"{self.base}{path}", into=into, body=body, **more)

    def body(self, example: Any) -> Any:
        """An example, calling a telephone that answers here."""
        if not isinstance(example, dict):
            return example
        return {
            name: self.telephone if value == EXAMPLE else value for name, value in example.items()
        }

    def pay(self, how: Payment) -> Pay:
        return Pay(wallet=f"{self.base}{WALLET}" if self.play else "", how=how)

    def order_status(self, **until: tuple[str, ...]) -> Call:
        return self.call(
            "get_orders", "status", path="/v1/orders/{order_id}", query="?wait=50", until=until
        )

    def simulated(self, path: str, into: str, **more: Any) -> Call:
        """A request to the simulated world."""
        return Call(method="POST", url=f"{self.base}/simulator/{path}", into=into, **more)


def _call(place: Place) -> Recipe:
    operation = place.api.operation("place_call")
    ask = place.call(
        "place_call", "offer", example="text", keep={"macaroon": "macaroon", "invoice": "invoice"}
    )
    paid = place.call(
        "place_call",
        "placed",
        example="text",
        headers={"Authorization": "L402 {macaroon}:{preimage}"},
        keep={"status_url": "status_url"},
    )
    status = Call(
        method="GET",
        url="{status_url}",
        into="call",
        until={"status": _CALL_ENDS},
        pause_s=1,
    )
    return Recipe(
        title="Pay with Lightning, get a phone call",
        lede="Call a number anywhere and have a text spoken or a recording played. "
        "No account: each call is paid by itself (L402 or MPP).",
        before="/call",
        operation=operation,
        steps=(
            Step(
                title="Ask, and get an invoice",
                text="Send the number and the text. The answer is `402 Payment Required` with a "
                "Lightning invoice and a macaroon, in the `WWW-Authenticate` header and in the "
                "body. Nothing is charged yet.",
                action=ask,
                answer="402",
            ),
            Step(
                title="Pay the invoice",
                text=_paying(place, "keep the preimage: 64 hexadecimal digits that prove it."),
                action=place.pay(Payment.AT_ONCE),
            ),
            Step(
                title="Send the same request again",
                text="Add the macaroon and the preimage. **The JSON body must be the same as in "
                "step 1.** Sending it twice never calls twice.",
                action=paid,
                answer="200",
            ),
            Step(
                title="See how the call went",
                text="`status_url` says it, for nothing. If nobody answers, the money waits for "
                "you: `refund` has a link that a wallet can withdraw from.",
                action=status,
            ),
        ),
    )


def _paying(place: Place, then: str) -> str:
    if place.play:
        return (
            "This is a test shop: its simulated wallet pays with play money. At a real shop, pay "
            f"with any Lightning wallet and {then}"
        )
    return f"Pay it with any Lightning wallet and {then}"


RECIPES: Final[Mapping[str, Callable[[Place], Recipe]]] = {"call": _call}
