"""A client of the paid URL that nobody here wrote, with the simulated wallet."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from support.waiting import PATIENCE_S


def l402_requests_client(wallet_url: str, max_sats: int = 1000) -> Any:
    """l402-requests with the simulated wallet; its own LND wallet takes LND's hexadecimal preimage
    for base64. ``max_sats``: what it spends on a request, 1000 if it is not told."""
    l402_requests = pytest.importorskip(
        "l402_requests", reason="l402-requests needs coincurve, which has no wheel for this Python"
    )
    from l402_requests.wallets import WalletBase

    class Wallet(WalletBase):  # type: ignore[misc]
        async def pay_invoice(self, bolt11: str) -> str:
            async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
                answer = await http.post(
                    f"{wallet_url}/v2/router/send",
                    json={"payment_request": bolt11, "timeout_seconds": 60, "fee_limit_sat": 100},
                )
            payment = answer.json()["result"]  # one document, or this raises
            assert payment["status"] == "SUCCEEDED"
            preimage: str = payment["payment_preimage"]
            return preimage

    budget = l402_requests.BudgetController(max_sats_per_request=max_sats)
    return l402_requests.AsyncL402Client(wallet=Wallet(), budget=budget)
