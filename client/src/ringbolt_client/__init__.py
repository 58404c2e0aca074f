"""Buys phone calls, texts, codes, numbers and e-mail from a Ringbolt shop, and pays any server that
asks for it by L402 or MPP, over Lightning.

    from ringbolt_client import PlayWallet, Ringbolt

    shop = Ringbolt("http://127.0.0.1:8402", wallet=PlayWallet("http://127.0.0.1:8402"))
    print(shop.call("+1234567890", "Hello. Press 1.", gather=True).wait().digits)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringbolt_client.client import NumberOrder, Order, Ringbolt
from ringbolt_client.errors import (
    BudgetExceeded,
    ClientError,
    Failed,
    NotPaid,
    NotReached,
    Refused,
    TooExpensive,
    Undelivered,
)
from ringbolt_client.results import CallResult, MessageResult, NumberResult, SpeechResult
from ringbolt_client.wallets import (
    FunctionWallet,
    LNbitsWallet,
    LndWallet,
    PhoenixdWallet,
    PlayWallet,
    Wallet,
)
from ringbolt_client.webhooks import WebhookRefused, verify_webhook

if TYPE_CHECKING:
    from ringbolt_client.async_client import AsyncNumberOrder, AsyncOrder, AsyncRingbolt
    from ringbolt_client.wallets.nwc import NwcWallet

__all__ = [
    "AsyncNumberOrder", "AsyncOrder", "AsyncRingbolt", "BudgetExceeded", "CallResult",
    "ClientError", "Failed", "FunctionWallet", "LNbitsWallet", "LndWallet", "MessageResult",
    "NotPaid", "NotReached", "NumberOrder", "NumberResult", "NwcWallet", "Order",
    "PhoenixdWallet", "PlayWallet", "Refused", "Ringbolt", "SpeechResult", "TooExpensive",
    "Undelivered", "Wallet", "WebhookRefused", "verify_webhook",
]  # fmt: skip
__version__ = "0.1.0"
_ASYNC = frozenset({"AsyncNumberOrder", "AsyncOrder", "AsyncRingbolt"})


def __getattr__(name: str) -> Any:
    """Asyncio is imported with what needs it, which takes a quarter of the whole import; and what a
    Nostr wallet needs is not installed everywhere."""
    if name == "NwcWallet":
        try:
            from ringbolt_client.wallets.nwc import NwcWallet  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise ImportError(
                f"NwcWallet needs {error.name}: install ringbolt-client[nwc]"
            ) from error
        return NwcWallet
    if name not in _ASYNC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ringbolt_client import async_client  # noqa: PLC0415

    return getattr(async_client, name)
