"""A wallet by Nostr Wallet Connect (NIP-47), as Alby Hub, Coinos, Primal and others offer it.

Needs ``ringbolt-client[nwc]``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from ringbolt_client.errors import NotPaid, NotReached, Refused
from ringbolt_client.invoice import Invoice
from ringbolt_client.nostr.conversation import Ask, Conversation, Info
from ringbolt_client.nostr.keys import Keys, checked_public_key
from ringbolt_client.steps import Sleep, Steps
from ringbolt_client.talk import Talk

_SCHEMES: Final = frozenset({"nostr+walletconnect", "nostrwalletconnect"})
_PAY_S: Final = 90.0
_LOOK_S: Final = 2.0
_SURELY_UNPAID: Final = frozenset(
    {
        "INSUFFICIENT_BALANCE", "QUOTA_EXCEEDED", "RESTRICTED", "UNAUTHORIZED", "NOT_IMPLEMENTED",
        "RATE_LIMITED", "UNSUPPORTED_ENCRYPTION",
    }
)  # fmt: skip
"""Errors with which a service refuses before it pays. All others leave open whether it has."""
_NO_SUCH_PAYMENT: Final = "NOT_FOUND"
_FAILED: Final = "PAYMENT_FAILED"


class NwcWallet:
    """``uri`` is ``nostr+walletconnect://...`` as the wallet shows it; it is a secret. The wallet
    keeps to its own fee limit. ``timeout_s``: how long an answer is waited for; a payment whose
    answer does not come is looked up. ``service`` is the public key of the wallet. Raises
    ``Refused`` for what is no such address."""

    def __init__(
        self, uri: str, *, timeout_s: float = _PAY_S, now_s: Callable[[], float] = time.time
    ) -> None:
        self._timeout_s = timeout_s
        self._now_s = now_s
        self._info: Info | None = None
        parts = urlsplit(uri.strip())
        query = parse_qs(parts.query)
        try:
            if parts.scheme not in _SCHEMES:
                raise ValueError("It begins with nostr+walletconnect://.")
            self.service = checked_public_key(parts.netloc or parts.path.strip("/"))
            self._keys = Keys(query["secret"][0])
            self._relays = tuple(query["relay"])
        except (KeyError, ValueError) as error:
            words = f"It has no {error}." if isinstance(error, KeyError) else str(error)
            raise Refused(
                f"This is not the address of a Nostr wallet: {words}", code="INVALID_WALLET"
            ) from None

    def pay(self, invoice: Invoice, fee_limit_sats: int) -> Steps[str]:
        result, error = yield from self._asked("pay_invoice", {"invoice": invoice.text})
        if result is not None:
            preimage = result.get("preimage")
            if preimage:
                return str(preimage)
            raise NotReached("The wallet has paid, and does not show the preimage.")
        code, words = error
        if code in _SURELY_UNPAID:
            raise NotPaid(f"The wallet did not pay: {words}")
        found = yield from self.find(invoice)  # perhaps refused because it is paid, or under way
        if found is not None:
            return found
        if code == _FAILED:
            raise NotPaid(f"The payment failed: {words}")
        raise NotReached(f"It is not known whether the wallet paid: {words}")

    def find(self, invoice: Invoice) -> Steps[str | None]:
        while True:
            sought = {"payment_hash": invoice.payment_hash}
            result, (code, words) = yield from self._asked("lookup_invoice", sought)
            if result is None and code == _NO_SUCH_PAYMENT:
                return None
            if result is None:
                raise NotReached(f"The wallet cannot say whether it has paid: {words}")
            state = result.get("state") or ("settled" if result.get("settled_at") else "")
            if state == "settled":
                return _preimage_of(result)
            if state == "failed":
                raise NotPaid("The payment failed.")
            if result.get("type") == "incoming":
                return None  # an invoice of the same wallet, which it has not paid
            if state != "pending":
                raise NotReached("The wallet does not say whether it has paid.")
            yield Sleep(_LOOK_S)

    def balance_sats(self) -> Steps[int]:
        result = yield from self._granted("get_balance", {})
        return int(result["balance"]) // 1000

    def invoice(self, sats: int, memo: str) -> Steps[str]:
        wanted = {"amount": sats * 1000, "description": memo}
        result = yield from self._granted("make_invoice", wanted)
        return str(result["invoice"])

    def _granted(self, method: str, params: dict[str, Any]) -> Steps[dict[str, Any]]:
        result, (_, words) = yield from self._asked(method, params)
        if result is None:
            raise Refused(f"The wallet refused: {words}")
        return result

    def _asked(
        self, method: str, params: dict[str, Any]
    ) -> Steps[tuple[dict[str, Any] | None, tuple[str, str]]]:
        """The result, or the error's code and words. Raises ``NotReached``."""
        for relay in self._relays:
            ask = Ask(method, params, expires_s=int(self._now_s() + self._timeout_s))
            talk = Conversation(
                self._keys, self.service, relay, ask, info=self._info, now_s=self._now_s
            )
            try:
                yield Talk(relay, talk.opening, talk.hear, talk.is_over, self._timeout_s)
            except NotReached as error:
                if talk.is_sent or relay == self._relays[-1]:
                    is_sent = talk.is_sent and error.is_sent
                    raise NotReached(error.message, is_sent=is_sent) from None
                continue  # by the next relay
            self._info = talk.info
            assert talk.answer is not None
            return _read(talk.answer)
        raise AssertionError("the last relay answers or raises")


def _read(answer: dict[str, Any]) -> tuple[dict[str, Any] | None, tuple[str, str]]:
    error, result = answer.get("error"), answer.get("result")
    if isinstance(error, dict):
        code = str(error.get("code") or "OTHER")
        return None, (code, f"{error.get('message') or code}")
    if not isinstance(result, dict):
        return None, ("OTHER", "its answer has no result")
    return result, ("", "")


def _preimage_of(result: dict[str, Any]) -> str:
    preimage = str(result.get("preimage") or "")
    if not preimage.strip("0"):
        raise NotReached("The wallet has paid, and does not show the preimage.")
    return preimage
