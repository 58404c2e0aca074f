"""Buys phone calls, texts, codes, numbers and e-mail from a Ringbolt shop, and pays any server that
asks for it by L402 or MPP, over Lightning.

    from ringbolt_client import PlayWallet, Ringbolt

    shop = Ringbolt("http://127.0.0.1:8402", wallet=PlayWallet("http://127.0.0.1:8402"))
    print(shop.call("+1234567890", "Hello. Press 1.", gather=True).wait().digits)
"""

from ringbolt_client.async_client import AsyncNumberOrder, AsyncOrder, AsyncRingbolt
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
from ringbolt_client.results import CallResult, MessageResult, NumberResult
from ringbolt_client.wallets import (
    FunctionWallet,
    LNbitsWallet,
    LndWallet,
    PhoenixdWallet,
    PlayWallet,
    Wallet,
)
from ringbolt_client.webhooks import WebhookRefused, verify_webhook

__all__ = [
    "AsyncNumberOrder", "AsyncOrder", "AsyncRingbolt", "BudgetExceeded", "CallResult",
    "ClientError", "Failed", "FunctionWallet", "LNbitsWallet", "LndWallet", "MessageResult",
    "NotPaid", "NotReached", "NumberOrder", "NumberResult", "Order", "PhoenixdWallet",
    "PlayWallet", "Refused", "Ringbolt", "TooExpensive", "Undelivered", "Wallet",
    "WebhookRefused", "verify_webhook",
]  # fmt: skip
__version__ = "0.1.0"
