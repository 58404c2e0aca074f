"""The options of the voice API: calls on a prepaid balance that ask for key presses."""

from __future__ import annotations

from pydantic import Field

from ringbolt.settings.section import Section


class VoiceSettings(Section):
    token_minutes: int = Field(
        60, ge=1, le=43_200, description="How long a token of /auth/v1/tokens is good, minutes."
    )
    max_minutes: int = Field(
        5, ge=1, le=30, description="The longest call, and what is held for one at most, minutes."
    )
    max_chars: int = Field(1500, ge=1, le=10_000, description="The longest text, characters.")
    calls_per_second: int = Field(
        5, ge=1, description="Calls begun per second and account; more wait."
    )
    calls_at_once: int = Field(
        50, ge=1, description="Calls up at the same time per account; more wait."
    )
    calls_per_minute: int = Field(
        600, ge=1, description="Requests for calls per minute and account; more are refused."
    )
    waiting_calls: int = Field(
        1000, ge=1, description="Calls of one account that may wait for their turn."
    )
    wait_s: int = Field(
        900, ge=10, le=86_400, description="How long a call may wait for its turn, seconds."
    )
    recordings: bool = Field(
        False, description="Whether calls may be recorded. Ask a lawyer before you turn it on."
    )
    recording_days: int = Field(7, ge=1, le=3650, description="Days for which recordings are kept.")
