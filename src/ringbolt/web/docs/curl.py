"""Actions as commands of a shell, with curl and what every shell has."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from ringbolt.web.docs.actions import VARIABLE, Action, Call, Enter, Pay, Payment

_FIELD: Final = r"""field() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"; }"""
"""Picks a value out of JSON, so that no other program is needed."""


class Curl:
    def start(self, actions: Sequence[Action]) -> str:
        return _FIELD

    def call(self, call: Call) -> str:
        file = f"{call.into}.json"
        command = f"{_request(call)} | tee {file}"
        if call.until:
            tests = "|".join(_pattern(*each) for each in call.until.items())
            command = (
                f"until {command} | grep -qE '{tests}'; do sleep {call.pause_s}; done\ncat {file}"
            )
        kept = (f"{name.upper()}=$(field {each} < {file})" for name, each in call.keep.items())
        return "\n".join([command, *kept])

    def pay(self, pay: Pay) -> str:
        command = (
            f"curl -s {pay.wallet}/v2/router/send \\\n"
            """  -d '{"payment_request": "'$INVOICE'", "no_inflight_updates": true}'"""
        )
        match pay.how:
            case Payment.PROOF:
                return f"{command} | tee paid.json\nPREIMAGE=$(field payment_preimage < paid.json)"
            case Payment.HELD:
                return f"{command} > paid.json &"
            case Payment.TOP_UP:
                return command

    def paid_elsewhere(self, how: Payment) -> str:
        shown = "echo $INVOICE"
        return f"{shown}\n{_asked('preimage', 'Preimage')}" if how is Payment.PROOF else shown

    def enter(self, enter: Enter) -> str:
        return _asked(enter.variable, enter.what)


def _request(call: Call) -> str:
    is_plain = re.fullmatch(r"[\w:/.-]+", call.url) is not None
    url = call.url if is_plain else f'"{_shell(call.url)}"'
    implied = "GET" if call.body is None else "POST"
    method = "" if call.method == implied else f"-X {call.method} "
    lines = [f"curl -s {method}{url}"]
    lines += [f'-H "{name}: {_shell(value)}"' for name, value in call.headers.items()]
    if call.body is not None:
        lines += ['-H "Content-Type: application/json"', f"-d {_quoted(call.body)}"]
    return " \\\n  ".join(lines)


def _asked(variable: str, what: str) -> str:
    return f'read -r -p "{what}: " {variable.upper()}'


def _shell(text: str) -> str:
    """For double quotes."""
    escaped = re.sub(r'([\\"`$])', r"\\\1", text)
    return VARIABLE.sub(lambda match: "$" + match[1].upper(), escaped)


def _quoted(body: Any) -> str:
    """JSON in single quotes, with variables between them."""
    text = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
    return "'" + VARIABLE.sub(lambda match: f"'${match[1].upper()}'", text) + "'"


def _pattern(name: str, values: tuple[str, ...]) -> str:
    return f'"{name}":"({"|".join(values)})"' if values else f'"{name}":'
