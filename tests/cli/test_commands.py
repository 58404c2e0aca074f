"""The commands as an operator and a buyer run them."""

from __future__ import annotations

import os
import re
import wave
from pathlib import Path

import httpx
import pytest

from cli.conftest import Desk, run_command

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANSWERS = "+1234567890"
TEXT = "This is a test."
COMMANDS = (
    "serve", "worker", "simulator", "demo", "call", "wallet", "doctor", "audit", "keys",
    "withdrawals", "webhooks", "numbers", "suppressions", "token", "orders", "calls", "money",
)  # fmt: skip


def clean(tmp_path: Path) -> dict[str, str]:
    """An environment without any setting, but for a data folder."""
    kept = {name: value for name, value in os.environ.items() if "RINGBOLT" not in name}
    return {**kept, "RINGBOLT_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "100"}


@pytest.mark.parametrize("command", COMMANDS)
async def test_every_command_explains_itself(command: str, tmp_path: Path) -> None:
    shown = await run_command(clean(tmp_path), command, "--help")

    assert shown.code == 0
    assert "Usage: ringbolt" in shown.out
    assert len(shown.out.splitlines()) > 6


async def test_the_demo_sells_a_call_and_keeps_its_sound(tmp_path: Path) -> None:
    real = tmp_path / "real.db"
    of_a_real_shop = {
        "RINGBOLT_DATABASE_URL": f"sqlite:///{real}",
        "RINGBOLT_LND_URL": "https://127.0.0.1:1",
        "RINGBOLT_SIMULATOR_URL": "http://127.0.0.1:1",
    }
    environment = {**clean(tmp_path), **of_a_real_shop, "RINGBOLT_SIMULATOR_SPEED": "20"}
    shown = await run_command(environment, "demo")

    assert shown.code == 0, shown.err
    assert not real.exists()
    assert "keys pressed: 1#" in shown.out
    paths = [line for line in shown.out.splitlines() if re.fullmatch(r"/.*\.wav", line)]
    with wave.open(paths[0]) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
        assert sound.getnframes() > 3 * 8000


async def test_call_buys_follows_and_tells_in_json(desk: Desk) -> None:
    bought = await desk.run("call", ANSWERS, TEXT)

    assert bought.code == 0, bought.err
    assert f"shop: {desk.url}" in bought.err
    assert (bought.json["status"], bought.json["digits"]) == ("completed", "1#")
    assert bought.json["charged_sats"] == bought.json["paid_sats"] == 50
    assert "402: the server asks for 50 sats" in bought.err


async def test_call_pays_no_more_than_it_may(desk: Desk) -> None:
    before = (await desk.run("wallet", "balance")).json

    refused = await desk.run("call", ANSWERS, TEXT, "--max-sats", "49")

    assert refused.code == 1
    assert "50 sats" in refused.err
    assert (await desk.run("wallet", "balance")).json == before


async def test_a_shop_that_is_not_there_is_reported_in_one_line(desk: Desk) -> None:
    nothing = await desk.run("call", ANSWERS, TEXT, "--server", "http://127.0.0.1:9")

    assert nothing.code == 3
    assert "does not answer" in nothing.err
    assert "Traceback" not in nothing.err


async def test_audit_and_doctor_read_beside_the_running_shop(desk: Desk) -> None:
    audit = await desk.run("audit")
    doctor = await desk.run("doctor")

    assert (audit.code, audit.json["agrees"]) == (0, True)
    l402, balances, shares = (audit.json[of] for of in ("l402", "balances", "referrals"))
    assert l402["received_msat"] == (
        l402["settled_msat"] + l402["returned_msat"] + l402["owed_msat"]
    )
    assert balances["topped_up_msat"] == balances["spent_msat"] + balances["owed_msat"]
    assert shares["accrued_msat"] == shares["paid_msat"] + shares["owed_msat"]
    assert set(audit.json["holds"]) == {"held_msat", "settled_msat", "delivered_but_lost_msat"}
    assert doctor.code == 0, doctor.out
    kinds = {finding["part"]: finding["kind"] for finding in doctor.json}
    assert kinds["Lightning node"] == kinds["voice carrier"] == "simulated"
    assert kinds["SMS carrier"] == kinds["number provider"] == kinds["mailer"] == "simulated"
    said = {finding["part"]: finding for finding in doctor.json}
    assert "receive 3000" in said["prices"]["detail"]
    assert "prefixes" in said["text costs"]["detail"]
    assert said["own numbers"]["detail"] == "none"
    assert (said["public_url"]["state"], bool(said["public_url"]["fix"])) == ("note", True)


async def test_the_doctor_names_the_list_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("kind,country,service,sats\nreceive,Atlantis,,1\n")
    ran = await run_command(
        {
            **clean(tmp_path),
            "RINGBOLT_PRICES_TABLE": str(tmp_path / "prices.csv"),
            "RINGBOLT_SMS_COST_CARD": str(tmp_path / "nothing.csv"),
            "RINGBOLT_PUBLIC_URL": "https://shop.example",
        },
        "doctor",
    )
    said = {finding["part"]: finding for finding in ran.json}

    assert ran.code == 1
    assert (said["prices"]["state"], said["text costs"]["state"]) == ("wrong", "wrong")
    assert "prices.csv" in said["prices"]["detail"]
    assert "nothing.csv" in said["text costs"]["detail"]
    assert said["public_url"]["state"] == "ok"


@pytest.mark.parametrize("command", [(), ("audit",), ("doctor",)])
async def test_the_help_tells_of_orders_too(tmp_path: Path, command: tuple[str, ...]) -> None:
    reported = (await run_command(clean(tmp_path), *command, "--help")).out.lower()

    for word in ("calls", "texts" if command else "text messages", "numbers", "e-mail"):
        assert word in " ".join(reported.replace("│", " ").split())


async def test_keys_go_through_the_running_shop(desk: Desk) -> None:
    made = await desk.run("keys", "create", "--label", "a test", "--scope", "read")
    listed = await desk.run("keys", "list")
    revoked = await desk.run("keys", "revoke", made.json["id"])

    assert made.json["key"].startswith("rb_")
    assert [key["scopes"] for key in listed.json if key["id"] == made.json["id"]] == [["read"]]
    assert revoked.code == 0
    assert (await desk.run("keys", "revoke", made.json["id"])).code == 1


async def test_a_key_is_replaced_and_its_withdrawals_are_listed(desk: Desk) -> None:
    made = await desk.run("keys", "create")
    replaced = await desk.run("keys", "replace", made.json["id"])
    assert (await desk.run("keys", "replace", "0" * 12)).code == 1

    assert replaced.json["id"] == made.json["id"]
    assert replaced.json["key"] != made.json["key"]
    for key, status in ((made.json["key"], 401), (replaced.json["key"], 200)):
        async with httpx.AsyncClient(base_url=desk.url) as http:
            answer = await http.get("/balance", headers={"X-API-Key": key})
        assert answer.status_code == status
    listed = await desk.run("withdrawals", "list")
    assert (listed.code, listed.out) == (0, "")


async def test_a_second_shop_on_the_same_folder_is_refused(desk: Desk) -> None:
    second = await desk.run("serve", RINGBOLT_PORT="0")

    assert second.code in (1, 2)
    assert "Traceback" not in second.err
    assert str(desk.shop.process.pid if desk.shop.process else "") in second.err
    assert (await desk.run("keys", "list")).code == 0, "the first one is not found any more"


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("RINGBOLT_PORT", "many", "port"),
        ("RINGBOLT_CALLS_CHARGE_ON", "never", "charge_on"),
        ("RINGBOLT_SECRET", "zz", "hexadecimal"),
        ("RINGBOLT_CONFIG", "/nowhere.toml", "nowhere.toml"),
        ("RINGBOLT_LND_URL", "https://127.0.0.1:1", "MACAROON"),
        ("RINGBOLT_CALLS_RATE_CARD", "/nowhere.csv", "rate_card"),
    ],
)
async def test_a_wrong_setting_is_named_and_nothing_starts(
    tmp_path: Path, name: str, value: str, word: str
) -> None:
    refused = await run_command({**clean(tmp_path), "RINGBOLT_PORT": "0", name: value}, "serve")

    assert refused.code == 2
    assert word in refused.err
    assert "Traceback" not in refused.err


async def test_a_worker_needs_a_store_that_can_be_shared(tmp_path: Path) -> None:
    refused = await run_command(clean(tmp_path), "worker")

    assert refused.code == 2
    assert "PostgreSQL" in refused.err
