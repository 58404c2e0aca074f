"""What a program does to buy each service, step by step.

Addresses and bodies are those of the OpenAPI document and its examples. At a shop with play money
the simulated wallet pays, and the telephones are simulated ones; else the reader does it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringbolt.core.phone import EXAMPLE
from ringbolt.web.docs.actions import Action, Call, Enter, Pay, Payment
from ringbolt.web.docs.api import ApiDocument, Operation

WALLET: Final = "/simulator/wallet"
_CALL_ENDS: Final = ("completed", "busy", "no-answer", "failed", "canceled")
_SENT: Final = ("sent", "delivered", "failed")
_INVOICE: Final = {"order_id": "orderId", "invoice": "payreq"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back, as the OpenAPI document shows it."""

    status: str
    document: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One heading of a page. ``text`` is Markdown."""

    title: str
    text: str
    action: Action | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a service is bought. ``on_the_web`` is the form that sells the same; ``operation`` is the
    one whose fields and errors are shown, ``guide`` the page that tells more."""

    title: str
    lede: str
    on_the_web: str
    guide: str
    operation: Operation
    steps: tuple[Step, ...]


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
        body = self._body(operation.example(example)) if operation.media else None
        return Call(
            method=operation.method,
            url=f"{self.base}{operation.path}",
            into=into,
            body=body,
            **more,
        )

    def answer(self, name: str, status: str = "200") -> Answer:
        """The answer of that operation."""
        return Answer(status, self.api.operation(name).answer(status))

    def order_status(
        self,
        until: Mapping[str, tuple[str, ...]],
        into: str = "status",
        keep: Mapping[str, str] | None = None,
    ) -> Call:
        """The order's status, as soon as it has one of these, or has failed."""
        return self.call(
            "get_orders", into, until={**until, "error": ()}, keep=keep or {}, pause_s=2
        )

    def simulated(self, path: str, into: str, body: Any = None, **more: Any) -> Call:
        """A request to the simulated world."""
        url = f"{self.base}/simulator/{path}"
        return Call(method="POST", url=url, into=into, body=body, **more)

    def pay(self, how: Payment) -> Pay:
        return Pay(wallet=f"{self.base}{WALLET}" if self.play else "", how=how)

    def paying(self, then: str) -> str:
        """What the reader does about the invoice."""
        if self.play:
            return (
                "This is a test shop: its simulated wallet pays with play money. At a real shop, "
                f"pay with any Lightning wallet{then}"
            )
        return f"Pay it with any Lightning wallet{then}"

    def _body(self, example: Any) -> Any:
        """An example, calling a telephone that answers here."""
        return {
            name: self.telephone if value == EXAMPLE else value for name, value in example.items()
        }


def _call(place: Place) -> Recipe:
    return Recipe(
        title="Pay with Lightning, get a phone call",
        lede="Call a number anywhere and have a text spoken or a recording played. No account: "
        "each call is paid by itself (L402, or MPP).",
        on_the_web="/call",
        guide="l402",
        operation=place.api.operation("place_call"),
        steps=(*_challenge(place), *_redeemed(place)),
    )


def _challenge(place: Place) -> tuple[Step, ...]:
    """The invoice of a call, and its payment."""
    kept = {"macaroon": "macaroon", "invoice": "invoice"}
    return (
        Step(
            title="Ask, and get an invoice",
            text="Send the number and the text. The answer is `402 Payment Required` with a "
            "Lightning invoice and a macaroon, in the `WWW-Authenticate` header and in the body. "
            "Nothing is charged yet.",
            action=place.call("place_call", "offer", example="text", keep=kept),
            answer=place.answer("place_call", "402"),
        ),
        Step(
            title="Pay the invoice",
            text=place.paying(", and keep the preimage: 64 hexadecimal digits that prove it."),
            action=place.pay(Payment.PROOF),
        ),
    )


def _redeemed(place: Place) -> tuple[Step, ...]:
    """The call for the proof of payment, and what becomes of it."""
    shown = {"Authorization": "L402 {macaroon}:{preimage}"}
    kept = {"status_url": "status_url"}
    return (
        Step(
            title="Send the same request again",
            text="Add the macaroon and the preimage. **The JSON body must be the same as in "
            "step 1.** Sending it twice never calls twice.",
            action=place.call("place_call", "placed", example="text", headers=shown, keep=kept),
            answer=place.answer("place_call"),
        ),
        Step(
            title="See how the call went",
            text="`status_url` says it, for nothing. If nobody answers, the money waits for you: "
            "`refund` has a link that a wallet withdraws from.",
            action=Call(
                method="GET", url="{status_url}", into="call", until={"status": _CALL_ENDS}
            ),
            answer=place.answer("call_status_api_l402_calls__token__get"),
        ),
    )


def _order(place: Place, text: str, name: str, **example: str) -> tuple[Step, Step]:
    """The first steps of every order: placed, and paid for by a hold invoice."""
    return (
        Step(
            title="Order, and get an invoice",
            text=f"{text} The answer has `payreq`, a Lightning invoice, and `orderId`, the key to "
            "the order: keep it to yourself.",
            action=place.call(name, "order", keep=_INVOICE, **example),
            answer=place.answer(name),
        ),
        Step(
            title="Pay the invoice",
            text=place.paying(
                ". It shows the payment as pending: the money is set aside, and comes back by "
                "itself if the order comes to nothing."
            ),
            action=place.pay(Payment.HELD),
        ),
    )


def _text(place: Place) -> Recipe:
    return Recipe(
        title="Pay with Lightning, send a text",
        lede="One SMS to a mobile number, and the network's receipt for it.",
        on_the_web="/text",
        guide="orders",
        operation=place.api.operation("post_createsendorder"),
        steps=(
            *_order(place, "Send the number and the message.", "post_createsendorder"),
            Step(
                title="See whether it was sent",
                text="`smsStatus` is `sent` when the network has it, and `delivered` when the "
                "phone has.",
                action=place.order_status({"smsStatus": _SENT}),
            ),
        ),
    )


def _email(place: Place) -> Recipe:
    return Recipe(
        title="Pay with Lightning, send an e-mail",
        lede="One e-mail, without an account of yours anywhere.",
        on_the_web="/email",
        guide="orders",
        operation=place.api.operation("post_createemailsendorder"),
        steps=(
            *_order(place, "Send the address and the message.", "post_createemailsendorder"),
            Step(
                title="See whether it was sent",
                text="`emailStatus` is `sent` when the receiver's mail server has taken it.",
                action=place.order_status({"emailStatus": _SENT}),
            ),
        ),
    )


def _number(place: Place, text: str) -> tuple[Step, ...]:
    """The number, and at a test shop a text to it."""
    steps = [
        Step(
            title="Get the number",
            text=text,
            action=place.order_status({"number": ()}, "assigned", {"number": "number"}),
        )
    ]
    if place.play:
        sms = {"to": "+{number}", "from": "VK", "text": "Your code is 048010"}
        steps.append(
            Step(
                title="Send it a text",
                text="At a test shop nobody else does: this is the service that sends the code.",
                action=place.simulated("sms", "sent", sms),
            )
        )
    return tuple(steps)


def _code(place: Place) -> Recipe:
    return Recipe(
        title="Pay with Lightning, receive a code",
        lede="A telephone number for one activation code. You pay only if the code arrives.",
        on_the_web="/code",
        guide="orders",
        operation=place.api.operation("post_createorder"),
        steps=(
            *_order(
                place,
                "Name the country (187 is the USA, 999 any) and the service.",
                "post_createorder",
                example="code",
            ),
            *_number(place, "`number` is there a few seconds later. Enter it at the service."),
            Step(
                title="Get the code",
                text="`code` appears by itself; `codeText` has leading zeros, too. Without a code "
                "within 20 minutes the order ends, and the money comes back.",
                action=place.order_status({"code": ()}),
                answer=place.answer("get_orders"),
            ),
        ),
    )


def _rent(place: Place) -> Recipe:
    return Recipe(
        title="Pay with Lightning, rent a number",
        lede="A telephone number for hours, and every text that it gets.",
        on_the_web="/rent",
        guide="orders",
        operation=place.api.operation("post_createorder"),
        steps=(
            *_order(
                place,
                "Name the country, and for how many hours.",
                "post_createorder",
                example="rental",
            ),
            *_number(place, "`number` is there a few seconds later, and yours until `expiresAt`."),
            Step(
                title="Read its texts",
                text="`messages` has the latest 20.",
                action=place.order_status({"messages": ()}),
                answer=place.answer("get_orders"),
            ),
        ),
    )


def _voice(place: Place) -> Recipe:
    return Recipe(
        title="Call from a balance, with voices and key presses",
        lede="The voice API: calls from a prepaid key, with a choice of voices, repeats, key "
        "presses, plans, and a callback for every status.",
        on_the_web="",
        guide="voice",
        operation=place.api.operation("post_voice_calls"),
        steps=(_key(place), *_funded(place), *_called(place)),
    )


def _funded(place: Place) -> tuple[Step, ...]:
    """The balance of a key, topped up."""
    shown = {"X-API-Key": "{key}"}
    return (
        Step(
            title="Top it up",
            text="The answer has an invoice, `payreq`.",
            action=place.call("post_fund", "top_up", headers=shown, keep={"invoice": "payreq"}),
            answer=place.answer("post_fund"),
        ),
        Step(
            title="Pay the invoice",
            text=place.paying("; the balance grows when the payment arrives."),
            action=place.pay(Payment.TOP_UP),
        ),
    )


def _called(place: Place) -> tuple[Step, ...]:
    """A call from a balance, and what becomes of it."""
    inside: dict[str, Any] = {"headers": {"Authorization": "Bearer {key}"}, "inside": "data"}
    kept, ended = {"call_id": "callId"}, {"status": _CALL_ENDS}
    return (
        Step(
            title="Call",
            text="The key is the bearer token. The price of as many minutes as the call may take "
            "is set aside; started minutes are charged at the end.",
            action=place.call("post_voice_calls", "placed", example="call", keep=kept, **inside),
            answer=place.answer("post_voice_calls"),
        ),
        Step(
            title="See how the call went",
            text="`digits` are the keys that were pressed.",
            action=place.call("get_voice_calls_call", "call", until=ended, **inside),
            answer=place.answer("get_voice_calls_call"),
        ),
    )


def _key(place: Place) -> Step:
    if place.play:
        return Step(
            title="Make a key",
            text="At a test shop anybody may make one by a command; at a real one, on the "
            "[account page](/account).",
            action=place.simulated("keys", "made", keep={"key": "key"}),
        )
    return Step(
        title="Have a key",
        text="Make one on the [account page](/account), and keep it secret.",
        action=Enter("key", "API key"),
    )


RECIPES: Final[Mapping[str, Callable[[Place], Recipe]]] = {
    "call": _call,
    "text": _text,
    "code": _code,
    "rent": _rent,
    "email": _email,
    "voice": _voice,
}
