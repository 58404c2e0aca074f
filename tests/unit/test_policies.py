"""What the use cases live by, as it follows from the settings."""

from __future__ import annotations

import pytest

from ringbolt.app.jobs import DISPATCH
from ringbolt.app.policies import CallPolicy, DeadlinePolicy, Policies, ReceivingPolicy
from ringbolt.core.keys import Keyring, hash_of
from ringbolt.core.order import Fulfilment, OrderKind
from ringbolt.settings import Settings
from ringbolt.settings.orders import OrderSettings
from ringbolt.settings.voice import VoiceSettings

OLD, NEW = b"a former secret of thirty bytes", b"the secret of thirty-two bytes.."


@pytest.mark.parametrize(
    ("kind", "within_s"),
    [
        (OrderKind.CALL, 11),
        (OrderKind.SMS, 60),
        (OrderKind.EMAIL, 60),
        (OrderKind.ACTIVATION, 600),
        (OrderKind.RENTAL, 600),
    ],
)
def test_an_order_is_given_up_by_how_it_comes_about(kind: OrderKind, within_s: int) -> None:
    settings = Settings(
        voice=VoiceSettings(wait_s=11), orders=OrderSettings(receipt_within_s=60, code_within_s=600)
    )
    assert DeadlinePolicy.of(settings).deadline_ms(kind, 5_000) == 5_000 + within_s * 1000


def test_whatever_is_not_only_paid_for_has_a_job_that_dispatches_it() -> None:
    assert DISPATCH.keys() == set(Fulfilment) - {Fulfilment.CREDIT}


def test_without_limits_any_number_of_calls_may_be_up() -> None:
    assert CallPolicy.of(Settings(limits="off")).lines == 0
    assert CallPolicy.of(Settings(limits="on")).lines == Settings().calls.max_concurrent


def test_a_number_is_known_under_former_secrets_too() -> None:
    policy = ReceivingPolicy.of(Settings(), Keyring([NEW, OLD]))
    assert policy.hashes_of("+12025550123") == (
        hash_of(NEW, "+12025550123"),
        hash_of(OLD, "+12025550123"),
    )


def test_a_held_payment_goes_by_the_shops_deadlines_and_limits() -> None:
    policies = Policies.of(Settings(limits="on"), Keyring([NEW]))
    assert policies.holds.deadlines is policies.deadlines
    assert policies.holds.limits is policies.limits
    assert policies.limits.hash_of("x") == hash_of(NEW, "x")
