"""``ringbolt init``: asks, tests each answer, and writes a file that a shop opens on."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringbolt.cli.setup import toml_file
from support.processes.shop import world_process
from support.servers.twilio import PATH, SID, TOKEN

PLAY = [
    "",
    "",
    "",
    "",
    "simulated",
    "simulated",
    "simulated",
    "900",
    "simulated",
    "",
    "",
    "simulated",
]


@pytest.fixture(scope="module")
def far_end(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with world_process(tmp_path_factory.mktemp("world"), 20) as world:
        yield world.url


async def init(folder: Path, answers: list[str], *options: str) -> subprocess.CompletedProcess[str]:
    named = {k: v for k, v in os.environ.items() if not k.startswith("RINGBOLT_")}
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "ringbolt", "init", *options],
        input="".join(f"{answer}\n" for answer in answers),
        cwd=folder,
        env=named,
        capture_output=True,
        text=True,
        check=False,
    )


def written(folder: Path) -> dict[str, object]:
    return tomllib.loads((folder / "ringbolt.toml").read_text())


async def test_a_play_shop_needs_no_answer_but_may_have_prices(tmp_path: Path) -> None:
    ran = await init(tmp_path, PLAY)
    assert ran.returncode == 0, ran.stderr
    assert written(tmp_path) == {"prices": {"send": 900, "receive": 3000, "rent": 15000}}
    file = tmp_path / "ringbolt.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "# A segment of a text, or an e-mail, sats." in file.read_text()
    assert "http://127.0.0.1:8402" in ran.stdout


async def test_wrong_answers_are_asked_again_and_right_ones_are_kept(
    tmp_path: Path, far_end: str
) -> None:
    vendor = f"{far_end}{PATH}"
    ran = await init(
        tmp_path,
        [
            "Anna's calls", "nowhere", "Anna's calls", "anna@calls.example",
            "not an address", "https://calls.example",
            "mysql://nowhere", "",
            "1",  # play money
            # calls: an account whose token is empty once, then wrong numbers, then right
            "twilio", "twilio", vendor, SID, "", TOKEN, "", "", "12025550199", "n",
            "twilio", "twilio", vendor, SID, TOKEN, "", "", "+12025550199", "y",
            "none",  # texts
            "none",  # numbers
            "none",  # mail
        ],
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "testing ..." in ran.stdout
    assert "This one is needed." in ran.stdout
    document = written(tmp_path)
    assert document["web"] == {"shop_name": "Anna's calls", "contact": "anna@calls.example"}
    assert document["public_url"] == "https://calls.example"
    assert "database_url" not in document
    assert document["calls"] == {
        "carriers": [
            {
                "type": "twilio",
                "dialect": "twilio",
                "base_url": vendor,
                "account_sid": SID,
                "auth_token": TOKEN,
                "caller_ids": ["+12025550199"],
            }
        ]
    }
    assert document["sms"] == {"carriers": []}
    assert TOKEN not in ran.stdout


async def test_a_database_and_a_node_that_do_not_answer_are_told(tmp_path: Path) -> None:
    gone = "postgresql://nobody@127.0.0.1:1/nowhere"
    answers = [
        "",
        "",
        "",
        gone,
        "n",
        "",
        "lnd",
        "https://127.0.0.1:1",
        "00ff",
        "",
        "n",
        "simulated",
    ]
    ran = await init(tmp_path, [*answers, *PLAY[5:]])
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("wrong:") >= 2
    assert "database_url" not in written(tmp_path)
    assert "node" not in written(tmp_path)


async def test_nothing_is_written_if_the_answers_end_early(tmp_path: Path) -> None:
    ran = await init(tmp_path, PLAY[:4])
    assert ran.returncode != 0
    assert list(tmp_path.iterdir()) == []


async def test_a_file_is_replaced_only_by_force_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "ringbolt.toml"
    file.write_text("port = 9999\n")
    refused = await init(tmp_path, PLAY)
    assert (refused.returncode, "--force" in refused.stderr) == (2, True)
    broken_off = await init(tmp_path, PLAY[:4], "--force")
    assert broken_off.returncode != 0
    assert file.read_text() == "port = 9999\n"
    assert (await init(tmp_path, PLAY, "--force")).returncode == 0
    assert "port" not in written(tmp_path)
    assert (tmp_path / "ringbolt.toml.before").read_text() == "port = 9999\n"


def test_every_kind_of_value_is_read_back() -> None:
    document = {
        "port": 8402,
        "public_url": 'https://x.example/"\\ü\n\t\x7f',
        "prices": {"send": 1, "table": ""},
        "sms": {"carriers": [{"type": "a", "prefixes": ["49", "43"], "cost": 0.5}, {"type": "b"}]},
        "numbers": {"providers": []},
        "mail": {"sender": "a@example.com", "servers": [{"type": "smtp", "direct": True}]},
    }
    assert tomllib.loads(toml_file.render(document)) == document
