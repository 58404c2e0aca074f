"""Buying over L402: ask, pay the invoice from a wallet, ask again with the proof.

Works with any server that speaks L402, and with any wallet that speaks LND's REST: a real LND
or the simulated wallet.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ringbolt.core.lightning import bolt11
from ringbolt.core.lightning.lnurl import LnurlError
from ringbolt.core.lightning.lnurl import decode as decode_lnurl
from ringbolt.core.pricing.money import sats_up

_AUTH_PART = re.compile(
    r"(?P<name>[\w-]+)=(?:\"(?P<quoted>[^\"]*)\"|(?P<bare>[^\s,\"]+))|(?P<scheme>[\w-]+)(?=\s)"
)
"""A parameter or a scheme of a ``WWW-Authenticate`` line (RFC 9110 section 11.6.1)."""
_FINAL = {"completed", "busy", "no-answer", "failed", "canceled"}

_ANSWER_S = 120.0


class PurchaseError(Exception):
    """The purchase did not come about; the message is for a person."""


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


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a 402 asks for."""

    macaroon: str
    invoice: str
    amount_sats: int


@dataclass(frozen=True, slots=True)
class Bought:
    """The server's answer to the paid request, and what was paid."""

    answer: dict[str, Any]
    paid_sats: int
    authorization: str


def read_challenge(answer: httpx.Response) -> Challenge:
    """From the ``WWW-Authenticate`` lines, whatever their order and form; else from the body,
    where some servers put it. Raises ``PurchaseError``."""
    found = [
        (scheme, parameters)
        for line in answer.headers.get_list("www-authenticate")
        for scheme, parameters in _challenges(line)
    ]
    for scheme, parameters in [*found, ("l402", _in_body(answer))]:
        macaroon = parameters.get("macaroon") or parameters.get("token")
        invoice = parameters.get("invoice")
        if scheme in ("l402", "lsat") and macaroon and invoice:
            return _priced(macaroon, invoice)
    raise PurchaseError("The server asks for payment, but not with an L402 challenge.")


def _challenges(line: str) -> list[tuple[str, dict[str, str]]]:
    """The challenges of one line: scheme and parameters, names in lower case."""
    found: list[tuple[str, dict[str, str]]] = []
    for part in _AUTH_PART.finditer(line):
        if part["scheme"]:
            found.append((part["scheme"].lower(), {}))
        elif found:
            value = part["bare"] if part["quoted"] is None else part["quoted"]
            found[-1][1].setdefault(part["name"].lower(), value)
    return found


def _in_body(answer: httpx.Response) -> dict[str, str]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    return {name: value for name, value in document.items() if isinstance(value, str)}


def _priced(macaroon: str, invoice: str) -> Challenge:
    try:
        decoded = bolt11.decode(invoice)
    except bolt11.Bolt11Error as error:
        raise PurchaseError(f"The server's invoice cannot be read: {error}") from None
    if decoded.amount_msat is None:
        raise PurchaseError("The server's invoice names no amount; it is not paid.")
    return Challenge(macaroon, invoice, sats_up(decoded.amount_msat))


async def buy(
    http: httpx.AsyncClient,
    url: str,
    body: dict[str, Any],
    wallet: Wallet,
    max_sats: int,
    tell: Callable[[str], None],
) -> Bought:
    """Buy what ``POST url`` sells, for at most ``max_sats``. Raises ``PurchaseError``."""
    asked = await _post(http, url, body, {})
    if asked.status_code != 402:
        raise PurchaseError(_reason(asked))
    challenge = read_challenge(asked)
    tell(f"402: the server asks for {challenge.amount_sats} sats")
    if challenge.amount_sats > max_sats:
        raise PurchaseError(
            f"It costs {challenge.amount_sats} sats, which is over your limit of {max_sats}; "
            "nothing was paid. Raise --max-sats to allow it."
        )
    preimage = await wallet.pay(
        challenge.invoice, fee_limit_sats=max(10, challenge.amount_sats // 20)
    )
    tell(f"paid {challenge.amount_sats} sats")
    authorization = f"L402 {challenge.macaroon}:{preimage}"
    answer = await _post(http, url, body, {"Authorization": authorization})
    if answer.status_code not in (200, 201, 202):
        raise PurchaseError(f"{_reason(answer)}\nYour credential: {authorization}")
    return Bought(answer.json(), challenge.amount_sats, authorization)


async def _post(
    http: httpx.AsyncClient, url: str, body: dict[str, Any], headers: dict[str, str]
) -> httpx.Response:
    try:
        return await http.post(url, json=body, headers=headers)
    except httpx.HTTPError as error:
        raise PurchaseError(f"{url} does not answer: {str(error) or repr(error)}") from None


def _reason(answer: httpx.Response) -> str:
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return f"The server answered {answer.status_code}: {answer.text[:200]}"
    text = f"{document.get('error', answer.text[:200])}"
    if document.get("suggestion"):
        text += f" {document['suggestion']}"
    refund = document.get("refund")
    if isinstance(refund, dict) and refund.get("lnurl_withdraw"):
        text += f"\nThe money can be withdrawn: {refund['lnurl_withdraw']}"
    return f"{answer.status_code} {text}"


async def follow(
    http: httpx.AsyncClient, status_url: str, tell: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Read a call's status until it is over; ``tell`` is given every document that differs."""
    last: tuple[Any, ...] = ()
    while True:
        answer = await http.get(status_url)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        seen = (document["status"], document["order_state"], document["digits"])
        if seen != last:
            tell(document)
            last = seen
        if document["status"] in _FINAL:
            return document
        await asyncio.sleep(0.1)


async def claim(http: httpx.AsyncClient, link: str, wallet: Wallet) -> int:
    """Withdraw an LNURL-withdraw link into a wallet; the sats asked for. Raises
    ``PurchaseError``."""
    try:
        url = link if link.startswith("http") else decode_lnurl(link, http_allowed=True)
    except LnurlError as error:
        raise PurchaseError(str(error)) from None
    offer = (await http.get(url)).json()
    if offer.get("status") == "ERROR":
        raise PurchaseError(offer.get("reason", "the link cannot be used"))
    sats = int(offer["maxWithdrawable"]) // 1000
    invoice = await wallet.create_invoice(sats, "refund")
    # Merged: a callback may have a query of its own (LUD-03), which params= would replace.
    callback = httpx.URL(offer["callback"]).copy_merge_params({"k1": offer["k1"], "pr": invoice})
    answer = await http.get(callback)
    document = answer.json()
    if document.get("status") != "OK":
        raise PurchaseError(document.get("reason", "the refund was refused"))
    return sats
