"""Actions as Python, with httpx."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from ringbolt.web.docs.actions import VARIABLE, Action, Call, Enter, Pay, Payment
from ringbolt.web.docs.literals import WIDTH, Literals, indented

_INDENT: Final = "    "


def _text(text: str) -> str:
    alone = VARIABLE.fullmatch(text)
    if alone is not None:
        return alone[1]
    literal = json.dumps(text, ensure_ascii=False)
    return f"f{literal}" if VARIABLE.search(text) else literal


_LITERALS: Final = Literals(_text, {True: "True", False: "False", None: "None"}, _INDENT)


class Python:
    def start(self, actions: Sequence[Action]) -> str:
        waits = any(isinstance(each, Call) and each.until for each in actions)
        return "import time\n\nimport httpx" if waits else "import httpx"

    def call(self, call: Call) -> str:
        answer = f'{call.into}["{call.inside}"]' if call.inside else call.into
        lines = [f"{call.into} = {_request(call)}.json()"]
        if call.until:
            test = " or ".join(_test(answer, *each) for each in call.until.items())
            inside = [*lines, f"if {test}:", f"{_INDENT}break", f"time.sleep({call.pause_s})"]
            lines = ["while True:", indented("\n".join(inside), _INDENT)]
        lines.append(f"print({call.into})")
        lines += [f'{name} = {answer}["{each}"]' for name, each in call.keep.items()]
        return "\n".join(lines)

    def pay(self, pay: Pay) -> str:
        url = f'"{pay.wallet}/v2/router/send"'
        body = 'json={"payment_request": invoice, "no_inflight_updates": True}'
        if pay.how is Payment.HELD:
            body = 'json={"payment_request": invoice}'
            return (
                f'with httpx.stream(\n    "POST",\n    {url},\n    {body},\n) as paying:\n'
                "    print(next(paying.iter_lines()))  # the money is held from here on"
            )
        paid = f"paid = httpx.post(\n    {url},\n    {body},\n    timeout=60,\n).json()"
        if pay.how is Payment.TOP_UP:
            return f"{paid}\nprint(paid)"
        return f'{paid}\npreimage = paid["result"]["payment_preimage"]\nprint(preimage)'

    def paid_elsewhere(self, how: Payment) -> str:
        shown = "print(invoice)"
        return f'{shown}\npreimage = input("Preimage: ")' if how is Payment.PROOF else shown

    def enter(self, enter: Enter) -> str:
        return f'{enter.variable} = input("{enter.what}: ")'


def _request(call: Call) -> str:
    arguments = [_text(call.url)]
    if call.body is not None:
        arguments.append(f"json={_LITERALS.write(call.body)}")
    if call.headers:
        arguments.append(f"headers={_LITERALS.write(dict(call.headers))}")
    if call.until:
        arguments.append("timeout=60")
    line = ", ".join(arguments)
    if len(line) > WIDTH or "\n" in line:
        line = "\n" + "".join(indented(each, _INDENT) + ",\n" for each in arguments)
    return f"httpx.{call.method.lower()}({line})"


def _test(answer: str, name: str, values: tuple[str, ...]) -> str:
    if not values:
        return f'"{name}" in {answer}'
    return f'{answer}.get("{name}") in ({", ".join(map(json.dumps, values))})'
