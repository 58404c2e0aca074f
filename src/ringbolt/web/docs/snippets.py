"""A request as a command: for curl, Python and JavaScript.

The snippets of a page follow one another in one terminal, or in one file: what a step keeps of an
answer is a variable of the next one. ``{name}`` in a text stands for such a variable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

_VARIABLE: Final = re.compile(r"{([a-z_]+)}")
_WIDTH: Final = 72


class Language(StrEnum):
    """``label`` is what its tab says."""

    CURL = "curl"
    PYTHON = "python"
    JAVASCRIPT = "javascript"

    @property
    def label(self) -> str:
        return {"curl": "curl", "python": "Python", "javascript": "JavaScript"}[self]


class Payment(StrEnum):
    """How the simulated wallet pays: until the end, or in the background while it is held."""

    AT_ONCE = "at once"
    HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request. ``url``: whole; ``body``: JSON, or None. ``keep``: which variable gets which field
    of the answer. ``into`` names the answer. ``until``: repeat it until one of these fields has one
    of these values (none: until it is there), ``pause_s`` apart."""

    method: str
    url: str
    into: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    keep: Mapping[str, str] = field(default_factory=dict)
    until: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pause_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """Pay the invoice in the variable ``invoice``. ``wallet``: where the simulated wallet is; '' if
    the money is real: then the reader pays with a wallet of their own."""

    wallet: str
    how: Payment


@dataclass(frozen=True, slots=True)
class Enter:
    """Something that the reader has, for the next commands."""

    variable: str
    what: str


Action = Call | Pay | Enter


def snippet(language: Language, action: Action) -> str:
    """The command."""
    return _WRITERS[language].write(action)


def start(language: Language, actions: Sequence[Action]) -> str:
    """What stands before the first of these commands; '' if nothing."""
    return _WRITERS[language].start(actions)


class _Writer:
    """One language. ``start`` stands once before all commands."""

    def start(self, actions: Sequence[Action]) -> str:
        return ""

    def write(self, action: Action) -> str:
        match action:
            case Call():
                return self.call(action)
            case Pay():
                if not action.wallet:
                    return self.paid_elsewhere(action.how)
                return self.pay(action)
            case Enter():
                return self.enter(action)

    def call(self, call: Call) -> str:
        raise NotImplementedError

    def pay(self, pay: Pay) -> str:
        raise NotImplementedError

    def paid_elsewhere(self, how: Payment) -> str:
        raise NotImplementedError

    def enter(self, enter: Enter) -> str:
        raise NotImplementedError


class _Curl(_Writer):
    def start(self, actions: Sequence[Action]) -> str:
        return r"""field() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"; }"""

    def call(self, call: Call) -> str:
        lines = [
            f'curl -s "{_shell(call.url)}"'
            if "{" in call.url or "?" in call.url
            else f"curl -s {call.url}"
        ]
        if call.method not in ("GET", "POST") or (call.method == "POST" and call.body is None):
            lines[0] = lines[0].replace("curl -s", f"curl -s -X {call.method}")
        lines += [f'-H "{name}: {_shell(value)}"' for name, value in call.headers.items()]
        if call.body is not None:
            lines.append('-H "Content-Type: application/json"')
            lines.append(f"-d {_quoted(call.body)}")
        command = " \\\n  ".join(lines)
        file = f"{call.into}.json"
        if call.until:
            tests = "|".join(_grep(*each) for each in call.until.items())
            pause = f"sleep {call.pause_s}" if call.pause_s else ":"
            command = (
                f"until {command} | tee {file} | grep -qE '{tests}'; do {pause}; done; cat {file}"
            )
        else:
            command += f" | tee {file}"
        kept = (f"{name.upper()}=$(field {each} < {file})" for name, each in call.keep.items())
        return "\n".join([command, *kept])

    def pay(self, pay: Pay) -> str:
        command = (
            f"curl -s {pay.wallet}/v2/router/send \\\n"
            """  -d '{"payment_request": "'$INVOICE'", "timeout_seconds": 60}'"""
        )
        if pay.how is Payment.HELD:
            return f"{command} > paid.json &"
        return f"{command} | tee paid.json\nPREIMAGE=$(field payment_preimage < paid.json)"

    def paid_elsewhere(self, how: Payment) -> str:
        if how is Payment.HELD:
            return "echo $INVOICE"
        return 'echo $INVOICE\nread -r -p "Preimage: " PREIMAGE'

    def enter(self, enter: Enter) -> str:
        return f'read -r -p "{enter.what}: " {enter.variable.upper()}'


class _Python(_Writer):
    def start(self, actions: Sequence[Action]) -> str:
        pauses = any(isinstance(each, Call) and each.pause_s for each in actions)
        return "import time\n\nimport httpx" if pauses else "import httpx"

    def call(self, call: Call) -> str:
        arguments = [_python(call.url)]
        if call.body is not None:
            arguments.append(f"json={_layout(call.body, _python, _PYTHON_WORDS)}")
        if call.headers:
            arguments.append(f"headers={_layout(dict(call.headers), _python, _PYTHON_WORDS)}")
        if call.until and not call.pause_s:
            arguments.append("timeout=60")
        request = f"httpx.{call.method.lower()}({_arguments(arguments)})"
        lines = [f"{call.into} = {request}.json()"]
        if call.until:
            test = " or ".join(_python_test(call.into, *each) for each in call.until.items())
            body = _indented("\n".join([*lines, f"if {test}:", "    break"]))
            pause = [f"    time.sleep({call.pause_s})"] if call.pause_s else []
            lines = ["while True:", body, *pause]
        lines += [f"print({call.into})"]
        lines += [f'{name} = {call.into}["{each}"]' for name, each in call.keep.items()]
        return "\n".join(lines)

    def pay(self, pay: Pay) -> str:
        url, body = (
            f'"{pay.wallet}/v2/router/send"',
            '{"payment_request": invoice, "timeout_seconds": 60}',
        )
        if pay.how is Payment.HELD:
            return (
                f'with httpx.stream("POST", {url},\n                  json={body}) as paying:\n'
                "    print(next(paying.iter_lines()))  # the wallet holds the money from here on"
            )
        return (
            f"paid = httpx.post({url},\n                  json={body}).json()\n"
            'preimage = paid["result"]["payment_preimage"]\nprint(preimage)'
        )

    def paid_elsewhere(self, how: Payment) -> str:
        shown = "print(invoice)"
        return shown if how is Payment.HELD else f'{shown}\npreimage = input("Preimage: ")'

    def enter(self, enter: Enter) -> str:
        return f'{enter.variable} = input("{enter.what}: ")'


class _JavaScript(_Writer):
    def call(self, call: Call) -> str:
        headers = dict(call.headers)
        options = []
        if call.method != "GET":
            options.append(f'method: "{call.method}"')
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        if headers:
            options.append(f"headers: {_layout(headers, _javascript, _JAVASCRIPT_WORDS)}")
        if call.body is not None:
            body = _layout(call.body, _javascript, _JAVASCRIPT_WORDS)
            options.append(f"body: JSON.stringify({body})")
        inside = ""
        if options:
            inside = ", {\n" + "".join(_indented(each, "  ") + ",\n" for each in options) + "}"
        request = f"await fetch({_javascript(call.url)}{inside})"
        if call.until:
            test = " || ".join(_javascript_test(call.into, *each) for each in call.until.items())
            pause = (
                f"\n  await new Promise((done) => setTimeout(done, {1000 * call.pause_s}));"
                if call.pause_s
                else ""
            )
            lines = [
                f"let {call.into};",
                "for (;;) {",
                _indented(f"{call.into} = await ({request}).json();", "  "),
                f"  if ({test}) break;{pause}",
                "}",
            ]
        else:
            lines = [f"const {call.into} = await ({request}).json();"]
        lines += [f"console.log({call.into});"]
        lines += [f"const {_camel(name)} = {call.into}.{each};" for name, each in call.keep.items()]
        return "\n".join(lines)

    def pay(self, pay: Pay) -> str:
        url = f'"{pay.wallet}/v2/router/send"'
        options = (
            '{\n  method: "POST",\n'
            "  body: JSON.stringify({ payment_request: invoice, timeout_seconds: 60 }),\n}"
        )
        if pay.how is Payment.HELD:
            return f"// Not awaited: the money is held.\nconst paying = fetch({url}, {options});"
        return (
            f"const paid = await (await fetch({url}, {options})).json();\n"
            "const preimage = paid.result.payment_preimage;\nconsole.log(preimage);"
        )

    def paid_elsewhere(self, how: Payment) -> str:
        shown = "console.log(invoice);"
        if how is Payment.HELD:
            return shown
        return f"{shown}\n{_asked('preimage', 'Preimage')}"

    def enter(self, enter: Enter) -> str:
        return _asked(enter.variable, enter.what)


_WRITERS: Final[Mapping[Language, _Writer]] = {
    Language.CURL: _Curl(),
    Language.PYTHON: _Python(),
    Language.JAVASCRIPT: _JavaScript(),
}
_PYTHON_WORDS: Final = {True: "True", False: "False", None: "None"}
_JAVASCRIPT_WORDS: Final = {True: "true", False: "false", None: "null"}


def _asked(variable: str, what: str) -> str:
    return (
        'const { createInterface } = await import("node:readline/promises");\n'
        "const terminal = createInterface({ input: process.stdin, output: process.stdout });\n"
        f'const {_camel(variable)} = await terminal.question("{what}: ");\nterminal.close();'
    )


def _layout(value: Any, text: Callable[[str], str], words: Mapping[Any, str]) -> str:
    """A literal: on one line if it fits, else an entry a line."""
    line = _inline(value, text, words)
    if len(line) <= _WIDTH or not isinstance(value, dict):
        return line
    entries = (f"    {text(key)}: {_inline(each, text, words)},\n" for key, each in value.items())
    return "{\n" + "".join(entries) + "}"


def _inline(value: Any, text: Callable[[str], str], words: Mapping[Any, str]) -> str:
    if isinstance(value, str):
        return text(value)
    if value is None or isinstance(value, bool):
        return words[value]
    if isinstance(value, dict):
        entries = (f"{text(key)}: {_inline(each, text, words)}" for key, each in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(each, text, words) for each in value) + "]"
    return json.dumps(value)


def _arguments(arguments: list[str]) -> str:
    line = ", ".join(arguments)
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    return "\n" + "".join(_indented(each) + ",\n" for each in arguments)


def _indented(text: str, by: str = "    ") -> str:
    return "\n".join(by + line for line in text.splitlines())


def _shell(text: str) -> str:
    """For double quotes."""
    escaped = re.sub(r'([\\"`$])', r"\\\1", text)
    return _VARIABLE.sub(lambda match: "$" + match[1].upper(), escaped)


def _quoted(body: Any) -> str:
    """JSON in single quotes, with variables between them."""
    text = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
    return "'" + _VARIABLE.sub(lambda match: f"'${match[1].upper()}'", text) + "'"


def _python(text: str) -> str:
    alone = _VARIABLE.fullmatch(text)
    if alone is not None:
        return alone[1]
    literal = json.dumps(text, ensure_ascii=False)
    return f"f{literal}" if _VARIABLE.search(text) else literal


def _javascript(text: str) -> str:
    alone = _VARIABLE.fullmatch(text)
    if alone is not None:
        return _camel(alone[1])
    if _VARIABLE.search(text) is None:
        return json.dumps(text, ensure_ascii=False)
    inside = json.dumps(text, ensure_ascii=False)[1:-1].replace("`", "\\`")
    return "`" + _VARIABLE.sub(lambda match: "${" + _camel(match[1]) + "}", inside) + "`"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)


def _grep(name: str, values: tuple[str, ...]) -> str:
    if not values:
        return f'"{name}":'
    return f'"{name}":"({"|".join(values)})"'


def _python_test(answer: str, name: str, values: tuple[str, ...]) -> str:
    if not values:
        return f'"{name}" in {answer}'
    return f'{answer}["{name}"] in ({", ".join(map(json.dumps, values))})'


def _javascript_test(answer: str, name: str, values: tuple[str, ...]) -> str:
    if not values:
        return f'"{name}" in {answer}'
    return f"[{', '.join(map(json.dumps, values))}].includes({answer}.{name})"
