"""A wallet by LND's REST interface: a real LND, or the simulated wallet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from ringbolt.cli.buyer.errors import PurchaseError

_ANSWER_S = 120.0


class Wallet:
    """Pays through LND's REST interface (``POST /v2/router/send``)."""

    def __init__(self, url: str, macaroon_hex: str = "00", tls_cert: Path | None = None) -> None:
        verify: str | bool = str(tls_cert) if tls_cert else True
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers={"Grpc-Metadata-macaroon": macaroon_hex},
            verify=verify,
        )

    async def balance_sats(self) -> int:
        document = await self._get("/v1/balance/channels")
        return int(document["balance"])

    async def create_invoice(self, amount_sats: int, memo: str) -> str:
        answer = await self._ask("POST", "/v1/invoices", {"value": str(amount_sats), "memo": memo})
        return str(answer.json()["payment_request"])

    async def pay(self, invoice: str, fee_limit_sats: int) -> str:
        """The preimage in hex. Raises ``PurchaseError`` if the payment does not succeed."""
        answer = await self._ask(
            "POST",
            "/v2/router/send",
            {
                "payment_request": invoice,
                "timeout_seconds": 60,
                "fee_limit_sat": str(fee_limit_sats),
                "no_inflight_updates": True,
            },
            read_s=None,  # a hold invoice stays in flight until the seller decides
        )
        lines = [json.loads(line) for line in answer.text.splitlines() if line.strip()]
        result = lines[-1].get("result", {}) if lines else {}
        if result.get("status") != "SUCCEEDED":
            reason = result.get("failure_reason") or lines[-1:] or "no answer"
            raise PurchaseError(f"The wallet could not pay: {reason}")
        return str(result["payment_preimage"])

    async def _get(self, path: str) -> dict[str, Any]:
        document: dict[str, Any] = (await self._ask("GET", path, None)).json()
        return document

    async def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        *,
        read_s: float | None = _ANSWER_S,
    ) -> httpx.Response:
        timeout = httpx.Timeout(10.0, read=read_s)
        try:
            answer = await self._http.request(method, path, json=body, timeout=timeout)
        except httpx.HTTPError as error:
            raise PurchaseError(
                f"The wallet at {self._http.base_url} does not answer: {str(error) or repr(error)}"
            ) from None
        if answer.status_code != 200:
            raise PurchaseError(f"The wallet refused: {answer.status_code} {answer.text[:300]}")
        return answer

    async def close(self) -> None:
        await self._http.aclose()


def wallet_at(url: str, macaroon: str, tls_cert: Path | None) -> Wallet:
    """A wallet by LND's REST interface; ``macaroon`` is a file or hexadecimal."""
    path = Path(macaroon) if macaroon else None
    if path is not None and len(macaroon) < 256 and path.is_file():
        macaroon = path.read_bytes().hex()
    return Wallet(url, macaroon or "00", tls_cert)
