"""The options of orders: how long they wait, what they cost, keys, referrers, webhooks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ringbolt.settings.section import Section


class OrderSettings(Section):
    invoice_expiry_s: int = Field(
        900, ge=60, le=86_400, description="How long an order's invoice can be paid, seconds."
    )
    cltv_blocks: int = Field(
        80, ge=40, le=500, description="Blocks for which an order's payment may be held."
    )
    rental_cltv_blocks: int = Field(
        144, ge=40, le=1000, description="Blocks for which a rental's payment may be held."
    )
    cancel_after_s: int = Field(
        120,
        ge=0,
        le=86_400,
        description="A number that got no code can be cancelled after so many seconds.",
    )
    code_within_s: int = Field(
        1260,
        ge=120,
        le=7200,
        description="An activation without a code is cancelled so many seconds after payment.",
    )
    number_within_s: int = Field(
        60, ge=5, le=3600, description="How long to look for a free number after payment, seconds."
    )
    rental_trial_s: int = Field(
        1200,
        ge=120,
        le=86_400,
        description="A rental is paid for at its first text, or after so many seconds.",
    )
    max_rental_hours: int = Field(168, ge=1, le=1344, description="The longest rental, hours.")
    other_numbers: int = Field(
        5, ge=0, description="How often another number may be tried in one order, at no charge."
    )
    receipt_within_s: int = Field(
        600,
        ge=30,
        le=604_800,
        description="A text of which the carrier reports no outcome within so many seconds is "
        "given up, and the money is returned.",
    )
    keep_unpaid_days: int = Field(
        7,
        ge=1,
        le=3650,
        description="Days after which an order that was never paid is deleted.",
    )
    history_days: int = Field(
        30, ge=1, le=3650, description="Days for which webhooks and idempotency keys are kept."
    )


class CompatSettings(Section):
    code_type: Literal["auto", "string", "number"] = Field(
        "auto",
        description="How orderstatus writes a code. auto: a number where that loses nothing.",
    )
    errors_as_500: bool = Field(
        False, description="Answer every error of the orders API with HTTP 500, as sms4sats does."
    )


class PriceSettings(Section):
    receive: int = Field(3000, ge=1, description="An activation code, sats.")
    send: int = Field(1000, ge=1, description="A segment of a text, or an e-mail, sats.")
    rent: int = Field(15_000, ge=1, description="A number for each started 4 hours, sats.")
    s4s: int = Field(5000, ge=1, description="A code on a number of the operator's own, sats.")
    speech: int = Field(
        50, ge=1, description="500 characters of a text that is spoken into a file, sats."
    )
    table: str = Field(
        "", description="A CSV with prices by kind, country and service. Empty: as above."
    )


class KeySettings(Section):
    self_service: bool = Field(
        False,
        description="Whether an unknown X-API-Key makes an account at its first /fund. Off: 401.",
    )


class AccountSettings(Section):
    self_service: bool = Field(
        True,
        description="Whether anybody may make an account on /account. It is stored with its first "
        "top-up.",
    )
    withdrawals: bool = Field(
        True, description="Whether the unused balance of an account can be withdrawn."
    )
    min_withdrawal_sats: int = Field(100, ge=1, description="The least that is withdrawn, sats.")
    withdrawal_fee_sats: int = Field(
        3,
        ge=0,
        description="The most that a withdrawal may cost in routing fees, sats; 1 percent of it if "
        "that is more. The account bears them.",
    )
    withdraw_within_s: int = Field(
        900,
        ge=60,
        le=86_400,
        description="A withdrawal that no wallet takes, or whose Lightning Address does not "
        "answer, ends after so many seconds: the money is on the balance again.",
    )


class ReferralSettings(Section):
    percent: int = Field(10, ge=0, le=50, description="The referrer's share of a settled order, %.")
    min_payout_sats: int = Field(10, ge=1, description="Paid out from so many sats on.")
    max_fee_sats: int = Field(
        3,
        ge=0,
        description="The most that a payout may cost in routing fees, sats. The shop bears them as "
        "far as [payouts] allows, the payout what is beyond.",
    )


class WebhookSettings(Section):
    timeout_s: float = Field(
        15.0, gt=0, le=30, description="How long a receiver may take, seconds."
    )
    allow_http: bool = Field(True, description="Whether webhooks may go over plain http.")
    per_host: int = Field(
        4,
        ge=1,
        description="Webhooks sent to one receiver (host, port and path) at the same time; to one "
        "host 8 times as many, and half of worker.webhook_slots at most.",
    )
