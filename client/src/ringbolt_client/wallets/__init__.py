"""Wallets that pay. ``pay`` may be asked again for the same invoice: it is paid once."""

from __future__ import annotations

from typing import Protocol

from ringbolt_client.errors import NotReached
from ringbolt_client.invoice import Invoice
from ringbolt_client.steps import Steps
from ringbolt_client.wallets.function import FunctionWallet
from ringbolt_client.wallets.lnbits import LNbitsWallet
from ringbolt_client.wallets.lnd import LndWallet, PlayWallet
from ringbolt_client.wallets.phoenixd import PhoenixdWallet

__all__ = [
    "FullWallet", "FunctionWallet", "LNbitsWallet", "LndWallet", "PhoenixdWallet", "PlayWallet",
    "Wallet",
]  # fmt: skip


class Wallet(Protocol):
    """What the client needs of a wallet; preimages are hex."""

    def pay(self, invoice: Invoice, fee_limit_sats: int) -> Steps[str]:
        """Pay, and return the preimage; waits as long as the payment is in flight. Raises
        ``NotPaid`` if it is not paid and will not be, ``NotReached`` if that is not known."""
        ...

    def find(self, invoice: Invoice) -> Steps[str | None]:
        """The preimage of a payment that was begun before; waits while it is in flight. None if
        there is none. Raises ``NotPaid`` if it failed, ``NotReached`` if that is not known."""
        ...


class FullWallet(Wallet, Protocol):
    """A wallet that also tells its balance and can be paid. Both raise ``Refused``."""

    def balance_sats(self) -> Steps[int]:
        """What it can spend."""
        ...

    def invoice(self, sats: int, memo: str) -> Steps[str]:
        """An invoice to be paid into it."""
        ...


def pay_or_find(wallet: Wallet, invoice: Invoice, fee_limit_sats: int) -> Steps[str]:
    """Pay, and return the preimage; where the answer is lost, the wallet is asked whether it has
    paid. Raises as ``Wallet.pay`` does."""
    try:
        return (yield from wallet.pay(invoice, fee_limit_sats))
    except NotReached as error:
        if not error.is_sent:  # the wallet has not heard of it
            raise
        try:
            found = yield from wallet.find(invoice)
        except NotReached:
            raise error from None
        if found is None:
            raise
        return found
