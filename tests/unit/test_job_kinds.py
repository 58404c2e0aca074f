"""Names, lanes and prefixes stand in the databases of running shops: a migration moves them."""

from __future__ import annotations

import pytest

from ringbolt.app.jobs import KINDS, SEND_WEBHOOK, Backoff, JobKind
from ringbolt.app.webhooks import notify
from ringbolt.worker.handlers import handlers

STORED = {
    "dispatch_call": ("dispatch", "dispatch:"),
    "check_call": ("dispatch", "check:"),
    "hang_up_call": ("dispatch", "hang_up:"),
    "hang_up_attempt": ("dispatch", "hang_up_attempt:"),
    "fetch_recordings": ("webhook", "recordings:"),
    "dispatch_message": ("dispatch", "dispatch:"),
    "message_deadline": ("dispatch", "receipt:"),
    "dispatch_reception": ("dispatch", "dispatch:"),
    "end_reception": ("dispatch", "end:"),
    "give_back": ("dispatch", "give_back:"),
    "match_texts": ("dispatch", "match_texts"),
    "dispatch_speech": ("dispatch", "dispatch:"),
    "close_hold": ("money", "close_hold:"),
    "look_after_holds": ("money", "look_after_holds"),
    "pay_refund": ("payout", "refund:"),
    "pay_referral": ("payout", "payout:"),
    "withdraw": ("payout", "withdrawal:"),
    "send_webhook": ("webhook", "webhook:"),
    "book_costs": ("webhook", "book_costs"),
    "sweep": ("webhook", "sweep"),
}


def test_jobs_are_stored_as_they_always_were() -> None:
    assert {kind.name: (kind.lane, kind.prefix) for kind in KINDS} == STORED


def test_each_kind_has_a_handler_of_its_own() -> None:
    assert handlers().keys() == STORED.keys()
    assert len({handler.run for handler in handlers().values()}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_only_kinds_that_dispatch_share_a_prefix(kind: JobKind) -> None:
    sharing = [other.name for other in KINDS if other.prefix == kind.prefix]
    assert len(sharing) == 1 or all(name.startswith("dispatch_") for name in sharing)


def test_a_topic_is_known_from_the_name_of_its_job() -> None:
    for topic in ("", "status", "digits"):
        key = SEND_WEBHOOK.key(notify.subject_of("an-order", topic))
        assert notify.topic_of("an-order", key) == topic


def test_a_backoff_doubles_until_it_is_long_enough() -> None:
    backoff = Backoff(2000, 15_000)
    assert [backoff.delay_ms(tries) for tries in range(5)] == [2000, 4000, 8000, 15_000, 15_000]
    assert backoff.delay_ms(10_000) == 15_000
