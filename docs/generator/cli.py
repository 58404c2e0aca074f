"""``docs/cli.md``: the help of every command, as text that no terminal's width changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from generator.markdown import code, page, table
from ringbolt.cli.exit_codes import EXIT_CODES
from ringbolt.cli.main import app

_KINDS = {int: "number", float: "number", str: "text", Path: "path", list[str]: "text"}

_INTRO = """\
On a terminal commands print tables and lines for people; in a pipe, `call`, `wallet`, `keys`,
`doctor` and `audit` print one JSON document instead, `orders`, `calls` and `money` one document a
line. Progress and errors go to stderr. All commands read the [settings](settings.md).

Commands that talk to a shop say to which. The operator's commands (`keys`, `webhooks`, `numbers`,
`suppressions`) use the shop that runs on the data folder (`RINGBOLT_DATA_DIR`), else its store.
`call` and `wallet` use the shop named by `--server` (or `--url`), else the one that runs on the
data folder, else the one at `RINGBOLT_PORT`; where both run and differ, they ask for `--server`.
Commands that only read make no shop: a folder without one is exit code 2.

`call` keeps every purchase in `$XDG_STATE_HOME/ringbolt/purchases` (by default under
`~/.local/state`), readable by its user only, from before it is paid until nothing is left to do
with it.

A wallet (`--wallet`) is LND by its REST address, with `--macaroon` and `--tls-cert`; or `nwc`, the
Nostr wallet (NIP-47) whose address, `nostr+walletconnect://...`, is in the variable `NWC_URL`. The
address is a secret, which others could read on a command line; `call` does not keep it."""


def render() -> str:
    root = typer.main.get_command(app)
    codes = table(
        ("exit code", "meaning"), ((code(str(each)), what) for each, what in EXIT_CODES.items())
    )
    top = _command("ringbolt", root)
    return page("The ringbolt command", *top, _INTRO, codes, *_below(root))


def _below(root: Any) -> Iterator[str]:
    for name, command in sorted(root.commands.items()):
        yield from _command(f"ringbolt {name}", command)
        for inner, subcommand in sorted(getattr(command, "commands", {}).items()):
            yield from _command(f"ringbolt {name} {inner}", subcommand)


def _command(path: str, command: Any) -> Iterator[str]:
    if " " in path:
        yield f"## {path}"
    yield str(command.help).strip()
    if hasattr(command, "commands"):
        yield table(
            ("command", "what it does"),
            ((_link(f"{path} {name}"), _first(inner)) for name, inner in command.commands.items()),
        )
        return
    yield f"```text\n{_usage(path, command)}\n```"
    if command.params:
        yield table(
            ("argument or option", "default", "meaning"),
            ((_names(p), _default(p), p.help or "") for p in command.params),
        )


def _link(path: str) -> str:
    return f"[{path}](#{path.replace(' ', '-')})"


def _first(command: Any) -> str:
    return str(command.help).strip().partition("\n\n")[0]


def _usage(path: str, command: Any) -> str:
    words = [path]
    if any(_is_option(parameter) for parameter in command.params):
        words.append("[OPTIONS]")
    for parameter in command.params:
        if not _is_option(parameter):
            name = parameter.name.upper()
            words.append(name if parameter.required else f"[{name}]")
    return " ".join(words)


def _is_option(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "option")


def _names(parameter: Any) -> str:
    if not _is_option(parameter):
        return code(parameter.name.upper())
    names = ", ".join(code(name) for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.is_flag:
        return names
    return f"{names} {_KINDS[parameter.type_descriptor.annotation]}"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    if parameter.default in (None, ""):
        return ""
    if parameter.secondary_opts:
        names = parameter.opts if parameter.default else parameter.secondary_opts
        return code(names[0])
    if getattr(parameter, "is_flag", False):
        return ""
    return code(str(parameter.default))
