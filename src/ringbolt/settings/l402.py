"""The options of what is paid per request, and of refunds."""

from __future__ import annotations

from pydantic import Field, model_validator

from ringbolt.settings.section import Section


class L402Settings(Section):
    invoice_expiry_s: int = Field(
        600, ge=60, le=3600, description="How long an invoice can be paid, seconds."
    )
    redeem_s: int = Field(
        86_400,
        ge=600,
        le=31_536_000,
        description="How long a paid credential can be used, seconds.",
    )
    replay_window_s: int = Field(
        120,
        ge=0,
        le=86_400,
        description="For how long the same paid request gets its stored answer again, seconds.",
    )
    challenges_per_minute: int = Field(
        120, ge=1, description="Challenges (402) per minute and client address."
    )

    @model_validator(mode="after")
    def _can_be_used(self) -> L402Settings:
        if self.redeem_s < self.invoice_expiry_s:
            raise ValueError("redeem_s must not be less than invoice_expiry_s")
        return self


class RefundSettings(Section):
    max_fee_sats: int = Field(
        3,
        ge=0,
        description="The most that the shop bears of one refund's routing fee, sats; 1 percent of "
        "the refund if that is more. What is beyond, or beyond [payouts], the refund bears.",
    )


class PayoutSettings(Section):
    fee_budget_sats: int = Field(
        100,
        ge=0,
        description="Routing fees of refunds and referrers' shares that the shop bears per day "
        "(UTC), sats.",
    )
    client_fee_budget_sats: int = Field(
        10, ge=0, description="The same for one buyer's address, or one referrer, sats."
    )
