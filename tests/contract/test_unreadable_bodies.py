"""Bodies that cannot be read: the simulated world says so, and is no worse for it."""

from __future__ import annotations

from pathlib import Path

import httpx

from support.servers.world import WorldServer

PATHS = [
    "/simulator/clock/advance",
    "/simulator/wallet/v2/router/send",
    "/simulator/node/v1/invoices",
    "/simulator/node/v2/invoices/hodl",
    "/simulator/sms",
    "/simulator/carrier/calls",
    "/simulator/lender/leases",
    "/simulator/mailer/messages",
    "/simulator/sms-carrier/messages",
    "/simulator/phones/+12025550123/keys",
]
BODIES = [
    b"[" * 60_000,
    b'{"a":' * 20_000,
    b'{"seconds":' + b"9" * 400 + b"}",
    b'{"digits":"\\ud800","seconds":[]}',
    b"\xff\xfe",
    b'{"a',
]


async def test_no_body_is_a_fault_of_the_world(tmp_path: Path) -> None:
    server = WorldServer(tmp_path)
    await server.start()
    async with httpx.AsyncClient(base_url=server.url) as http:
        for path in PATHS:
            for body in BODIES:
                answer = await http.post(path, content=body)
                said = f"{path} {body[:20]!r}: {answer.status_code} {answer.text[:200]}"
                # A fault is answered with a line of text; LND says 500 to what it cannot make out.
                assert answer.headers["content-type"].startswith("application/json"), said
                assert answer.json(), said
    await server.stop()
