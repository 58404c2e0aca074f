"""The settings that use cases need, as frozen values made once at start-up.

The body of a transaction gets the policy that it needs, and neither the shop nor all settings: its
signature says what it depends on, and it cannot reach a part that would have to be awaited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ringbolt.core.keys import Keyring, hash_of, hashes_of
from ringbolt.core.order import Fulfilment, OrderKind
from ringbolt.core.pricing.exchange import Exchange
from ringbolt.core.pricing.money import msat, sats_down
from ringbolt.registry.settings import SmsCarrierSettings
from ringbolt.settings import Settings
from ringbolt.settings.abuse import AbuseSettings
from ringbolt.store.fee_budgets import FeeBudgets

_DAY_MS = 86_400_000

ChargeOn = Literal["answered", "placed"]
"""When a call is charged: when it is answered, or when a carrier accepts it."""
SettleOn = Literal["sent", "delivered"]
"""When a text is charged: when it is sent, or when it is delivered."""


@dataclass(frozen=True, slots=True)
class DeadlinePolicy:
    """How long after its payment an order must be fulfilled, by the way it is fulfilled."""

    call_ms: int
    send_ms: int
    receive_ms: int

    @classmethod
    def of(cls, settings: Settings) -> DeadlinePolicy:
        orders = settings.orders
        return cls(
            call_ms=settings.voice.wait_s * 1000,
            send_ms=orders.receipt_within_s * 1000,
            receive_ms=orders.code_within_s * 1000,
        )

    def deadline_ms(self, kind: OrderKind, paid_ms: int) -> int:
        """When an order of that kind, paid at ``paid_ms``, is given up; ms UTC."""
        match kind.fulfilment:
            case Fulfilment.CALL:
                return paid_ms + self.call_ms
            case Fulfilment.RECEIVE:
                return paid_ms + self.receive_ms
            case Fulfilment.SEND | Fulfilment.CREDIT | Fulfilment.SPEAK:
                return paid_ms + self.send_ms


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """How much may be sold, how often, and to whom. ``is_on``: False lifts every limit, for load
    tests, but none of the rules about content and destinations."""

    is_on: bool
    abuse: AbuseSettings
    calls_per_number_per_hour: int
    keyring: Keyring

    @classmethod
    def of(cls, settings: Settings, keyring: Keyring) -> LimitPolicy:
        per_hour = settings.calls.per_number_per_hour
        return cls(settings.limits == "on", settings.abuse, per_hour, keyring)

    def hash_of(self, text: str) -> str:
        """A number, address or client as the store keeps it: recognised, but not readable."""
        return hash_of(self.keyring.current, text)


@dataclass(frozen=True, slots=True)
class HoldPolicy:
    """The rules for an order whose payment is held."""

    deadlines: DeadlinePolicy
    limits: LimitPolicy


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """How calls are placed. ``lines``: how many are up at the same time, 0 for any number;
    ``account_lines``, ``account_per_second`` and ``account_waiting``: how many calls of one account
    may be up, begin within a second, and wait for their turn."""

    charge_on: ChargeOn
    caller_id: str
    ring_timeout_s: int
    linger_ms: int
    lines: int
    account_lines: int
    account_per_second: int
    account_waiting: int
    max_minutes: int
    has_recordings: bool
    keep_recordings_days: int

    @classmethod
    def of(cls, settings: Settings) -> CallPolicy:
        calls, voice = settings.calls, settings.voice
        return cls(
            charge_on=calls.charge_on,
            caller_id=calls.caller_id,
            ring_timeout_s=calls.ring_timeout_s,
            linger_ms=round(calls.linger_s * 1000),
            lines=calls.max_concurrent if settings.limits == "on" else 0,
            account_lines=voice.calls_at_once,
            account_per_second=voice.calls_per_second,
            account_waiting=voice.waiting_calls,
            max_minutes=voice.max_minutes,
            has_recordings=voice.recordings,
            keep_recordings_days=voice.recording_days,
        )


@dataclass(frozen=True, slots=True)
class MessagePolicy:
    """How texts and e-mails are sent; ``subject`` is that of an e-mail that has none.
    ``settle_on_of``: the carriers of texts that settle otherwise than by ``settle_on``."""

    settle_on: SettleOn
    mail_sender: str
    mail_subject: str
    may_choose_subject: bool
    settle_on_of: Mapping[str, SettleOn] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> MessagePolicy:
        mail, sms = settings.mail, settings.sms
        own = {
            each.name: each.settle_on
            for each in sms.carriers
            if isinstance(each, SmsCarrierSettings) and each.settle_on
        }
        return cls(sms.settle_on, mail.sender, mail.subject, mail.allow_subject, own)

    def settles_on(self, carrier: str) -> SettleOn:
        """What is charged of a text that ``carrier`` sends."""
        return self.settle_on_of.get(carrier, self.settle_on)


def _senders(settings: Settings) -> tuple[str, ...]:
    """All that texts of the shop may come from, by any carrier."""
    sms = settings.sms
    own = (each.senders for each in sms.carriers if isinstance(each, SmsCarrierSettings))
    return tuple(dict.fromkeys((*sms.senders, *(each for senders in own for each in senders))))


@dataclass(frozen=True, slots=True)
class ReceivingPolicy:
    """How numbers are acquired and texts received. ``senders`` are the numbers that we send texts
    from: what comes to them is no code, but may be a STOP."""

    number_within_ms: int
    cancel_after_ms: int
    rental_trial_ms: int
    other_numbers: int
    senders: tuple[str, ...]
    keyring: Keyring

    @classmethod
    def of(cls, settings: Settings, keyring: Keyring) -> ReceivingPolicy:
        orders = settings.orders
        return cls(
            number_within_ms=orders.number_within_s * 1000,
            cancel_after_ms=orders.cancel_after_s * 1000,
            rental_trial_ms=orders.rental_trial_s * 1000,
            other_numbers=orders.other_numbers,
            senders=_senders(settings),
            keyring=keyring,
        )

    def hashes_of(self, number: str) -> tuple[str, ...]:
        """A number as the store keeps it: the current hash first, then those under former keys."""
        return hashes_of(self.keyring, number)


@dataclass(frozen=True, slots=True)
class PayoutPolicy:
    """What is paid out, and which routing fees the shop bears. ``referral_percent``: the referrer's
    share of a price; ``min_referral_msat``: the least that is paid to a referrer at once;
    ``referral_fee_msat`` and ``refund_fee_msat``: what the shop bears of one payment's fee;
    ``fee_budgets``: of all in a day."""

    referral_percent: int
    min_referral_msat: int
    referral_fee_msat: int
    refund_fee_msat: int
    fee_budgets: FeeBudgets

    @classmethod
    def of(cls, settings: Settings) -> PayoutPolicy:
        referral = settings.referral
        return cls(
            referral_percent=referral.percent,
            min_referral_msat=msat(referral.min_payout_sats),
            referral_fee_msat=msat(referral.max_fee_sats),
            refund_fee_msat=msat(settings.refund.max_fee_sats),
            fee_budgets=FeeBudgets(
                shop_msat=msat(settings.payouts.fee_budget_sats),
                client_msat=msat(settings.payouts.client_fee_budget_sats),
            ),
        )

    def max_refund_fee_msat(self, amount_msat: int) -> int:
        """The most that the shop bears of the routing fee of a refund of ``amount_msat``."""
        return max(self.refund_fee_msat, amount_msat // 100)


@dataclass(frozen=True, slots=True)
class WithdrawalPolicy:
    """How unused balances are withdrawn. ``within_ms``: how long one waits for an invoice."""

    is_open: bool
    min_msat: int
    fee_msat: int
    within_ms: int

    @classmethod
    def of(cls, settings: Settings) -> WithdrawalPolicy:
        accounts = settings.accounts
        return cls(
            is_open=accounts.withdrawals,
            min_msat=msat(accounts.min_withdrawal_sats),
            fee_msat=msat(accounts.withdrawal_fee_sats),
            within_ms=accounts.withdraw_within_s * 1000,
        )

    def max_fee_msat(self, amount_msat: int) -> int:
        """The most that a withdrawal of ``amount_msat`` may cost in routing fees: whole sats."""
        return max(self.fee_msat, msat(sats_down(amount_msat // 100)))

    def most_msat(self, available_msat: int) -> int:
        """The most whole sats of a balance that can be withdrawn beside their fee; 0 for none."""
        most = min(available_msat - self.fee_msat, available_msat * 100 // 101)
        return max(0, msat(sats_down(most)))


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long texts, the history of orders, and unpaid orders are kept, in ms."""

    texts_ms: int
    history_ms: int
    unpaid_ms: int

    @classmethod
    def of(cls, settings: Settings) -> RetentionPolicy:
        orders = settings.orders
        return cls(
            texts_ms=settings.keep_texts_days * _DAY_MS,
            history_ms=orders.history_days * _DAY_MS,
            unpaid_ms=orders.keep_unpaid_days * _DAY_MS,
        )


@dataclass(frozen=True, slots=True)
class Policies:
    """All of a shop's."""

    deadlines: DeadlinePolicy
    limits: LimitPolicy
    holds: HoldPolicy
    calls: CallPolicy
    messages: MessagePolicy
    receiving: ReceivingPolicy
    payouts: PayoutPolicy
    withdrawals: WithdrawalPolicy
    retention: RetentionPolicy
    exchange: Exchange

    @classmethod
    def of(cls, settings: Settings, keyring: Keyring) -> Policies:
        deadlines, limits = DeadlinePolicy.of(settings), LimitPolicy.of(settings, keyring)
        return cls(
            deadlines=deadlines,
            limits=limits,
            holds=HoldPolicy(deadlines, limits),
            calls=CallPolicy.of(settings),
            messages=MessagePolicy.of(settings),
            receiving=ReceivingPolicy.of(settings, keyring),
            payouts=PayoutPolicy.of(settings),
            withdrawals=WithdrawalPolicy.of(settings),
            retention=RetentionPolicy.of(settings),
            exchange=Exchange(settings.costs.sats_per),
        )
