"""The commands of the developers' pages where the money is real: nothing pays by itself, and what
the reader has is asked for."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ringbolt.web.docs.actions import Call, Enter, Pay, Payment
from ringbolt.web.docs.snippets import Language, snippet, start

SHOP = "https://shop.example"
ODD = """It's "here": $HOME `id` \\ {name} $x é"""
ACTIONS = (
    Enter("key", "API key"),
    Call(method="POST", url=f"{SHOP}/a", into="one", body={"text": ODD, "n": None, "y": True},
         headers={"X-API-Key": "{key}"}, keep={"invoice": "payreq", "name": "name"}),
    Pay(wallet="", how=Payment.PROOF),
    Call(method="DELETE", url=f"{SHOP}/b/{{name}}?x=1&y=2", into="two",
         headers={"Authorization": "L402 {key}:{preimage}"}, inside="data",
         until={"status": ("done", "failed"), "error": ()}),
)  # fmt: skip


def script(language: Language) -> str:
    commands = (snippet(language, each) for each in ACTIONS)
    return "\n".join([start(language, ACTIONS), *commands]) + "\n"


def test_bash_reads_the_commands(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed here")
    (tmp_path / "x.sh").write_text(script(Language.CURL), encoding="utf-8")

    assert subprocess.run([bash, "-n", str(tmp_path / "x.sh")], check=False).returncode == 0


def test_python_reads_the_commands() -> None:
    tree = ast.parse(script(Language.PYTHON))

    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert {"key", "invoice", "preimage", "one", "two"} <= names


def test_node_reads_the_commands(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed here")
    (tmp_path / "x.mjs").write_text(script(Language.JAVASCRIPT), encoding="utf-8")

    assert subprocess.run([node, "--check", str(tmp_path / "x.mjs")], check=False).returncode == 0


@pytest.mark.parametrize("language", Language)
def test_where_the_money_is_real_the_reader_pays(language: Language) -> None:
    text = script(language)

    assert "simulator" not in text
    assert "Preimage: " in text
    assert "API key: " in text


@pytest.mark.parametrize("how", [Payment.HELD, Payment.TOP_UP])
@pytest.mark.parametrize("language", Language)
def test_a_held_payment_needs_no_proof(language: Language, how: Payment) -> None:
    assert "reimage" not in snippet(language, Pay(wallet="", how=how))


def test_a_shell_passes_every_sign_on_as_it_stands(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed here")
    command = snippet(Language.CURL, ACTIONS[1]).partition(" | tee")[0]
    shown = f"curl() {{ printf '%s\\n' \"$@\"; }}\nKEY=k NAME=n\n{command}"
    done = subprocess.run([bash, "-c", shown], check=True, capture_output=True, text=True)

    lines = done.stdout.splitlines()
    assert "X-API-Key: k" in lines
    sent: dict[str, Any] = ast.literal_eval(
        lines[-1].replace("null", "None").replace("true", "True")
    )
    assert sent["text"] == ODD.replace("{name}", "n")
