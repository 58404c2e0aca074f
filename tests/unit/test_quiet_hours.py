"""Hours without calls and texts, by the clock of the called person."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ringbolt.app.limits.quiet_times import check_quiet_hours, zones_of
from ringbolt.app.policies import LimitPolicy
from ringbolt.core.errors import RateLimited
from ringbolt.core.keys import Keyring
from ringbolt.core.quiet_hours import of_country, parse_quiet_hours, quiet_until_ms
from ringbolt.settings import Settings, SettingsError, load_settings

NIGHT = parse_quiet_hours("21:00-08:00")
KEYRING = Keyring([bytes(32)])
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-21T19:59:59", None),
        ("2026-11-21T20:00:00", "2026-11-22T07:00:00"),
        ("2026-11-22T02:30:00", "2026-11-22T07:00:00"),
        ("2026-11-22T06:59:00", "2026-11-22T07:00:00"),
        ("2026-11-22T07:00:00", None),
        # The clocks are put back at 01:00 UTC of the 25th of October.
        ("2026-10-24T22:00:00", "2026-10-25T07:00:00"),
        ("2026-03-28T22:00:00", "2026-03-29T06:00:00"),
    ],
)
def test_a_night_ends_by_the_clock_over_there(now: str, until: str | None) -> None:
    assert quiet_until_ms(NIGHT, [BERLIN], ms(now)) == (None if until is None else ms(until))


def test_hours_of_one_day_are_quiet_then_only() -> None:
    noon = parse_quiet_hours("12:00-14:30")

    assert quiet_until_ms(noon, [UTC], ms("2026-11-21T12:00:00")) == ms("2026-11-21T14:30:00")
    assert quiet_until_ms(noon, [UTC], ms("2026-11-21T23:00:00")) is None


def test_where_the_zone_is_not_known_it_must_be_day_in_all_of_them() -> None:
    zones = [BERLIN, NEW_YORK]

    assert quiet_until_ms(NIGHT, zones, ms("2026-11-21T09:00:00")) == ms("2026-11-21T13:00:00")
    assert quiet_until_ms(NIGHT, zones, ms("2026-11-21T15:00:00")) is None


def test_a_country_s_own_hours_count_before_those_of_all() -> None:
    hours = [NIGHT, parse_quiet_hours("US 20:00-09:00"), parse_quiet_hours("FR 00:00-00:00")]

    assert of_country(hours, "US") == hours[1]
    assert of_country(hours, "DE") == NIGHT
    assert of_country(hours[1:], "DE") is None
    assert quiet_until_ms(hours[2], [BERLIN], ms("2026-11-21T02:00:00")) is None


@pytest.mark.parametrize("wrong", ["21-8", "25:00-08:00", "us 21:00-08:00", "21:00", ""])
def test_what_is_no_time_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="21:00-08:00"):
        parse_quiet_hours(wrong)


def test_a_wrong_setting_is_reported_with_its_name() -> None:
    with pytest.raises(SettingsError, match="RINGBOLT_ABUSE_QUIET_HOURS"):
        load_settings(abuse={"quiet_hours": "at night"})


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+12025550123", "America/New_York"),
        ("+13105550123", "America/Los_Angeles"),
        ("+4915112345678", "Europe/Berlin"),
    ],
)
def test_a_number_has_the_zone_of_its_area(number: str, zone: str) -> None:
    assert zones_of(number) == (ZoneInfo(zone),)


def test_a_refusal_says_when_it_may_be_sent() -> None:
    limits = LimitPolicy.of(Settings(abuse={"quiet_hours": "US 21:00-08:00"}), KEYRING)
    with pytest.raises(RateLimited, match="between 21:00 and 08:00") as refused:
        check_quiet_hours(limits, "+12025550123", ms("2026-11-22T03:30:00"))

    assert refused.value.code == "QUIET_HOURS"
    assert refused.value.retry_after_s == 9.5 * 3600
    assert "in 9 hours 30 minutes" in refused.value.suggestion
    check_quiet_hours(limits, "+4915112345678", ms("2026-11-22T03:30:00"))
    check_quiet_hours(
        LimitPolicy.of(Settings(), KEYRING), "+12025550123", ms("2026-11-22T03:30:00")
    )
