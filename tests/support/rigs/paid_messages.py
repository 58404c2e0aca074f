"""Buyers of texts, e-mails and spoken texts that are paid for one by one, in a world that sends
them."""

from __future__ import annotations

import hashlib
import secrets

from ringbolt.api import l402
from ringbolt.app.checkout.order_rows import PaidOnce
from ringbolt.app.checkout.place_l402_order import Paid, PlaceResult, Terms, place_l402_order
from ringbolt.app.payments.refund import claim_refund
from ringbolt.core.commands import SendMail, SendText, SpeakText
from ringbolt.core.lightning.l402 import Grant, Offer, memo, new_token
from ringbolt.core.order import OrderState
from ringbolt.lightning.memory.node import wallet_invoice
from ringbolt.store import orders, recordings, refunds
from ringbolt.store.refunds import RefundState
from support.rigs.messages import MessageOrder, MessageProcess, MessageWorld

PRICE_MSAT = 1_000_000


class MessageBuyer:
    """Pays once, shows the credential, and claims what is owed."""

    def __init__(self, world: MessageWorld, *, mail: bool = False, spoken: bool = False) -> None:
        self.world = world
        self.is_mail = mail
        self.is_spoken = spoken
        to = secrets.token_hex(4)
        self.command: PaidOnce = (
            SendMail(f"{to}@b.example", "Hello")
            if mail
            else SendText(f"+1202{int(to, 16) % 10**7:07d}", "Hello", "Ringbolt")
        )
        if spoken:
            self.command = SpeakText(f"Hello, {to}")
        token = new_token(world.keyring, secrets.token_bytes(15))
        valid_until_s = world.clock.now_ms() // 1000 + 86_400
        self.grant = Grant(
            token.payment_hash, Offer("send_sms", "POST /x", "b", PRICE_MSAT, valid_until_s)
        )
        self.wallet: list[bytes] = []
        world.node.receive(token.payment_hash, PRICE_MSAT, memo("text", token.nonce))

    async def redeem(self, process: MessageProcess) -> PlaceResult:
        paid = Paid(l402.FAMILY, self.grant, "b", "", "", age_ms=0)
        policies = process.shop.policies
        terms = Terms(120_000, policies.deadlines.send_ms, policies.limits)
        return await process.shop.db.tx(place_l402_order, self.command, paid, terms)

    async def claim(self, process: MessageProcess) -> None:
        """Ask for the refund with a fresh invoice, if it is open."""
        refund = await self.world.db.read(refunds.of_order, (await self.order()).id)
        if refund is None or refund.state is not RefundState.OPEN:
            return
        self.wallet.append(secrets.token_bytes(32))
        now_s = self.world.clock.now_ms() // 1000
        text = wallet_invoice(refund.amount_msat, self.wallet[-1], now_s)
        await claim_refund(process.shop, refund.k1, text)

    async def order(self) -> MessageOrder:
        found = await self.world.db.read(orders.by_payment_hash, self.grant.payment_hash.hex())
        assert found is not None
        return MessageOrder(self.world, found.id)

    async def exists(self) -> bool:
        payment_hash = self.grant.payment_hash.hex()
        return await self.world.db.read(orders.by_payment_hash, payment_hash) is not None

    def paid_back_msat(self) -> int:
        hashes = [hashlib.sha256(preimage).digest() for preimage in self.wallet]
        return sum(self.world.node.paid_out.get(each, 0) for each in hashes)


async def _delivered(buyer: MessageBuyer, order: MessageOrder) -> int:
    """How often it was sent, or how many audio files there are."""
    if buyer.is_spoken:
        return len(await buyer.world.db.read(recordings.of_order, order.id))
    return await order.mails() if buyer.is_mail else len(await order.texts())


async def assert_promise_kept(buyer: MessageBuyer) -> OrderState:
    """What was charged was sent, once; what was not is given back; the books agree."""
    order = await buyer.order()
    sent = await _delivered(buyer, order)
    state = await order.state()
    assert sent <= 1, f"it was sent {sent} times"
    assert state in (OrderState.SETTLED, OrderState.FAILED, OrderState.RETURNED), state
    if state is OrderState.SETTLED:
        assert sent == 1, "a message was charged that was not sent"
    assert buyer.paid_back_msat() == (PRICE_MSAT if state is OrderState.RETURNED else 0)
    assert await buyer.world.complaints() == []
    assert await order.jobs_left() == []
    return state
