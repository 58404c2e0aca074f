"""The options of the processes themselves: workers and logs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ringbolt.settings.section import Section


class WorkerSettings(Section):
    dispatch_slots: int = Field(64, ge=1, description="Dispatch jobs run at the same time.")
    money_slots: int = Field(16, ge=1, description="Money jobs run at the same time.")
    payout_slots: int = Field(
        16, ge=1, description="Payments to buyers and referrers sent or looked up at the same time."
    )
    webhook_slots: int = Field(64, ge=1, description="Webhooks sent at the same time.")
    lease_s: int = Field(
        15,
        ge=3,
        le=3600,
        description="After so many seconds without a sign of life a "
        "worker's job is taken over by another.",
    )


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level.")
    format: Literal["auto", "json", "text"] = Field(
        "auto", description="auto: text on a terminal, JSON otherwise."
    )
