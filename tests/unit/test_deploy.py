"""The files under ``deploy/`` agree with the program: its commands, settings and ports."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

import pytest
import typer

from ringbolt.cli.commands.simulator import DEFAULT_PORT
from ringbolt.cli.main import app
from ringbolt.settings import Settings
from ringbolt.settings.load import known_variables

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
COMPOSE = (DEPLOY / "compose.yaml").read_text()
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
PORT = Settings.model_fields["port"].default


def unit(path: Path) -> configparser.SectionProxy:
    """The [Service] section; of what stands several times, the last."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path)
    return parser["Service"]


def options_of(command: str) -> set[str]:
    """The options of a ringbolt command; the command must exist."""
    group = typer.main.get_command(app)
    found = group.commands[command]  # type: ignore[attr-defined]
    return {each for p in found.params for each in (*p.opts, *p.secondary_opts)}


def check_command(words: list[str]) -> None:
    assert set(words[1:]) <= options_of(words[0]), words


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_variable_is_a_setting(path: Path) -> None:
    named = set(re.findall(r"\bRINGBOLT_[A-Z_]+\b", path.read_text()))

    assert named <= set(known_variables())


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_a_command_that_exists_and_keeps_to_its_folder(path: Path) -> None:
    service = unit(path)
    program, *words = shlex.split(service["ExecStart"])
    folder = f"/var/lib/{service['StateDirectory']}"

    check_command(words)
    assert Path(program).name == "ringbolt"
    assert f"RINGBOLT_DATA_DIR={folder} " in service["Environment"]
    assert service["WorkingDirectory"] == folder
    assert service["LoadCredential"].partition(":")[0] == "secret"
    assert "RINGBOLT_SECRET=%d/secret" in service["Environment"]
    assert service["RestartPreventExitStatus"] == "2", "a wrong setting (docs/cli.md)"
    assert service["NoNewPrivileges"] == "yes"


def test_the_units_differ_in_command_and_folder_only() -> None:
    shop, worker = ({**unit(path)} for path in reversed(UNITS))
    own = {"ExecStart", "StateDirectory", "WorkingDirectory", "Environment"}

    assert [path.stem for path in UNITS] == ["ringbolt-worker", "ringbolt"]
    assert {name for name in shop if shop[name] != worker.get(name)} == own
    assert shop.keys() == worker.keys()


def test_the_image_serves_on_the_port_that_it_names_and_is_no_root() -> None:
    lines = re.findall(r"(?m)^CMD (.*)$", DOCKERFILE)
    user = DOCKERFILE.index("\nUSER ringbolt\n")

    assert f"RINGBOLT_PORT={PORT} " in DOCKERFILE
    assert f"\nEXPOSE {PORT}\n" in DOCKERFILE
    assert user < DOCKERFILE.index("\nENTRYPOINT")
    assert "/healthz" in DOCKERFILE
    for line in lines:
        check_command(re.findall(r'"([^"]+)"', line))


def test_the_image_is_made_of_files_that_the_build_may_see() -> None:
    copied = re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", DOCKERFILE)
    names = {name for line in copied for name in line.split()}
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    seen = {line[1:] for line in lines if line.startswith("!")}

    assert names == seen
    assert all((ROOT / name).exists() for name in names)


def test_compose_runs_commands_that_exist_on_ports_that_fit() -> None:
    commands = re.findall(r"(?m)^    command: \[(.*)\]$", COMPOSE)
    for words in commands:
        check_command(re.findall(r'"([^"]+)"', words))

    assert len(commands) == 3
    assert f'RINGBOLT_PORT: "{DEFAULT_PORT}"' in COMPOSE
    assert COMPOSE.count(f"RINGBOLT_SIMULATOR_URL: http://simulator:{DEFAULT_PORT}") == 2
    assert f'ports: ["127.0.0.1:{PORT}:{PORT}"]' in COMPOSE
    assert "dockerfile: deploy/Dockerfile" in COMPOSE


def test_no_secret_stands_in_the_files() -> None:
    text = "\n".join(path.read_text() for path in FILES)

    assert not re.search(r"\b[0-9a-f]{32,}\b", text)
    assert not re.search(r"(?m)^[^#\n]*(SECRET|PASSWORD)=(?!%d/)\S", text)
