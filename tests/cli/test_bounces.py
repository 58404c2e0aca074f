"""``ringbolt suppressions bounce``: what a mail server pipes to the shop."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from support.clients.patient_orders import PatientOrder
from support.processes.shop import ServerProcess, running_process
from support.servers.mail_sink import mail_sink
from support.waiting import PATIENCE_S

MAIL = "/createemailsendorder"
GONE = {"address": "gone@wallet.example", "message": "Hello"}


def bounce_to(address: str, status: str = "5.1.1") -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.example\nTo: {address}\n"
        'Content-Type: multipart/report; boundary="b"\n\n'
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        f"Final-Recipient: rfc822; gone@wallet.example\nAction: failed\nStatus: {status}\n\n--b--\n"
    ).encode()


async def pipe(shop: ServerProcess, raw: bytes) -> dict[str, Any]:
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "ringbolt", "suppressions", "bounce"],
        input=raw,
        env=shop.environment,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    document: dict[str, Any] = json.loads(ran.stdout)
    return document


async def test_a_bounce_stops_further_mail_to_a_mailbox_that_does_not_exist(tmp_path: Path) -> None:
    async with mail_sink() as sink:
        environment = {
            "RINGBOLT_MAIL_SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
            "RINGBOLT_MAIL_SENDER": "Shop <hi@shop.example>",
        }
        async with running_process(["serve"], tmp_path / "data", **environment) as shop:
            order = PatientOrder(shop.url, shop.url, MAIL, GONE)
            assert await order.buy() == "settled"
            [mail] = sink.arrived

            for harmless in (
                b"To: hi@shop.example\n\nThank you!\n",
                bounce_to(mail.sender, "5.2.2"),
                bounce_to("bounce+0123456789abcdef@shop.example"),
                b"x" * 3_000_000,
            ):
                assert (await pipe(shop, harmless))["suppressed"] is False
            first = await pipe(shop, bounce_to(mail.sender))
            again = await pipe(shop, bounce_to(mail.sender))

            assert (first["suppressed"], first["was_before"]) == (True, False)
            assert (again["suppressed"], again["was_before"]) == (True, True)
            async with httpx.AsyncClient(base_url=shop.url, timeout=PATIENCE_S) as http:
                refused = await http.post(MAIL, json=GONE)
                other = await http.post(MAIL, json={**GONE, "address": "ann@wallet.example"})
            assert (refused.status_code, other.status_code) == (422, 200)
            assert await order.state() == "settled", "a bounce changes no order"
            await order.close()
