"""Actions as JavaScript, for Node.js 18 or later: nothing to install."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from ringbolt.web.docs.actions import VARIABLE, Action, Call, Enter, Pay, Payment
from ringbolt.web.docs.literals import Literals, indented

_INDENT: Final = "  "
_ASK: Final = """\
import { createInterface } from "node:readline/promises";

const ask = async (what) => {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(what);
  terminal.close();
  return answer;
};"""


def _name(variable: str) -> str:
    first, *rest = variable.split("_")
    return first + "".join(each.capitalize() for each in rest)


def _text(text: str) -> str:
    alone = VARIABLE.fullmatch(text)
    if alone is not None:
        return _name(alone[1])
    literal = json.dumps(text, ensure_ascii=False)
    if VARIABLE.search(text) is None:
        return literal
    inside = literal[1:-1].replace("`", "\\`")
    return "`" + VARIABLE.sub(lambda match: "${" + _name(match[1]) + "}", inside) + "`"


_LITERALS: Final = Literals(_text, {True: "true", False: "false", None: "null"}, _INDENT)


class JavaScript:
    def start(self, actions: Sequence[Action]) -> str:
        asks = any(
            isinstance(each, Enter)
            or (isinstance(each, Pay) and not each.wallet and each.how is Payment.PROOF)
            for each in actions
        )
        return _ASK if asks else ""

    def call(self, call: Call) -> str:
        into = _name(call.into)
        answer = f"{into}.{call.inside}" if call.inside else into
        request = f"await ({_request(call)}).json()"
        if call.until:
            test = " || ".join(_test(answer, *each) for each in call.until.items())
            lines = [
                f"let {into};",
                "for (;;) {",
                indented(f"{into} = {request};", _INDENT),
                f"  if ({test}) break;",
                f"  await new Promise((done) => setTimeout(done, {1000 * call.pause_s}));",
                "}",
            ]
        else:
            lines = [f"const {into} = {request};"]
        lines.append(f"console.log({into});")
        lines += [f"const {_name(name)} = {answer}.{each};" for name, each in call.keep.items()]
        return "\n".join(lines)

    def pay(self, pay: Pay) -> str:
        url = f'"{pay.wallet}/v2/router/send"'
        options = (
            '{\n  method: "POST",\n'
            "  body: JSON.stringify({ payment_request: invoice, no_inflight_updates: true }),\n}"
        )
        if pay.how is Payment.HELD:
            return f"// Not awaited: the money is held.\nconst paying = fetch({url}, {options});"
        paid = f"const paid = await (await fetch({url}, {options})).json();"
        if pay.how is Payment.TOP_UP:
            return f"{paid}\nconsole.log(paid);"
        return f"{paid}\nconst preimage = paid.result.payment_preimage;\nconsole.log(preimage);"

    def paid_elsewhere(self, how: Payment) -> str:
        shown = "console.log(invoice);"
        return f"{shown}\n{_asked('preimage', 'Preimage')}" if how is Payment.PROOF else shown

    def enter(self, enter: Enter) -> str:
        return _asked(enter.variable, enter.what)


def _request(call: Call) -> str:
    options, headers = [], dict(call.headers)
    if call.method != "GET":
        options.append(f'method: "{call.method}"')
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    if headers:
        options.append(f"headers: {_LITERALS.write(headers)}")
    if call.body is not None:
        options.append(f"body: JSON.stringify({_LITERALS.write(call.body)})")
    inside = "".join(indented(each, _INDENT) + ",\n" for each in options)
    return f"await fetch({_text(call.url)}" + (", {\n" + inside + "})" if options else ")")


def _asked(variable: str, what: str) -> str:
    return f'const {_name(variable)} = await ask("{what}: ");'


def _test(answer: str, name: str, values: tuple[str, ...]) -> str:
    if not values:
        return f'"{name}" in {answer}'
    return f"[{', '.join(map(json.dumps, values))}].includes({answer}.{name})"
